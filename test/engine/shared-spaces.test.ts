import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SharedSpaces } from '../../server/engine/shared-spaces.js';
import { StudySpec } from '../../server/gen/wazir/v1/study.js';

const double = (name: string, max: number) => ({
  name,
  domain: { $case: 'double' as const, value: { min: 0, max } },
});
const parametersOf = (...given: ReturnType<typeof double>[]) =>
  StudySpec.fromPartial({ parameters: given }).parameters;

test('equal parameters share a space, others do not', () => {
  const spaces = new SharedSpaces();
  const space = spaces.of(parametersOf(double('a', 1), double('b', 2)));
  assert.equal(spaces.of(parametersOf(double('a', 1), double('b', 2))), space);
  for (const other of [
    parametersOf(double('b', 2), double('a', 1)),
    parametersOf(double('a', 1), double('b', 3)),
    parametersOf(double('a', 1)),
  ]) {
    const compiled = spaces.of(other);
    assert.notEqual(compiled, space);
    assert.deepEqual(
      compiled.dimensions.map(({ path }) => path),
      other.map(({ name }) => name),
    );
  }
  assert.equal(spaces.size, 4);
});

test('a space that nobody uses any more is forgotten', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const spaces = new SharedSpaces();
  for (let i = 1; i <= 1000; i++) spaces.of(parametersOf(double('a', i)));
  const kept = spaces.of(parametersOf(double('kept', 1)));
  // Garbage collection and its notices come when they come.
  for (let turn = 0; turn < 200 && spaces.size > 1; turn++) {
    collect();
    await setTimeout(10);
  }
  assert.equal(spaces.size, 1);
  assert.equal(spaces.of(parametersOf(double('kept', 1))), kept);
});

test('parameters of many kilobytes are compiled and not kept', () => {
  const spaces = new SharedSpaces();
  const many = parametersOf(...Array.from({ length: 500 }, (_, i) => double(`parameter-${i}`, i + 1)));
  assert.equal(spaces.of(many).dimensions.length, 500);
  assert.equal(spaces.size, 0);
});
