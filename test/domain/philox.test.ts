import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { philox, type Counter, type Key } from '../../server/domain/philox.js';

const ones = 0xffffffff;

/** Known answers for philox4x32, 10 rounds, as published with Random123 (Salmon et al. 2011). */
const known: [Counter, Key, string][] = [
  [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  [[ones, ones, ones, ones], [ones, ones], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    'd16cfe09 94fdcceb 5001e420 24126ea1',
  ],
];

describe('known answers', () => {
  for (const [counter, key, words] of known)
    test(words, () => {
      const found = philox(counter, key).map((word) => word.toString(16).padStart(8, '0'));
      assert.equal(found.join(' '), words);
    });
});
