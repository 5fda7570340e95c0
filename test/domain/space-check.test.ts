import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkParameters, countParameters, maxParameterLevels } from '../../server/domain/space-check.js';
import type { ParameterSpec } from '../../server/domain/spec.js';
import {
  asDouble,
  asInteger,
  asString,
  categorical,
  child,
  discrete,
  double,
  integer,
} from './parameter-specs.js';

const field = 'study.spec.parameters';

function fieldsOf(parameters: ParameterSpec[]): string[] {
  return checkParameters(parameters, field).map((violation) => violation.field);
}

/** A chain of parameters, each a child of the one before. */
function chain(levels: number): ParameterSpec {
  let spec = integer(`p${levels}`, 0, 1);
  for (let level = levels - 1; level >= 1; level--)
    spec = integer(`p${level}`, 0, 1, { children: [child([asInteger(0)], spec)] });
  return spec;
}

const switchOf = (...children: ParameterSpec['children']) =>
  categorical('switch', ['a', 'b', 'c'], { children });

const table: [string, ParameterSpec[], string[]][] = [
  ['no parameters', [], []],
  ['several', [double('x', 0, 1), integer('y', 0, 1)], []],
  [
    'a fault in a list',
    [double('x', 0, 1), double('y', 0, 1), double('z', 2, 1)],
    [`${field}[2].double.min`],
  ],
  [
    'a fault at depth',
    [switchOf(child([asString('a')], double('x', 0, 1)), child([asString('b')], double('', 0, 1)))],
    [`${field}[0].children[1].parameter.name`],
  ],
  ['duplicate names', [double('x', 0, 1), double('x', 0, 1)], [`${field}[1].name`]],
  [
    'a child named as its parent',
    [switchOf(child([asString('a')], double('switch', 0, 1)))],
    [`${field}[0].children[0].parameter.name`],
  ],
  [
    'a child named as another parameter',
    [double('x', 0, 1), switchOf(child([asString('a')], double('x', 0, 1)))],
    [`${field}[1].children[0].parameter.name`],
  ],
  [
    'one name under values that exclude each other',
    [
      switchOf(
        child([asString('a')], double('x', 0, 1)),
        child([asString('b'), asString('c')], integer('x', 0, 1)),
      ),
    ],
    [],
  ],
  [
    'one name under values that overlap',
    [
      switchOf(
        child([asString('a'), asString('b')], double('x', 0, 1)),
        child([asString('b')], double('x', 0, 1)),
      ),
    ],
    [`${field}[0].children[1].parameter.name`],
  ],
  [
    'one name at different depths under overlapping values',
    [
      switchOf(
        child([asString('a')], integer('y', 0, 1, { children: [child([asInteger(0)], double('x', 0, 1))] })),
        child([asString('a')], double('x', 0, 1)),
      ),
    ],
    [`${field}[0].children[1].parameter.name`],
  ],
  [
    'one name three times, the outer two together',
    [
      switchOf(
        child([asString('a')], double('x', 0, 1)),
        child([asString('b')], double('x', 0, 1)),
        child([asString('a')], double('x', 0, 1)),
      ),
    ],
    [`${field}[0].children[2].parameter.name`],
  ],
  [
    'a child of a double',
    [double('x', 0, 1, { children: [child([asDouble(0)], double('y', 0, 1))] })],
    [`${field}[0].children`],
  ],
  [
    'a child of a double constant',
    [double('x', 1, 1, { children: [child([asDouble(1)], double('y', 0, 1))] })],
    [`${field}[0].children`],
  ],
  [
    'a child of integers that coordinates can not tell apart',
    [
      integer('x', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, {
        children: [child([asInteger(0)], double('y', 0, 1))],
      }),
    ],
    [`${field}[0].children`],
  ],
  [
    'no value of the parent',
    [switchOf(child([], double('y', 0, 1)))],
    [`${field}[0].children[0].parent_values`],
  ],
  [
    'a value that the parent can not take',
    [switchOf(child([asString('a'), asString('z')], double('y', 0, 1)))],
    [`${field}[0].children[0].parent_values[1]`],
  ],
  [
    'a value of another type',
    [switchOf(child([asInteger(1)], double('y', 0, 1)))],
    [`${field}[0].children[0].parent_values[0]`],
  ],
  [
    'a value out of range',
    [integer('n', 0, 3, { children: [child([asInteger(4)], double('y', 0, 1))] })],
    [`${field}[0].children[0].parent_values[0]`],
  ],
  [
    'a listed number, given as a whole one',
    [discrete('d', [1, 2], { children: [child([asInteger(2)], double('y', 0, 1))] })],
    [],
  ],
  [
    'a number not listed',
    [discrete('d', [1, 2], { children: [child([asDouble(1.5)], double('y', 0, 1))] })],
    [`${field}[0].children[0].parent_values[0]`],
  ],
  [
    'a child without a parameter',
    [switchOf({ parentValues: [asString('a')], parameter: undefined })],
    [`${field}[0].children[0].parameter`],
  ],
  [
    'a parent at fault: its children are still looked at, their conditions are not',
    [categorical('', ['a'], { children: [child([asString('z')], double('y', 2, 1))] })],
    [`${field}[0].name`, `${field}[0].children[0].parameter.double.min`],
  ],
  ['32 levels', [chain(maxParameterLevels)], []],
  ['33 levels', [chain(maxParameterLevels + 1)], [field]],
  ['100 levels', [chain(100)], [field]],
];

describe('the table of bad spaces', () => {
  for (const [what, parameters, fields] of table)
    test(what, () => assert.deepEqual(fieldsOf(parameters), fields));
});

test('what is nested too deep is refused before anything else is looked at', () => {
  assert.deepEqual(fieldsOf([chain(20_000)]), [field]);
});

test('parameters are counted with their children, and no further than needed', () => {
  const some = (count: number) => Array.from({ length: count }, (_, index) => double(`x${index}`, 0, 1));
  assert.equal(countParameters([], 10), 0);
  assert.equal(countParameters(some(10), 10), 10);
  assert.equal(countParameters(some(11), 10), 11);
  assert.equal(countParameters(some(12), 10), 11);
  const children = some(9).map((spec) => child([asString('a')], spec));
  assert.equal(countParameters([categorical('c', ['a'], { children })], 10), 10);
  assert.equal(countParameters([categorical('c', ['a'], { children }), double('x', 0, 1)], 10), 11);
  assert.equal(countParameters([chain(20_000)], 1e6), 20_000);
  // One spec, a billion times over, by way of its children: only as far as asked.
  let doubling = integer('leaf', 0, 1);
  for (let level = 0; level < 30; level++)
    doubling = integer('p', 0, 1, {
      children: [child([asInteger(0)], doubling), child([asInteger(1)], doubling)],
    });
  assert.equal(countParameters([doubling], 1000), 1001);
});

test('a condition without a parameter counts as none', () => {
  const children = [{ parentValues: [asString('a')], parameter: undefined }];
  assert.equal(countParameters([categorical('c', ['a'], { children })], 10), 1);
});
