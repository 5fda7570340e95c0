import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileSpace } from '../../../server/domain/space.js';
import type { ParameterSpec } from '../../../server/domain/spec.js';
import { randomSampler } from '../../../server/policy/samplers/random.js';
import type { SamplerKind } from '../../../server/policy/samplers/sampler.js';
import { sobolSampler } from '../../../server/policy/samplers/sobol.js';
import { asString, categorical, child, double } from '../../domain/parameter-specs.js';
import { centredDiscrepancy } from '../../domain/statistics.js';
import { samplerConformance } from './conformance.js';
import { studySpec } from './study-spec.js';

samplerConformance('sobol', { sampler: sobolSampler, kind: { $case: 'sobol', value: {} } });

function points(
  sampler: SamplerKind,
  dimensions: number,
  count: number,
  seed: number,
): (readonly number[])[] {
  const parameters = Array.from({ length: dimensions }, (_, index) => double(`x${index}`, 0, 1));
  const made = sampler.create(studySpec(parameters), compileSpace(parameters), seed);
  return Array.from({ length: count }, (_, number) => made.draw(number)!);
}

describe('discrepancy', () => {
  test('the measure agrees with the value that scipy gives', () => {
    const eight = [
      [0, 0, 0],
      [0.5, 0.5, 0.5],
      [0.75, 0.25, 0.25],
      [0.25, 0.75, 0.75],
      [0.375, 0.375, 0.625],
      [0.875, 0.875, 0.125],
      [0.625, 0.125, 0.875],
      [0.125, 0.625, 0.375],
    ];
    assert.ok(Math.abs(centredDiscrepancy(eight) - 0.030596397541187148) < 1e-15);
  });

  const mean = (sampler: SamplerKind, dimensions: number) =>
    [1, 2, 3, 4].reduce((sum, seed) => sum + centredDiscrepancy(points(sampler, dimensions, 256, seed)), 0) /
    4;
  // How many times lower than that of random points it is at the least.
  for (const [dimensions, factor] of [
    [2, 50],
    [5, 10],
    [20, 1.5],
  ] as const)
    test(`256 points in ${dimensions} dimensions: lower than random by ${factor}`, () => {
      const [sobol, random] = [mean(sobolSampler, dimensions), mean(randomSampler, dimensions)];
      assert.ok(sobol * factor < random, `${sobol} against ${random}`);
    });
});

test('a parameter keeps its points when its siblings change names', () => {
  const draw = (second: ParameterSpec) => {
    const parameters = [double('x', 0, 1), second];
    return sobolSampler.create(studySpec(parameters), compileSpace(parameters), 5).draw(9)!;
  };
  assert.equal(draw(double('y', 0, 1))[0], draw(double('z', 0, 1))[0]);
  assert.notEqual(draw(double('y', 0, 1))[1], draw(double('z', 0, 1))[1]);
});

test('conditional parameters have dimensions of their own', () => {
  const parameters = [
    categorical('c', ['a', 'b'], {
      children: [child([asString('a')], double('x', 0, 1)), child([asString('b')], double('y', 0, 1))],
    }),
    double('z', 0, 1),
  ];
  const space = compileSpace(parameters);
  const made = sobolSampler.create(studySpec(parameters), space, 5);
  const active = Array.from({ length: 16 }, (_, number) =>
    made.draw(number)!.map((coordinate) => !Number.isNaN(coordinate)),
  );
  assert.equal(active.filter(([, x, y]) => x !== y).length, 16);
  assert.equal(active.filter(([, x]) => x).length, 8);
});

test('another seed gives other points', () => {
  const first = [0, 1, -1].map((seed) => points(sobolSampler, 1, 1, seed)[0]![0]);
  assert.equal(new Set(first).size, 3);
});

test('1,000 parameters are served, to the last draw', () => {
  const parameters = Array.from({ length: 1000 }, (_, index) => double(`x${index}`, 0, 1));
  const space = compileSpace(parameters);
  assert.deepEqual(sobolSampler.check(studySpec(parameters), space), []);
  const made = sobolSampler.create(studySpec(parameters), space, 1);
  assert.equal(made.size, 2 ** 32);
  assert.equal(made.draw(made.size - 1)!.length, 1000);
});

test('a space without parameters, and one of more than 1,000, are refused', () => {
  const many = Array.from({ length: 1001 }, (_, index) => double(`x${index}`, 0, 1));
  for (const parameters of [[], many]) {
    const found = sobolSampler.check(studySpec(parameters), compileSpace(parameters));
    assert.deepEqual(
      found.map(({ field }) => field),
      ['parameters'],
    );
  }
});
