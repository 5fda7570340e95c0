/** Clients take 4 MiB in one message unless told otherwise; nothing that they ask for may be larger. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestServer } from '../app/test-server.js';
import { measurements, studies, trials } from './pages.js';
import { refusedWith } from './refusal.js';
import { createStudy, owner, specOf, studyRequest } from './study-requests.js';

const study = `${owner}/studies/s`;
const single = {
  resource: { min: 1, max: 1000 },
  scheduler: { kind: { $case: 'single' as const, value: {} } },
};
const large = { key: 'k', value: { $case: 'text' as const, value: 'x'.repeat(2 ** 20 - 100) } };
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('no page is larger than that, however large its entries', async (t) => {
  const { client } = await startTestServer(t);
  const metrics = range(0, 99).map((i) => ({ name: `${i}`.padEnd(256, 'm'), goal: 2 }));
  await createStudy(client, 's', { ...single, metrics });
  const { trials: made } = await client.suggestTrials({ parent: study, clientId: 'w', count: 8 });
  for (const { id } of made)
    await client.updateMetadata({ name: study, updates: [{ trial: id, metadata: large }] });
  for (const orderBy of ['id', 'id desc']) {
    const ids = (await trials(client, study, { orderBy })).flat().map(({ id }) => id);
    assert.deepEqual(ids, orderBy === 'id' ? range(1, 8) : range(1, 8).reverse());
  }

  const [trial] = made;
  const values = metrics.map(({ name }, value) => ({ name, value }));
  const report = (step: number) =>
    client.reportMeasurement({ trial: trial!.name, attempt: 1, measurement: { step, metrics: values } });
  await Promise.all(range(1, 200).map(report));
  assert.deepEqual(
    (await measurements(client, trial!.name, 0)).flat().map(({ step }) => step),
    range(1, 200),
  );

  for (let i = 0; i < 6; i++)
    await client.createStudy({
      parent: owner,
      studyId: `large${i}`,
      study: { ...studyRequest('').study, metadata: [large] },
    });
  assert.equal((await studies(client, 0)).flat().length, 7);
});

test('no more trials are handed out at once than fit: the others stay for the next call', async (t) => {
  const { client } = await startTestServer(t);
  await createStudy(client, 's', { ...single, limits: { maxTrials: 10 } });
  const point = [{ name: 'x', value: { kind: { $case: 'doubleValue' as const, value: 0.5 } } }];
  for (let i = 0; i < 10; i++)
    await client.createTrial({ parent: study, trial: { parameters: point, metadata: [large] } });
  const ask = async (clientId: string, holding: readonly { id: number; attempts: number }[]) =>
    (
      await client.suggestTrials({
        parent: study,
        clientId,
        count: 1000,
        holding: holding.map(({ id, attempts }) => ({ trial: id, attempt: attempts })),
      })
    ).trials;
  const all = async (clientId: string) => {
    const held: { id: number; attempts: number }[] = [];
    while (held.length < 10) held.push(...(await ask(clientId, held)));
    return held;
  };
  assert.deepEqual(
    (await all('worker')).map(({ id, attempts }) => [id, attempts]),
    range(1, 10).map((id) => [id, 1]),
  );
  // Back under its name, having lost them all.
  assert.deepEqual(
    (await all('worker')).map(({ id, attempts }) => [id, attempts]),
    range(1, 10).map((id) => [id, 2]),
  );
});

test('a study that could not be read again is not made', async (t) => {
  const { client } = await startTestServer(t);
  const make = (studyId: string, bytes: number) =>
    client.createStudy({
      parent: owner,
      studyId,
      study: {
        spec: specOf({
          parameters: [
            { name: 'c', domain: { $case: 'categorical', value: { values: ['a', 'b'.repeat(bytes)] } } },
          ],
        }),
        metadata: [large],
      },
    });
  await refusedWith(make('s', 2 ** 20), 'INVALID_ARGUMENT', 'INVALID_FIELD', 'study.spec');
  await make('s', 2 ** 20 - 200);
  assert.equal((await client.getStudy({ name: study })).name, study);
  const { trials: made } = await client.suggestTrials({ parent: study, clientId: 'w', count: 1000 });
  assert.ok(made.length > 0);
});
