import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pathHash } from '../../server/domain/path-hash.js';

/** Known answers for FNV-1a, 64 bits, as published by its authors. */
const known: [string, string][] = [
  ['', 'cbf29ce484222325'],
  ['a', 'af63dc4c8601ec8c'],
  ['foobar', '85944171f73967e8'],
];

function hex(path: string): string {
  const [low, high] = pathHash(path);
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

describe('known answers', () => {
  for (const [path, hash] of known) test(JSON.stringify(path), () => assert.equal(hex(path), hash));
});

test('bytes are those of UTF-8', () => {
  assert.notEqual(hex('é'), hex('\u00c3\u00a9'));
});

test('a hash is the same after more paths than are kept', () => {
  const before = hex('lr');
  for (let index = 0; index < 20_000; index++) pathHash(`path ${index}`);
  assert.equal(hex('lr'), before);
});
