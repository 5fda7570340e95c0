import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileSpace } from '../../../server/domain/space.js';
import type { Parameter, ParameterSpec, ParameterValue } from '../../../server/domain/spec.js';
import { gridAxis } from '../../../server/policy/samplers/grid-axis.js';
import { gridSampler } from '../../../server/policy/samplers/grid.js';
import { asInteger, asString, categorical, child, double, integer } from '../../domain/parameter-specs.js';
import { spaceArbitrary } from '../../domain/space-arbitrary.js';
import { samplerConformance } from './conformance.js';
import { studySpec } from './study-spec.js';

const plain = { $case: 'grid', value: { shuffle: false } } as const;
const shuffled = { $case: 'grid', value: { shuffle: true } } as const;

samplerConformance('grid', { sampler: gridSampler, kind: plain });
samplerConformance('grid, shuffled', { sampler: gridSampler, kind: shuffled });

/** Every combination, row by row, made by nested loops. */
function product(specs: readonly ParameterSpec[]): Parameter[][] {
  return specs.reduce<Parameter[][]>(
    (rows, spec) => {
      const own = stops(spec).flatMap((value) => {
        const active = spec.children.filter(({ parentValues }) =>
          parentValues.some((parent) => same(parent, value)),
        );
        return product(active.map(({ parameter }) => parameter!)).map((below) => [
          { name: spec.name, value },
          ...below,
        ]);
      });
      return rows.flatMap((row) => own.map((more) => [...row, ...more]));
    },
    [[]],
  );
}

function stops(spec: ParameterSpec): ParameterValue[] {
  const dimension = compileSpace([spec]).dimensions[0]!;
  const axis = gridAxis(dimension);
  return Array.from({ length: axis.count }, (_, index) => dimension.axis.toValue(axis.coordinate(index)));
}

function same(a: ParameterValue, b: ParameterValue): boolean {
  return a.kind!.value === b.kind!.value;
}

/** Small spaces whose grid can be made whole. */
const small = spaceArbitrary({ small: true, breadth: 3 }).filter((parameters) => {
  const space = compileSpace(parameters);
  const spec = studySpec(parameters, plain);
  return gridSampler.check(spec, space).length === 0 && gridSampler.create(spec, space, 0).size <= 2000;
});

function all(parameters: ParameterSpec[], kind: typeof plain | typeof shuffled, seed = 1): Parameter[][] {
  const space = compileSpace(parameters);
  const made = gridSampler.create(studySpec(parameters, kind), space, seed);
  return Array.from({ length: made.size }, (_, number) => space.toParameters(made.draw(number)!));
}

describe('the whole grid', () => {
  test('is the product over the tree, row by row', () => {
    fc.assert(
      fc.property(small, (parameters) => assert.deepEqual(all(parameters, plain), product(parameters))),
    );
  });

  test('8 workers that take draws in any interleaving get every point once', () => {
    const workers = fc.array(fc.nat(7), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(
        small,
        fc.constantFrom(plain, shuffled),
        workers,
        fc.maxSafeInteger(),
        (parameters, kind, turns, seed) => {
          const spec = studySpec(parameters, kind);
          // A space and a sampler for each, as after a restart between any two draws.
          const own = Array.from({ length: 8 }, () => {
            const space = compileSpace(parameters);
            return { space, sampler: gridSampler.create(spec, space, seed) };
          });
          const { size } = own[0]!.sampler;
          const taken = Array.from({ length: size }, (_, number) => {
            const { space, sampler } = own[turns[number % turns.length]!]!;
            return JSON.stringify(space.toParameters(sampler.draw(number)!));
          });
          assert.equal(new Set(taken).size, size);
          const expected = new Set(product(parameters).map((row) => JSON.stringify(row)));
          assert.deepEqual(new Set(taken), expected);
          for (const { sampler } of own) assert.equal(sampler.draw(size), undefined);
        },
      ),
    );
  });
});

test('a child counts only where it is active', () => {
  const parameters = [
    categorical('model', ['linear', 'tree'], {
      children: [child([asString('tree')], integer('depth', 1, 3))],
    }),
    integer('fold', 0, 1),
  ];
  assert.deepEqual(
    all(parameters, plain).map((row) => row.map(({ value }) => value!.kind!.value)),
    [
      ['linear', 0],
      ['linear', 1],
      ['tree', 1, 0],
      ['tree', 1, 1],
      ['tree', 2, 0],
      ['tree', 2, 1],
      ['tree', 3, 0],
      ['tree', 3, 1],
    ],
  );
});

test('conditions on a value that the grid leaves out add nothing', () => {
  const parameters = [
    integer('n', 0, 10, {
      gridPoints: 3,
      children: [child([asInteger(1)], integer('m', 0, 9)), child([asInteger(5)], integer('k', 0, 1))],
    }),
  ];
  assert.deepEqual(
    all(parameters, plain).map((row) => row.map(({ value }) => value!.kind!.value)),
    [[0], [5, 0], [5, 1], [10]],
  );
});

test('a shuffled grid has the same points in an order that the seed fixes', () => {
  const parameters = [integer('a', 0, 9), integer('b', 0, 9)];
  const text = (rows: Parameter[][]) => rows.map((row) => JSON.stringify(row));
  const [inOrder, first, again, other] = [
    text(all(parameters, plain)),
    text(all(parameters, shuffled, 1)),
    text(all(parameters, shuffled, 1)),
    text(all(parameters, shuffled, 2)),
  ];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
  assert.notDeepEqual(first, inOrder);
  assert.deepEqual(first.toSorted(), inOrder.toSorted());
});

describe('size', () => {
  const refused = (parameters: ParameterSpec[]) =>
    gridSampler.check(studySpec(parameters, plain), compileSpace(parameters)).map(({ field }) => field);

  test('2^53 − 1 points are served, 2^53 are refused', () => {
    const huge = [integer('n', 1, Number.MAX_SAFE_INTEGER)];
    assert.deepEqual(refused(huge), []);
    const space = compileSpace(huge);
    for (const kind of [plain, shuffled]) {
      const made = gridSampler.create(studySpec(huge, kind), space, 1);
      assert.equal(made.size, Number.MAX_SAFE_INTEGER);
      assert.ok(made.draw(made.size - 1));
      assert.equal(made.draw(made.size), undefined);
    }
    assert.deepEqual(refused([integer('n', 0, Number.MAX_SAFE_INTEGER)]), ['sampler.grid']);
  });

  test('2^52 times 2 is refused, 2^52 plus a fork is served', () => {
    const wide = integer('n', 1, 2 ** 52);
    assert.deepEqual(refused([wide, integer('m', 0, 1)]), ['sampler.grid']);
    const forked = [{ ...wide, children: [child([asInteger(7)], integer('m', 0, 1))] }];
    assert.deepEqual(refused(forked), []);
    const space = compileSpace(forked);
    const made = gridSampler.create(studySpec(forked, plain), space, 1);
    assert.equal(made.size, 2 ** 52 + 1);
    const at = (number: number) =>
      space.toParameters(made.draw(number)!).map(({ value }) => value!.kind!.value);
    assert.deepEqual([5, 6, 7, 8, made.size - 1].map(at), [[6], [7, 0], [7, 1], [8], [2 ** 52]]);
  });

  test('1,000 parameters of two values are refused, of one are one point', () => {
    const many = (max: number) => Array.from({ length: 1000 }, (_, index) => integer(`n${index}`, 0, max));
    assert.deepEqual(refused(many(1)), ['sampler.grid']);
    assert.deepEqual(refused(many(0)), []);
    assert.equal(all(many(0), plain).length, 1);
  });

  test('an empty space has one point', () => {
    assert.deepEqual(refused([]), []);
    assert.deepEqual(all([], plain), [[]]);
  });

  test('every double without grid_points is named, at its depth', () => {
    const parameters = [
      double('x', 0, 1),
      categorical('c', ['a'], { children: [child([asString('a')], double('y', 0, 1))] }),
      double('z', 0, 1, { gridPoints: 3 }),
    ];
    assert.deepEqual(refused(parameters), [
      'parameters[0].grid_points',
      'parameters[1].children[0].parameter.grid_points',
    ]);
  });
});
