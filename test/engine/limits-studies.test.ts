/** How many studies there may be: counted once, and right ever after. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WazirError } from '../../server/domain/errors.js';
import { keys } from '../../server/store/keys.js';
import { breakDisk } from './broken-disk.js';
import { EngineWorld } from './engine-world.js';

const full = { reason: 'LIMIT_EXCEEDED' };
const ownerFull = { ...full, metadata: { limit: 'max-studies-per-owner', max: '3' } };
const serverFull = { ...full, metadata: { limit: 'max-studies', max: '5' } };
const limits = { maxStudies: 5, maxStudiesPerOwner: 3 };

/** Creates studies of an owner until one is refused. */
async function fill(world: EngineWorld, owner: string, expected: object): Promise<number> {
  for (let made = 0; ; made++)
    try {
      await world.create({}, `${owner}-${made}-${Math.random()}`, owner);
    } catch (error) {
      for (const [field, value] of Object.entries(expected))
        assert.deepEqual((error as Record<string, unknown>)[field], value);
      return made;
    }
}

async function countKeys(world: EngineWorld): Promise<number> {
  let count = 0;
  for await (const _ of world.store.iterate({ gte: 'a' })) count++;
  return count;
}

/** How often all names have been gone through since. */
function countScans(world: EngineWorld): () => number {
  const iterate = world.store.iterate.bind(world.store);
  let scans = 0;
  world.store.iterate = (range) => {
    if (range.gt === keys.names().gt) scans++;
    return iterate(range);
  };
  return () => scans;
}

test('each owner has its part, and all together the whole', async (t) => {
  const world = await EngineWorld.open(t, limits);
  assert.equal(await fill(world, 'a', { ...ownerFull, resource: 'owners/a' }), 3);
  assert.equal(await fill(world, 'b', { ...serverFull, resource: 'server' }), 2);
  // An owner who is over its own limit hears of that one.
  assert.equal(await fill(world, 'a', ownerFull), 0);
});

test('a refused study leaves nothing behind, also no request id', async (t) => {
  const world = await EngineWorld.open(t, { maxStudies: 1 });
  const only = await world.create();
  const before = await countKeys(world);
  await assert.rejects(world.create(), full);
  assert.equal(await countKeys(world), before);
  await world.delete(only);
  await world.create();
});

test('deletion makes room, once for each study', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const [first] = [await world.create(), await world.create(), await world.create()];
  await world.delete(first);
  await assert.rejects(world.delete(first), { reason: 'STUDY_NOT_FOUND' });
  assert.equal(await fill(world, 'test', ownerFull), 1);
});

test('a deletion that comes before anything was counted is counted right', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const [first, second] = [await world.create(), await world.create(), await world.create()];
  await world.restart();
  const made = (await Promise.all([world.delete(first), world.delete(second), fill(world, 'test', {})]))[2];
  const rest = await fill(world, 'test', ownerFull);
  // How many fit at once depends on who was first; in the end there are three.
  assert.equal(made + rest, 2);
  await world.restart();
  assert.equal(await fill(world, 'test', ownerFull), 0);
});

test('of many at once just as many are made as fit; a name that exists takes no room', async (t) => {
  const world = await EngineWorld.open(t, limits);
  await world.create({}, 'taken');
  await assert.rejects(world.create({}, 'taken'), { reason: 'STUDY_EXISTS' });
  const tries = Array.from({ length: 20 }, () =>
    world.create().then(
      () => 1,
      () => 0,
    ),
  );
  const made = (await Promise.all(tries)).reduce<number>((sum, one) => sum + one, 0);
  assert.equal(made, 2);
  // Under one name only one of them is made, and the others take no room.
  const same = await EngineWorld.open(t, limits);
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => same.create({}, 'one')));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(await fill(same, 'test', ownerFull), 2);
});

test('a restart counts what is there, also where a limit is lower now', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const [first] = [await world.create(), await world.create(), await world.create()];
  await world.restart();
  assert.equal(await fill(world, 'test', ownerFull), 0);
  world.limits = { ...world.limits, maxStudiesPerOwner: 2 };
  await world.restart();
  await world.delete(first);
  assert.equal(await fill(world, 'test', { metadata: { limit: 'max-studies-per-owner', max: '2' } }), 0);
});

test('after a failed commit, whose outcome is unknown, they are counted anew', async (t) => {
  const world = await EngineWorld.open(t, limits);
  const first = await world.create();
  const mend = breakDisk(t, world);
  await assert.rejects(world.create(), { reason: 'COMMIT_OUTCOME_UNKNOWN' });
  await assert.rejects(world.create(), { reason: 'STORE_UNAVAILABLE' });
  await mend();
  const scans = countScans(world);
  await world.delete(first);
  assert.equal(scans(), 1);
  const names: string[] = [];
  for await (const [key] of world.store.iterate(keys.names())) names.push(key);
  assert.equal(await fill(world, 'test', ownerFull), 3 - names.length);
});

test('what the store refuses without effect takes no room', async (t) => {
  const world = await EngineWorld.open(t, limits);
  await world.create();
  const commit = world.store.commit.bind(world.store);
  world.store.commit = () => Promise.reject(new WazirError('LIMIT_EXCEEDED', 'the disk is nearly full'));
  for (let i = 0; i < 5; i++) await assert.rejects(world.create(), full);
  world.store.commit = commit;
  assert.equal(await fill(world, 'test', ownerFull), 2);
});

test('studies are counted once, not on each call', async (t) => {
  const world = await EngineWorld.open(t);
  for (let i = 0; i < 3; i++) await world.create();
  await world.restart();
  const scans = countScans(world);
  await Promise.all([world.create(), world.create(), world.create()]);
  await world.delete(await world.create());
  assert.equal(scans(), 1);
});
