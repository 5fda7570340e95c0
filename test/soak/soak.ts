/**
 * A soak: studies, workers, streams and clients come and go at full load while the
 * server's memory, files and timers are looked at; all must return to their level
 * when everybody has gone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { owner } from '../rpc/study-requests.js';
import { TestClient } from '../test-client.js';
import { ProbedServer, type Sample } from './probed-server.js';
import { live, type LifeOptions } from './soak-life.js';
import { SoakWorld } from './soak-world.js';
import { slope } from './trend.js';
import { neverRead } from './unread-streams.js';

const MiB = 2 ** 20;

/** What the server may grow by under steady load, per minute over the second half. */
export const boundsPerMinute = { heap: MiB, external: MiB } as const;

export interface SoakOptions extends LifeOptions {
  /** Studies at a time. */
  readonly studies: number;
  readonly seed: number;
  /** Called with each sample, every so many milliseconds. */
  readonly everyMs: number;
  readonly tell: (sample: Sample, minutes: number, world: SoakWorld) => void;
  /** Whether to go on, asked whenever a study has come to its end. */
  readonly goesOn: (lives: number) => boolean;
}

export interface SoakResult {
  readonly before: Sample;
  readonly after: Sample;
  /** Growth per minute over the second half of the samples. */
  readonly perMinute: Readonly<Record<'heap' | 'external' | 'rss' | 'disk', number>>;
  readonly world: SoakWorld;
  /** What the server said that it should not have to say. */
  readonly said: readonly string[];
  readonly exitCode: number | null;
}

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const server = await ProbedServer.start();
  try {
    const world = new SoakWorld(server.address, options.seed);
    await answers(server.address);
    const before = await server.sample();
    const samples: { minutes: number; sample: Sample }[] = [];
    const start = Date.now();
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        const sample = await server.sample();
        const minutes = (Date.now() - start) / 60_000;
        samples.push({ minutes, sample });
        options.tell(sample, minutes, world);
        await sleep(options.everyMs);
      }
    })();
    await load(world, options);
    isOver = true;
    await watching;
    const after = await settled(server, before);
    const said = server.process.log.filter(({ level }) => level === 'error' || level === 'fatal');
    const exitCode = await server.stop();
    return {
      ...{ before, after, world, exitCode },
      perMinute: growth(samples),
      said: [...said.map((line) => JSON.stringify(line)), ...world.faults, server.process.errors()].filter(
        (text) => text !== '',
      ),
    };
  } finally {
    await server.remove();
  }
}

async function load(world: SoakWorld, options: SoakOptions): Promise<void> {
  let lives = 0;
  const unread = neverRead(world);
  const lane = async () => {
    while (options.goesOn(lives)) await live(world, `soak-${lives++}`, options);
  };
  await Promise.all(Array.from({ length: options.studies }, lane));
  world.ending = true;
  await unread;
}

/** A client that comes, is answered, and goes: what that costs once is no growth. */
async function answers(address: string): Promise<void> {
  const client = new TestClient(address);
  try {
    await client.listStudies({ parent: owner });
  } finally {
    client.close();
  }
}

/** Waits until connections and timers are at their old level, and the heap near it; after a minute it is as it is. */
async function settled(server: ProbedServer, before: Sample): Promise<Sample> {
  await answers(server.address);
  for (const until = Date.now() + 60_000; ; await sleep(500)) {
    const after = await server.sample();
    if (after.sockets <= before.sockets && after.timers <= before.timers) return after;
    if (Date.now() > until) return after;
  }
}

function growth(samples: readonly { minutes: number; sample: Sample }[]): SoakResult['perMinute'] {
  const half = samples.slice(Math.floor(samples.length / 2));
  const of = (what: 'heap' | 'external' | 'rss' | 'disk') =>
    slope(half.map(({ minutes, sample }) => ({ x: minutes, y: sample[what] })));
  return { heap: of('heap'), external: of('external'), rss: of('rss'), disk: of('disk') };
}

/** What of a result is not as it must be, whatever the machine's speed. */
export function leaks({ before, after, said, exitCode }: SoakResult): string[] {
  const faults = [...said];
  if (exitCode !== 0) faults.push(`the server ended with ${exitCode}`);
  for (const what of ['sockets', 'timers', 'resources'] as const)
    if (after[what] > before[what]) faults.push(`${what}: ${before[what]} before, ${after[what]} afterwards`);
  return faults;
}
