import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplerOf, samplers } from '../../../server/policy/samplers/index.js';
import { studySpec } from './study-spec.js';

test('names are unique', () => {
  assert.equal(new Set(samplers.map(({ name }) => name)).size, samplers.length);
});

test('a study that names no sampler gets random points', () => {
  assert.equal(samplerOf(studySpec([])).name, 'random');
  assert.equal(samplerOf({ ...studySpec([]), sampler: { kind: undefined } }).name, 'random');
});
