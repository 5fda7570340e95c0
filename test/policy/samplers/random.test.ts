import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSpace } from '../../../server/domain/space.js';
import { ParameterScale, type ParameterSpec } from '../../../server/domain/spec.js';
import { randomSampler } from '../../../server/policy/samplers/random.js';
import { asString, categorical, child, double, integer } from '../../domain/parameter-specs.js';
import { ksDistance } from '../../domain/statistics.js';
import { samplerConformance } from './conformance.js';
import { studySpec } from './study-spec.js';

samplerConformance('random', { sampler: randomSampler, kind: { $case: 'random', value: {} } });

const count = 4000;

/** The values of the only parameter of `count` draws. */
function sample(parameter: ParameterSpec): number[] {
  const space = compileSpace([parameter]);
  const made = randomSampler.create(studySpec([parameter]), space, 20_26);
  return Array.from(
    { length: count },
    (_, number) => space.toParameters(made.draw(number)!)[0]!.value!.kind!.value as number,
  );
}

function assertDistribution(parameter: ParameterSpec, distribution: (x: number) => number): void {
  const distance = ksDistance(sample(parameter), distribution);
  // 1.63 is the 1 % point of Kolmogorov's distribution; the seed is fixed.
  assert.ok(distance < 1.63 / Math.sqrt(count), `${distance}`);
}

test('a linear range is even in the number', () => {
  assertDistribution(double('x', -3, 5), (x) => (x + 3) / 8);
});

test('a logarithmic range is even in the logarithm', () => {
  assertDistribution(
    double('x', 1e-5, 10, { scale: ParameterScale.LOG }),
    (x) => Math.log(x / 1e-5) / Math.log(1e6),
  );
});

test('a reversed logarithmic range is even in the logarithm of the distance from the upper end', () => {
  assertDistribution(
    double('x', 1, 1000, { scale: ParameterScale.REVERSE_LOG }),
    (x) => 1 - Math.log(1001 - x) / Math.log(1000),
  );
});

test('whole numbers come equally often', () => {
  const counts = new Map<number, number>();
  for (const value of sample(integer('n', 0, 9))) counts.set(value, (counts.get(value) ?? 0) + 1);
  assert.equal(counts.size, 10);
  const chiSquared = [...counts.values()].reduce(
    (sum, own) => sum + (own - count / 10) ** 2 / (count / 10),
    0,
  );
  // The 1 % point with 9 degrees of freedom.
  assert.ok(chiSquared < 21.7, `${chiSquared}`);
});

test('whole numbers on a logarithmic scale come in proportion to their cells', () => {
  const values = sample(integer('n', 1, 100, { scale: ParameterScale.LOG }));
  const below = values.filter((value) => value <= 10).length / count;
  const expected = Math.log(10.5 / 0.5) / Math.log(100.5 / 0.5);
  // Four standard deviations of a share.
  assert.ok(Math.abs(below - expected) < (4 * Math.sqrt(expected * (1 - expected))) / Math.sqrt(count));
});

test('a parameter draws the same whatever stands beside it', () => {
  const lr = double('lr', 0, 1);
  const alone = compileSpace([lr]);
  const model = categorical('model', ['a', 'b'], {
    children: [child([asString('a')], double('depth', 0, 1))],
  });
  const among = compileSpace([model, lr]);
  const first = randomSampler.create(studySpec([lr]), alone, 3);
  const second = randomSampler.create(studySpec([model, lr]), among, 3);
  for (let number = 0; number < 20; number++) assert.equal(second.draw(number)![2], first.draw(number)![0]);
});

test('another seed gives other points', () => {
  const space = compileSpace([double('x', 0, 1)]);
  const points = [0, 1, -1, Number.MAX_SAFE_INTEGER].map(
    (seed) => randomSampler.create(studySpec([]), space, seed).draw(0)![0],
  );
  assert.equal(new Set(points).size, 4);
});

test('a space without parameters is refused', () => {
  assert.deepEqual(
    randomSampler.check(studySpec([]), compileSpace([])).map(({ field }) => field),
    ['parameters'],
  );
});
