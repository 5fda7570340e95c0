/** A damaged record is told by name and never served; whatever else there is, is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from '../../server/store/keys.js';
import { Damage } from '../doctor/damage.js';
import { refusedWith } from '../rpc/refusal.js';
import { createStudy, oneTrial, owner, reportOf } from '../rpc/study-requests.js';
import { startTestServer, type TestServer } from './test-server.js';

/** Two studies of four trials each, three of them ended, and a server that has to read them from disk. */
async function damaged(
  t: Parameters<typeof startTestServer>[0],
  keyOf: (uid: string) => string,
): Promise<TestServer> {
  const server = await startTestServer(t);
  let uid = '';
  for (const id of ['well', 'damaged']) {
    uid = (await createStudy(server.client, id)).uid;
    for (let i = 0; i < 3; i++) {
      const trial = await oneTrial(server.client, `${owner}/studies/${id}`, `w${i}`);
      await server.client.reportMeasurement(reportOf(trial, 9, 0.1 * i));
    }
    const trial = await oneTrial(server.client, `${owner}/studies/${id}`, 'last');
    await server.client.reportMeasurement({ ...reportOf(trial, 0, 0.5) });
  }
  await server.stop();
  await Damage.with(server.dataDir, async (by) => {
    const sealed = Buffer.from((await by.raw(keyOf(uid)))!);
    sealed[sealed.length >> 1]! ^= 0x20;
    await by.putRaw(keyOf(uid), sealed);
  });
  return startTestServer(t, { dataDir: server.dataDir });
}

const cases: readonly [what: string, keyOf: (uid: string) => string, says: RegExp][] = [
  ['a trial that has ended', (uid) => keys.trial(uid, 2), /its trial 2 is damaged on disk \(record t\//],
  ['a trial that is lent', (uid) => keys.trial(uid, 4), /its trial 4 is damaged on disk \(record t\//],
  [
    'a measurement of a trial that is lent',
    (uid) => keys.measurement(uid, 4, 1, 0),
    /its measurement of trial 4, attempt 1, step 0 is damaged on disk \(record m\//,
  ],
  ['its own record', (uid) => keys.study(uid), /its own record is damaged on disk \(record s\//],
  [
    'its name',
    () => keys.name('default', 'damaged'),
    /its own record is damaged on disk \(record n\/default\/damaged\)/,
  ],
];

for (const [what, keyOf, says] of cases)
  test(`damage to ${what} is told by whoever needs the study, and other studies are served`, async (t) => {
    const { client } = await damaged(t, keyOf);
    const name = `${owner}/studies/damaged`;
    for (const call of [
      () => client.getStudy({ name }),
      () => client.suggestTrials({ parent: name, clientId: 'w' }),
      () => client.listTrials({ parent: name }),
      () => client.getTrial({ name: `${name}/trials/1` }),
    ]) {
      const { message, metadata } = await refusedWith(call(), 'DATA_LOSS', 'DATA_DAMAGED');
      assert.ok(message.startsWith(`${name} can not be loaded: `), message);
      assert.match(message, says);
      assert.equal(metadata['study'], name);
    }
    // Not left out: who lists would take it for deleted.
    await refusedWith(client.listStudies({ parent: owner }), 'DATA_LOSS', 'DATA_DAMAGED');
    const well = `${owner}/studies/well`;
    assert.equal((await client.listTrials({ parent: well })).trials.length, 4);
    const trial = await oneTrial(client, well, 'new');
    await client.reportMeasurement(reportOf(trial, 1, 0.3));
    await createStudy(client, 'another');
  });

test('damage to a measurement of an ended trial is told by whoever reads it, and the study is served', async (t) => {
  const { client } = await damaged(t, (uid) => keys.measurement(uid, 2, 1, 9));
  const name = `${owner}/studies/damaged`;
  assert.equal((await client.getTrial({ name: `${name}/trials/2` })).lastStep, 9);
  const { message } = await refusedWith(
    client.listMeasurements({ parent: `${name}/trials/2` }),
    'DATA_LOSS',
    'DATA_DAMAGED',
  );
  assert.match(
    message,
    /the record "m\/[0-9a-z]+\/00000000000002\/00000000000001\/00000000000009" is damaged/,
  );
  assert.equal((await client.listMeasurements({ parent: `${name}/trials/1` })).measurements.length, 1);
});
