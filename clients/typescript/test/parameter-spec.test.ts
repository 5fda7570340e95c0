import assert from 'node:assert/strict';
import { test } from 'node:test';
import { categorical, discrete, double, integer, v1, when } from '../src/index.js';

test('a double carries its range, scale, default and grid points', () => {
  assert.deepEqual(double('lr', 1e-4, 1, { scale: 'log', default: 0.1, gridPoints: 5 }), {
    name: 'lr',
    domain: { $case: 'double', value: { min: 1e-4, max: 1 } },
    scale: v1.ParameterScale.LOG,
    defaultValue: { kind: { $case: 'doubleValue', value: 0.1 } },
    gridPoints: 5,
    children: [],
  });
});

test('what is not given is not set', () => {
  const { scale, defaultValue, gridPoints, children } = integer('layers', 1, 3);
  assert.deepEqual(
    { scale, defaultValue, gridPoints, children },
    { scale: v1.ParameterScale.UNSPECIFIED, defaultValue: undefined, gridPoints: 0, children: [] },
  );
});

test('a default of 0 or of an empty name is a default', () => {
  assert.deepEqual(integer('n', 0, 3, { default: 0 }).defaultValue, {
    kind: { $case: 'doubleValue', value: 0 },
  });
  assert.deepEqual(categorical('c', ['', 'a'], { default: '' }).defaultValue, {
    kind: { $case: 'stringValue', value: '' },
  });
});

test('children exist for one value of the parent or for several', () => {
  const momentum = double('momentum', 0, 1);
  const nesterov = categorical('nesterov', ['yes', 'no']);
  const optimizer = categorical('optimizer', ['sgd', 'rmsprop', 'adam'], {
    children: [...when(['sgd', 'rmsprop'], momentum), ...when('sgd', nesterov)],
  });
  const [sgd, rmsprop] = ['sgd', 'rmsprop'].map((value) => ({ kind: { $case: 'stringValue', value } }));
  assert.deepEqual(optimizer.children, [
    { parentValues: [sgd, rmsprop], parameter: momentum },
    { parentValues: [sgd], parameter: nesterov },
  ]);
});

test('a list of numbers keeps its values and does not share the array', () => {
  const values = [16, 32, 64];
  const spec = discrete('batch', values, { scale: 'reverse-log' });
  values.push(128);
  assert.deepEqual(spec.domain, { $case: 'discrete', value: { values: [16, 32, 64] } });
  assert.equal(spec.scale, v1.ParameterScale.REVERSE_LOG);
});
