/**
 * What of a directory a power cut leaves, told from a trace of the calls that
 * changed it.
 *
 * A file keeps the bytes that it had when its last completed sync began; of names
 * the two models differ. `journal`, as ext4 and XFS: any sync commits all changes
 * of names before it. `strict`, about as btrfs: a change of names lasts once its
 * directory is synced, and a sync of a new file keeps its own name.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { SystemCall } from './trace.js';
import { fileOf } from './trace.js';

export type NameModel = 'journal' | 'strict';

interface File {
  isDirectory: boolean;
  size: number;
  /** Bytes that outlast a power cut. */
  durable: number;
  /** Where it lay before the trace; undefined where it is new. */
  readonly before: string | undefined;
}

export class DurableState {
  readonly #names = new Map<string, File>();
  readonly #durableNames = new Map<string, File>();

  /** @param before a copy of the directory as it was before the trace, itself all durable */
  constructor(
    private readonly directory: string,
    before: string,
    private readonly model: NameModel,
  ) {
    this.#set(directory, { isDirectory: true, size: 0, durable: 0, before });
    this.#durableNames.set(directory, this.#names.get(directory)!);
    if (!existsSync(before)) return;
    for (const entry of readdirSync(before, { recursive: true, encoding: 'utf8' })) {
      const stats = statSync(join(before, entry));
      const file = {
        isDirectory: stats.isDirectory(),
        size: stats.size,
        durable: stats.size,
        before: join(before, entry),
      };
      this.#set(join(directory, entry), file);
      this.#durableNames.set(join(directory, entry), file);
    }
  }

  /** Takes in the calls of a trace, in the order in which they ended. */
  replay(calls: readonly SystemCall[]): void {
    const steps = calls
      .filter(({ result }) => result >= 0)
      .flatMap((call): [number, () => void][] => {
        if (!/^f(data)?sync$/.test(call.name)) return [[call.ended, () => this.#apply(call)]];
        // What it makes durable is what was there when it began, once it has ended.
        let commit = () => undefined as void;
        return [
          [call.began, () => (commit = this.#sync(fileOf(call)))],
          [call.ended + 0.5, () => commit()],
        ];
      });
    for (const [, step] of steps.sort(([a], [b]) => a - b)) step();
  }

  #apply(call: SystemCall): void {
    const { name, arguments: text, result } = call;
    const paths = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, path]) => path!);
    const file = this.#names.get(fileOf(call) ?? '');
    switch (name) {
      case 'openat':
        if (paths[0] !== undefined && text.includes('O_CREAT')) this.#create(paths[0], text);
        return;
      case 'write':
      case 'writev':
        if (file) file.size += result;
        return;
      case 'pwrite64':
      case 'ftruncate':
        if (file) throw new Error(`${name} of a file of the database is not modelled`);
        return;
      case 'rename':
      case 'renameat':
      case 'renameat2':
        this.#move(paths[0]!, paths[1]!);
        return;
      case 'link':
      case 'linkat':
        if (this.#names.has(paths[0]!)) this.#set(paths[1]!, this.#names.get(paths[0]!)!);
        return;
      case 'unlink':
      case 'unlinkat':
        this.#names.delete(paths[0]!);
        return;
      case 'mkdir':
      case 'mkdirat':
        this.#set(paths[0]!, { isDirectory: true, size: 0, durable: 0, before: undefined });
    }
  }

  #create(path: string, flags: string): void {
    const known = this.#names.get(path);
    if (!known) this.#set(path, { isDirectory: false, size: 0, durable: 0, before: undefined });
    else if (flags.includes('O_TRUNC')) {
      // A new file in the same place, whose old bytes may still be the durable ones.
      this.#set(path, { isDirectory: false, size: 0, durable: 0, before: undefined });
    }
  }

  #move(from: string, to: string): void {
    const file = this.#names.get(from);
    if (!file) return;
    this.#names.delete(from);
    this.#set(to, file);
  }

  /** @returns what makes durable what is there now */
  #sync(path: string | undefined): () => void {
    const file = this.#names.get(path ?? '');
    if (!file || path === undefined) return () => undefined;
    const { size } = file;
    const names = [...this.#names].filter(([name]) =>
      this.model === 'journal' ? true : file.isDirectory ? dirname(name) === path : name === path,
    );
    return () => {
      file.durable = Math.max(file.durable, size);
      const kept = new Map(names);
      for (const name of [...this.#durableNames.keys()])
        if (name !== this.directory && !kept.has(name) && this.#isCovered(name, path, file.isDirectory))
          this.#durableNames.delete(name);
      for (const [name, known] of names) this.#durableNames.set(name, known);
    };
  }

  /** Whether a sync also makes it last that a name is gone. */
  #isCovered(name: string, synced: string, isDirectory: boolean): boolean {
    return this.model === 'journal' || (isDirectory && dirname(name) === synced);
  }

  #set(path: string, file: File): void {
    if (path === this.directory || path.startsWith(`${this.directory}/`)) this.#names.set(path, file);
  }

  /**
   * Makes a directory of what lasts.
   * @param tail how much of the bytes of each file that were written and not synced is there too
   */
  async write(to: string, tail: (unsynced: number) => number): Promise<void> {
    await mkdir(to, { recursive: true });
    const isThere = (path: string): boolean =>
      path === this.directory || (this.#durableNames.has(path) && isThere(dirname(path)));
    for (const [path, file] of this.#durableNames) {
      if (!isThere(path)) continue;
      const target = join(to, relative(this.directory, path));
      if (file.isDirectory) await mkdir(target, { recursive: true });
      else {
        const bytes = await this.#bytesOf(file);
        // A file that was deleted since: that its name is gone lasts as well may be.
        if (!bytes) continue;
        await mkdir(dirname(target), { recursive: true });
        const kept = file.durable + tail(Math.max(0, file.size - file.durable));
        await writeFile(target, bytes.subarray(0, kept));
      }
    }
  }

  async #bytesOf(file: File): Promise<Buffer | undefined> {
    for (const [path, known] of this.#names) if (known === file) return readFile(path);
    if (file.before !== undefined) return readFile(file.before);
    return file.durable === 0 ? Buffer.alloc(0) : undefined;
  }
}

/** A copy of a directory, where there is one. */
export async function copyIfThere(from: string, to: string): Promise<void> {
  if (existsSync(from)) await cp(from, to, { recursive: true });
}
