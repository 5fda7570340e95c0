/** One life of a server: it is compared with the ledger, loaded, and killed. */
import { TestClient } from '../test-client.js';
import type { CrashCheck } from './crash-check.js';
import type { Listing } from './listing.js';
import { LoadOperator } from './load-operator.js';
import { LoadWorker } from './load-worker.js';
import type { World } from './load-world.js';
import { Connection } from './methods.js';
import { Random } from './random.js';
import type { ServerProcess } from './server-process.js';

const workers = 8;
const operators = 2;
/** Where a study is large enough to be made anew. */
const tooManyTrials = 250;

/** Holds a running server to the ledger. */
export async function checkServer(
  server: ServerProcess,
  check: CrashCheck,
  random: Random,
): Promise<Listing> {
  const client = new TestClient(server.address);
  const connection = new Connection(server.address);
  try {
    return await check.check(client, connection, random);
  } finally {
    connection.close();
    client.close();
  }
}

/** Puts a server under load and kills it when it is time. */
export async function loadAndKill(
  server: ServerProcess,
  world: World,
  listing: Listing,
  random: Random,
  seed: number,
  until: Promise<unknown>,
): Promise<void> {
  for (const { study, watched } of listing.values()) {
    world.uids.set(study.name, study.uid);
    for (const id of watched.keys()) world.learn(study.uid, id);
  }
  const connections = [new Connection(server.address), new Connection(server.address)];
  const hands = (index: number) => ({
    world,
    connection: connections[index % connections.length]!,
    random: new Random(seed, world.life, index),
  });
  const looksAfter = Array.from({ length: operators }, (_, i) => new LoadOperator(hands(workers + i)));
  const running: Promise<void>[] = looksAfter.map((operator) => operator.run());
  for (const { study, watched } of listing.values())
    if (watched.size > tooManyTrials) running.push(looksAfter[0]!.replace(study.name));
  for (let index = 0; index < workers; index++) {
    // Some come back under their name and get their trials back, others were never seen before.
    const name = random.chance(0.5) ? `worker-${index}` : `worker-${index}-${world.life}`;
    const streamTo = index % 2 === 0 ? server.address : undefined;
    running.push(new LoadWorker(hands(index), name, streamTo).run());
  }
  await Promise.race([until, Promise.all(running)]);
  world.over = true;
  await server.kill();
  await Promise.all(running);
  for (const connection of connections) connection.close();
}
