/** The life of one study under load: made, worked on, watched, listed, waited for, deleted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { owner, scheduler, specOf } from '../rpc/study-requests.js';
import type { TestClient } from '../test-client.js';
import type { SoakWorld } from './soak-world.js';
import { work } from './soak-worker.js';

const schedulers = [
  scheduler({ $case: 'asha', value: { eta: 3 } }),
  scheduler({ $case: 'ashaStopping', value: { eta: 3 } }),
  scheduler({ $case: 'hyperband', value: { eta: 3 } }),
  scheduler({ $case: 'successiveHalving', value: { eta: 3, trials: 27 } }),
  scheduler({ $case: 'single', value: {} }),
];

export interface LifeOptions {
  readonly workers: number;
  readonly maxTrials: number;
}

export async function live(world: SoakWorld, id: string, options: LifeOptions): Promise<void> {
  const client = world.connect();
  const name = `${owner}/studies/${id}`;
  try {
    const spec = specOf({
      scheduler: schedulers[world.below(schedulers.length)]!,
      limits: { maxTrials: options.maxTrials, maxParallelTrials: 8 },
      leaseDuration: { seconds: 1, nanos: 0 },
    });
    await world.try(client.createStudy({ parent: owner, studyId: id, study: { spec } }));
    world.count('studies');
    let isOver = false;
    const end = () => isOver || world.ending;
    const readers = [watch(world, client, name, end), list(world, client, name, end), wait(world, name, end)];
    const workers = Array.from({ length: options.workers }, async (_, i) => {
      for (let shift = 0; !end(); shift++)
        if ((await work(world, name, `w${i}-${shift}`)) === 'completed') break;
    });
    await Promise.all(workers);
    isOver = true;
    await world.try(client.deleteStudy({ name }));
    await Promise.all(readers);
  } finally {
    client.close();
  }
}

/** Watchers that come and go; the last is ended by the study's deletion. */
async function watch(world: SoakWorld, client: TestClient, name: string, end: () => boolean): Promise<void> {
  let after = 0;
  while (!end()) {
    const { responses, stop } = client.watch({ name, afterSequence: after });
    world.count('watchers');
    let left = 20 + world.below(200);
    try {
      for await (const { sequence } of responses) {
        after = sequence;
        if (--left === 0) break;
      }
    } catch {
      // The study is gone.
      return;
    } finally {
      stop();
    }
  }
}

async function list(world: SoakWorld, client: TestClient, name: string, end: () => boolean): Promise<void> {
  while (!end()) {
    let pageToken = '';
    do {
      const page = await world.try(client.listTrials({ parent: name, pageSize: 10, pageToken }));
      pageToken = page?.nextPageToken ?? '';
      const trial = page?.trials[0]?.name;
      if (trial !== undefined) await world.try(client.listMeasurements({ parent: trial }));
    } while (pageToken !== '');
    await world.try(client.listOptimalTrials({ parent: name }));
    await world.try(client.listStudies({ parent: owner }));
    await world.try(
      client.updateMetadata({
        name,
        updates: [{ metadata: { key: `k${world.below(5)}`, value: { $case: 'text', value: 'v' } } }],
      }),
    );
    await sleep(50);
  }
}

/** Askers who leave while they wait. */
async function wait(world: SoakWorld, name: string, end: () => boolean): Promise<void> {
  while (!end()) {
    const client = world.connect();
    // Connected first: a channel of grpc-js that is closed while it connects leaves its connection open.
    await world.try(client.listTrials({ parent: name, pageSize: 1 }));
    const leaving = new AbortController();
    const asking = Array.from({ length: 10 }, (_, i) =>
      world.try(
        client.suggestTrials(
          { parent: name, clientId: `waiter${i}`, recover: false },
          { signal: leaving.signal },
        ),
      ),
    );
    await sleep(100 + world.below(900));
    leaving.abort();
    await Promise.all(asking);
    client.close();
    world.count('waves of waiters');
  }
}
