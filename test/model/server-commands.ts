/** Time, restarts, reads while others write. */
import assert from 'node:assert/strict';
import { TrialEndReason, TrialState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import type { Study } from '../../server/gen/wazir/v1/study.js';
import { expectedOptimal } from './state-invariants.js';
import { hasEnded, readSnapshot, withoutLeaseTime } from './snapshot.js';
import { leaseMs } from './study-kinds.js';
import type { Hold, StudyModel } from './study-model.js';
import { learnMetadata, updateMetadata } from './user-calls.js';
import { clientCount, type World } from './world.js';

/** Time passes. 11, 21: leases whose time is up lapse, and no others. */
export async function advance(world: World, ms: number): Promise<void> {
  const studies = [...world.studies.values()];
  const runningBefore = studies.map((study) => running(study, world.now));
  await world.clock.advance(ms);
  for (const [i, study] of studies.entries()) {
    const still = running(study, world.now);
    const ended = [...runningBefore[i]!].filter(([id]) => !still.has(id));
    const before = study.snapshot;
    const after = await readSnapshot(world.client(0), study.name);
    const { maxAttempts } = before.study.spec!.limits!;
    for (const [id, hold] of ended) {
      const was = before.trials.get(id)!;
      const is = after.trials.get(id)!;
      if (hold.kind === 'saving') continue;
      if (was.state === TrialState.STOPPING) {
        assert.equal(is.state, TrialState.STOPPED, 'a stop that its worker never heard of');
        world.coverage.count('lease ended: stopping');
      } else if (was.expiries + 1 >= maxAttempts) {
        assert.deepEqual([is.state, is.endReason], [TrialState.FAILED, TrialEndReason.ABANDONED]);
        world.coverage.count('lease ended: abandoned');
      } else {
        assert.ok(is.state === TrialState.ACTIVE || is.state === TrialState.STOPPED);
        world.coverage.count('lease ended: lapsed');
      }
    }
    const lapsedTrials = new Set(ended.filter(([, { kind }]) => kind === 'lease').map(([id]) => id));
    const leased = [...still].filter(([, { kind }]) => kind === 'lease').map(([id]) => id);
    await world.check(study, after, { targets: lapsedTrials, running: new Set(leased) });
  }
}

function running(study: StudyModel, now: number): Map<number, Hold> {
  return new Map([...study.holds].filter(([, hold]) => study.isRunning(hold, now)));
}

/** The wall clock jumps: no lease ends by it, none lasts longer. */
export async function jump(world: World, ms: number): Promise<void> {
  world.clock.jump(ms);
  for (const study of world.studies.values())
    assert.deepEqual(await readSnapshot(world.client(0), study.name), study.snapshot, 'the clock jumped');
}

/** 17: pages, while others write between them. */
export async function readPages(
  world: World,
  study: StudyModel,
  size: number,
  descending: boolean,
  states: readonly TrialState[],
  write: () => Promise<void>,
): Promise<void> {
  const before = study.snapshot;
  const fits = (trial: Trial | undefined) => trial && (states.length === 0 || states.includes(trial.state));
  const seen: number[] = [];
  let pageToken = '';
  let pages = 0;
  do {
    const page = await world.client(1).listTrials({
      parent: study.name,
      pageSize: size,
      pageToken,
      states: [...states],
      orderBy: descending ? 'id desc' : '',
    });
    seen.push(...page.trials.map(({ id }) => id));
    for (const trial of page.trials) {
      assert.ok(fits(trial), `trial ${trial.id} is not in the states asked for`);
      assert.deepEqual(withoutLeaseTime(trial), study.snapshot.trials.get(trial.id));
    }
    pageToken = page.nextPageToken;
    if (pages++ === 0) await write();
    assert.ok(pages < 200, 'pages without end');
  } while (pageToken !== '');
  world.coverage.count(pages > 1 ? 'pages read while others wrote' : 'one page read');
  const ordered = seen.toSorted((a, b) => (descending ? b - a : a - b));
  assert.deepEqual(seen, ordered, 'order of the list');
  assert.equal(new Set(seen).size, seen.length, 'listed twice');
  for (const [id, trial] of before.trials)
    if (fits(trial) && fits(study.snapshot.trials.get(id)))
      assert.ok(seen.includes(id), `trial ${id} is missed`);
}

/** 19: from a number on comes every later change, the latest state of each record, in order. */
export async function watchFrom(world: World, study: StudyModel, pick: number): Promise<void> {
  const after = study.boundaries[pick % study.boundaries.length]!;
  const trials = new Map(study.trials.filter(({ sequence }) => sequence > after).map((it) => [it.id, it]));
  const buried = [...study.buriedAfter].filter(([, sequence]) => sequence >= after).map(([id]) => id);
  const expected = new Set([...trials.keys(), ...buried]);
  const { responses, stop } = world
    .client(2)
    .watch({ name: study.name, afterSequence: after, studyUid: study.uid });
  // A change of the study's own, after which all that was to come has come.
  const mark = `${world.nextNumber()}`;
  await updateMetadata(world, study, [{ trial: 0, key: 'mark', text: mark }], false);
  let last = after;
  const seen = new Set<number>();
  for await (const { sequence, record } of responses) {
    assert.ok(sequence > last, 'watch: sequence');
    last = sequence;
    if (record?.$case === 'study' && isMarked(record.value, mark)) break;
    if (record?.$case !== 'trial') continue;
    const { id } = record.value;
    assert.ok(!seen.has(id), `trial ${id} comes twice`);
    seen.add(id);
    assert.ok(expected.has(id), `trial ${id} has not changed since ${after}`);
    const is = trials.get(id);
    if (is) assert.deepEqual(withoutLeaseTime(record.value), is, 'watch: state');
    else assert.ok(record.value.deleted);
  }
  stop();
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [...expected].sort((a, b) => a - b),
    `watch from ${after}`,
  );
  world.coverage.count(after === 0 ? 'watched from the beginning' : 'watched from the middle');
}

function isMarked({ metadata }: Study, mark: string): boolean {
  return metadata.some(({ key, value }) => key === 'mark' && value?.value === mark);
}

/** 26: several clients merge at once, and nobody's key is lost. */
export async function mergeAtOnce(world: World, study: StudyModel, trial: number): Promise<void> {
  if (trial !== 0 && !study.snapshot.trials.has(trial))
    return updateMetadata(world, study, [{ trial, key: 'x', text: 'x' }], false);
  const writes = Array.from({ length: clientCount }, (_, i) => ({
    key: `k${i}`,
    text: `${world.nextNumber()}`,
  }));
  const call = () =>
    Promise.all(
      writes.map(({ key, text }, i) =>
        world.client(i).updateMetadata({
          name: study.name,
          updates: [{ trial, metadata: { namespace: 'model', key, value: { $case: 'text', value: text } } }],
        }),
      ),
    );
  await world.call(study, 'update metadata at once', call, undefined, { targets: [trial] }, () => {
    for (const { key, text } of writes) learnMetadata(study, trial, key, text);
  });
}

/** 27, 28 */
export async function readOptimal(world: World, study: StudyModel): Promise<void> {
  const { trials } = await world.client(1).listOptimalTrials({ parent: study.name });
  assert.deepEqual(
    trials.map(({ id }) => id),
    expectedOptimal(study),
    'optimal trials',
  );
  for (const trial of trials) assert.deepEqual(withoutLeaseTime(trial), study.snapshot.trials.get(trial.id));
  world.coverage.count(`optimal: ${trials.length === 0 ? 'none' : trials.length === 1 ? 'one' : 'several'}`);
}

/** Reads show what they showed: they change nothing. */
export async function readOnce(world: World, study: StudyModel): Promise<void> {
  for (const trial of study.trials) {
    const read = await world.client(2).getTrial({ name: trial.name });
    assert.deepEqual(withoutLeaseTime(read), trial);
    const expires = read.assignment?.leaseExpireTime;
    const hold = study.holds.get(trial.id);
    if (!expires || !hold || hasEnded(trial)) continue;
    const left = expires.seconds * 1000 + expires.nanos / 1e6 - world.clock.wall();
    assert.equal(
      Math.round(left),
      Math.round(hold.activity + leaseMs - world.now),
      '21: when the lease ends',
    );
  }
  const { studies } = await world.client(1).listStudies({ parent: 'owners/default' });
  assert.deepEqual(
    studies.map(({ name }) => name),
    [...world.studies.keys()].sort(),
  );
}
