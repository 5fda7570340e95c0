/** The short form of `npm run test:fuzz`: a fixed number of mutants, the same ones each time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fuzzer } from './fuzzer.js';
import { decodeFields, encodeFields } from './protobuf-fields.js';
import { methods, seeds } from './seeds.js';

test('every method of the contract is fuzzed, and what mutations begin with is read rightly', () => {
  const seeded = new Set(seeds.map(({ method }) => method));
  assert.deepEqual([...Object.keys(methods)].sort(), [...seeded].sort());
  for (const { method, bytes } of seeds)
    assert.deepEqual(encodeFields(decodeFields(bytes)!), bytes, `${method}: fields there and back`);
});

test('mutants of messages, framings and connections bring the server no fault', async (t) => {
  const fuzzer = await Fuzzer.start(1);
  t.after(() => fuzzer.server.remove());
  for (let round = 0; round < 2; round++)
    await fuzzer.round({ messages: 400, framings: 120, connections: 40 });
  assert.deepEqual(fuzzer.findings, []);
  assert.ok((fuzzer.endings.get('message: OK') ?? 0) > 50, 'mutants that the server takes');
  assert.ok((fuzzer.endings.get('message: INVALID_ARGUMENT') ?? 0) > 50, 'mutants that it refuses');
  assert.equal(await fuzzer.server.stop(), 0);
});
