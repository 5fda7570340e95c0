import { mkdirSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Longest part of a study's id in a path; the uid makes it one of a kind. */
const LONGEST_STUDY = 64;

/**
 * Where an attempt saves its state: `{directory}/{study}-{uid}/{trial}-{attempt}`,
 * absolute. Each attempt has a path of its own, so that one that was given up
 * can not spoil the checkpoint of the one that took its place.
 */
export function checkpointPath(
  directory: string,
  study: { readonly id: string; readonly uid: string },
  trial: number,
  attempt: number,
): string {
  const name = study.id.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, LONGEST_STUDY);
  return resolve(directory, `${name}-${study.uid}`, `${trial}-${attempt}`);
}

/** Makes the directory in which a checkpoint is to be written. */
export function makeRoom(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
}

/** Whether there is a file or directory of that path. */
export async function isSaved(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** The paths at which earlier attempts at the same trial have saved. */
export async function earlierCheckpoints(path: string): Promise<string[]> {
  const directory = dirname(path);
  const [trial, attempt] = basename(path).split('-').map(Number) as [number, number];
  const names = await readdir(directory).catch(() => []);
  const earlier = names.filter((name) => {
    const match = /^(\d+)-(\d+)$/.exec(name);
    return match !== null && Number(match[1]) === trial && Number(match[2]) < attempt;
  });
  return earlier.map((name) => join(directory, name));
}

/** Removes checkpoints; one that can not be removed is left. */
export async function removeCheckpoints(paths: readonly string[]): Promise<void> {
  await Promise.allSettled(paths.map((path) => rm(path, { recursive: true, force: true })));
}
