import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkParameter } from '../../server/domain/parameter-check.js';
import { ParameterScale, type ParameterSpec } from '../../server/domain/spec.js';
import {
  asDouble,
  asInteger,
  asString,
  categorical,
  discrete,
  double,
  integer,
  undefinedDomain,
} from './parameter-specs.js';

const { LINEAR, LOG, REVERSE_LOG, UNRECOGNIZED } = ParameterScale;
const unset = { kind: undefined };

/** Each parameter with the fields in which it is wrong. */
const table: [string, ParameterSpec, string[]][] = [
  ['a double', double('x', -1, 1), []],
  ['a double constant', double('x', 1, 1, { scale: LOG }), []],
  ['the whole range of doubles', double('x', -Number.MAX_VALUE, Number.MAX_VALUE), []],
  ['the least log range', double('x', Number.MIN_VALUE, 1, { scale: LOG }), []],
  ['an integer constant', integer('x', 0, 0), []],
  ['the widest integers', integer('x', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), []],
  ['unsorted discrete', discrete('x', [3, 1, 2]), []],
  ['a name of 256 bytes', double('é'.repeat(128), 0, 1), []],
  ['no name', double('', 0, 1), ['p.name']],
  ['a name of 257 bytes', double(`${'é'.repeat(128)}x`, 0, 1), ['p.name']],
  ['a name of 1 MiB', double('x'.repeat(2 ** 20), 0, 1), ['p.name']],
  ['no domain', undefinedDomain('x'), ['p']],
  ['double min > max', double('x', 2, 1), ['p.double.min']],
  ['double NaN', double('x', NaN, 1), ['p.double.min']],
  ['double infinite', double('x', -Infinity, Infinity), ['p.double.min', 'p.double.max']],
  ['integer min > max', integer('x', 2, 1), ['p.integer.min']],
  ['integer beyond 2^53', integer('x', 0, 2 ** 53), ['p.integer.max']],
  ['integer below −2^53', integer('x', -(2 ** 53), 0), ['p.integer.min']],
  ['no whole number', integer('x', 0.5, 2), ['p.integer.min']],
  ['log with 0', double('x', 0, 1, { scale: LOG }), ['p.double.min']],
  ['log with a negative bound', integer('x', -1, 1, { scale: LOG }), ['p.integer.min']],
  ['reverse log with 0', double('x', 0, 1, { scale: REVERSE_LOG }), ['p.double.min']],
  ['reverse log integer with 0', integer('x', 0, 1, { scale: REVERSE_LOG }), ['p.integer.min']],
  ['log discrete with 0', discrete('x', [1, 0], { scale: LOG }), ['p.discrete.values[1]']],
  ['reverse log discrete with −1', discrete('x', [-1, 1], { scale: REVERSE_LOG }), ['p.discrete.values[0]']],
  ['empty discrete', discrete('x', []), ['p.discrete.values']],
  ['duplicate discrete', discrete('x', [1, 2, 1]), ['p.discrete.values[2]']],
  ['0 and −0', discrete('x', [0, -0]), ['p.discrete.values[1]']],
  ['discrete NaN', discrete('x', [1, NaN]), ['p.discrete.values[1]']],
  ['no categories', categorical('x', []), ['p.categorical.values']],
  ['an empty category', categorical('x', ['a', '']), ['p.categorical.values[1]']],
  ['duplicate categories', categorical('x', ['a', 'b', 'a']), ['p.categorical.values[2]']],
  ['a scale on a categorical', categorical('x', ['a'], { scale: LINEAR }), ['p.scale']],
  ['an unknown scale', double('x', 0, 1, { scale: 99 as ParameterScale }), ['p.scale']],
  ['an unrecognized scale', double('x', 0, 1, { scale: UNRECOGNIZED }), ['p.scale']],
  ['default at the end', double('x', 0, 1, { defaultValue: asDouble(1) }), []],
  ['default of a whole number', double('x', 0, 1, { defaultValue: asInteger(1) }), []],
  ['default out of range', double('x', 0, 1, { defaultValue: asDouble(2) }), ['p.default_value']],
  ['default NaN', double('x', 0, 1, { defaultValue: asDouble(NaN) }), ['p.default_value']],
  ['default of another type', integer('x', 0, 1, { defaultValue: asString('1') }), ['p.default_value']],
  ['default no whole number', integer('x', 0, 1, { defaultValue: asDouble(0.5) }), ['p.default_value']],
  ['default not listed', discrete('x', [1, 2], { defaultValue: asDouble(1.5) }), ['p.default_value']],
  ['default no category', categorical('x', ['a'], { defaultValue: asString('b') }), ['p.default_value']],
  [
    'default number for a category',
    categorical('x', ['1'], { defaultValue: asInteger(1) }),
    ['p.default_value'],
  ],
  ['default without a value', double('x', 0, 1, { defaultValue: unset }), ['p.default_value']],
  ['negative grid points', double('x', 0, 1, { gridPoints: -1 }), ['p.grid_points']],
  ['too many grid points', double('x', 0, 1, { gridPoints: 2 ** 31 }), ['p.grid_points']],
  ['grid points on a list', discrete('x', [1, 2], { gridPoints: 2 }), ['p.grid_points']],
  ['grid points on categories', categorical('x', ['a'], { gridPoints: 1 }), ['p.grid_points']],
  ['grid points on integers', integer('x', 0, 9, { gridPoints: 3 }), []],
  ['several faults', double('', 2, 1, { gridPoints: -1 }), ['p.name', 'p.double.min', 'p.grid_points']],
];

describe('the table of bad parameters', () => {
  for (const [what, spec, fields] of table)
    test(what, () =>
      assert.deepEqual(
        checkParameter(spec, 'p').map(({ field }) => field),
        fields,
      ),
    );
});

test('a list of a million equal values gives one violation', () => {
  assert.equal(checkParameter(categorical('x', new Array<string>(1e6).fill('a')), 'p').length, 1);
});

test('messages quote what the client sent short and escaped', () => {
  const [violation] = checkParameter(
    categorical('x', ['a'], { defaultValue: asString(`\n${'z'.repeat(1000)}`) }),
    'p',
  );
  assert.ok(violation!.description.startsWith('"\\nzzz'));
  assert.ok(violation!.description.length < 120);
});
