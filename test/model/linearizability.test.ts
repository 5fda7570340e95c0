/**
 * Several clients call at once about one study: what they are answered, and what
 * is there afterwards, is what some order of their calls, one after the other,
 * would have brought. Orders are tried on studies with the same history.
 */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import type { TestClient } from '../test-client.js';
import { startTestServer } from '../app/test-server.js';
import { FakeClock } from '../engine/fake-clock.js';
import { runs } from '../engine/property-runs.js';
import { createStudy, oneTrial, reportOf } from '../rpc/study-requests.js';
import { scratchDirectory } from './scratch-directory.js';
import { readSnapshot } from './snapshot.js';
import { outcomeOf, type Outcome } from './world.js';

const names = [
  'report1',
  'report2',
  'conflict',
  'target',
  'complete',
  'fail',
  'stop',
  'release',
  'renew',
  'delete',
  'suggest',
  'queue',
  'metadata',
  'pause',
] as const;
type Name = (typeof names)[number];

/** A call about a study whose first trial has been lent. */
function callOf(client: TestClient, study: string, trial: Trial, name: Name): Promise<unknown> {
  const { attempt } = trial.assignment!;
  const about = { name: trial.name, attempt };
  const point = [{ name: 'x', value: { kind: { $case: 'doubleValue' as const, value: 0.5 } } }];
  switch (name) {
    case 'report1':
      return client.reportMeasurement(reportOf(trial, 1, 0.5));
    case 'report2':
      return client.reportMeasurement(reportOf(trial, 2, 0.4));
    case 'conflict':
      return client.reportMeasurement(reportOf(trial, 1, 0.6));
    case 'target':
      return client.reportMeasurement(reportOf(trial, 3, 0.3));
    case 'complete':
      return client.completeTrial({
        ...about,
        finalMeasurement: { step: 2, metrics: [{ name: 'loss', value: 0.4 }] },
      });
    case 'fail':
      return client.completeTrial({ ...about, outcome: { $case: 'failureReason', value: 'broke' } });
    case 'stop':
      return client.stopTrial({ name: trial.name });
    case 'release':
      return client.releaseTrial(about);
    case 'renew':
      return client.renewLease(about);
    case 'delete':
      return client.deleteTrial({ name: trial.name });
    case 'suggest':
      // The worker itself asks anew: its trial comes back under a new attempt.
      return client.suggestTrials({ parent: study, clientId: 'w' });
    case 'queue':
      return client.createTrial({ parent: study, trial: { parameters: point } });
    case 'metadata':
      return client.updateMetadata({
        name: study,
        updates: [{ trial: 1, metadata: { key: 'k', value: { $case: 'text', value: 'v' } } }],
      });
    case 'pause':
      return client.updateStudy({ study: { name: study, state: 2 }, updateMask: ['state'] });
  }
}

/** Without what differs from study to study: names, uids, times, and the numbers of changes. */
function plain(value: unknown): unknown {
  const dropped =
    /"(?:name|studyUid|uid|sequence|createTime|startTime|endTime|reportTime|leaseExpireTime)":(?:"[^"]*"|\d+|\{[^{}]*\}),?/g;
  return JSON.stringify(value).replace(dropped, '');
}

function shown(outcome: Outcome<unknown>): unknown {
  return 'answer' in outcome ? plain(outcome.answer) : outcome.refusal.reason;
}

function* orders(count: number, taken: readonly number[] = []): Generator<readonly number[]> {
  if (taken.length === count) yield taken;
  for (let i = 0; i < count; i++) if (!taken.includes(i)) yield* orders(count, [...taken, i]);
}

test('calls at once come to what some order of them comes to', async (t) => {
  const dataDir = await scratchDirectory();
  t.after(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  const server = await startTestServer(t, { clock: new FakeClock(), dataDir });
  const clients = [server.client, server.connect(), server.connect()];
  let number = 0;
  let inOtherOrder = 0;
  /** A new study with the history of all others, and its lent trial. */
  const prepare = async () => {
    const id = `s${number++}`;
    const spec = { resource: { name: 'epoch', min: 3, max: 9 }, limits: { maxTrials: 6 } };
    const { name } = await createStudy(server.client, id, spec);
    return { name, trial: await oneTrial(server.client, name, 'w') };
  };
  const endOf = async (name: string) => {
    const { study, trials } = await readSnapshot(server.client, name);
    return plain([study.state, study.progress, [...trials.values()]]);
  };
  const property = fc.asyncProperty(
    fc.array(fc.constantFrom(...names), { minLength: 2, maxLength: 4 }),
    async (calls) => {
      const { name, trial } = await prepare();
      const begun = calls.map((call, i) => outcomeOf(callOf(clients[i % 3]!, name, trial, call)));
      const outcomes = (await Promise.all(begun)).map(shown);
      const end = await endOf(name);
      const tried: unknown[] = [];
      for (const order of orders(calls.length)) {
        const other = await prepare();
        const expected: unknown[] = [];
        for (const i of order)
          expected[i] = shown(await outcomeOf(callOf(clients[0]!, other.name, other.trial, calls[i]!)));
        const otherEnd = await endOf(other.name);
        tried.push({ order, expected, end: otherEnd });
        if (JSON.stringify(expected) !== JSON.stringify(outcomes) || otherEnd !== end) continue;
        if (order.some((at, i) => at !== i)) inOtherOrder++;
        return;
      }
      assert.fail(
        `no order of ${calls.join()} comes to ${JSON.stringify({ outcomes, end })}, only ${JSON.stringify(tried, null, 1)}`,
      );
    },
  );
  await fc.assert(property, runs(30));
  t.diagnostic(`${number} studies, ${inOtherOrder} times in another order than begun`);
});
