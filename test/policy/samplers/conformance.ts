/** What every sampler guarantees; see `sampler.ts`. Each sampler's test runs it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileSpace } from '../../../server/domain/space.js';
import type { ParameterSpec, StudySpec } from '../../../server/domain/spec.js';
import { samplerOf, samplers } from '../../../server/policy/samplers/index.js';
import type { SamplerKind } from '../../../server/policy/samplers/sampler.js';
import { integer } from '../../domain/parameter-specs.js';
import { spaceArbitrary } from '../../domain/space-arbitrary.js';
import { studySpec } from './study-spec.js';

/** One sampler with its settings. */
export interface SamplerUnderTest {
  readonly sampler: SamplerKind;
  readonly kind: NonNullable<StudySpec['sampler']>['kind'];
}

const seeds = fc.maxSafeInteger();
/** Numbers of draws, near and far. */
const draws = fc.array(fc.oneof(fc.nat(50), fc.nat(2 ** 32 - 1)), { minLength: 1, maxLength: 20 });

export function samplerConformance(name: string, { sampler, kind }: SamplerUnderTest): void {
  /** A study that passes the sampler's check. */
  const study = spaceArbitrary()
    .map((parameters) => ({ spec: studySpec(parameters, kind), space: compileSpace(parameters) }))
    .filter(({ spec, space }) => sampler.check(spec, space).length === 0);

  describe(`${name} keeps the contract of samplers`, () => {
    test('it is listed, and found by its settings', () => {
      assert.ok(samplers.includes(sampler));
      assert.equal(samplerOf(studySpec([], kind)), sampler);
      assert.equal(sampler.name, kind?.$case);
      assert.ok(sampler.summary.endsWith('.') && sampler.useWhen.endsWith('.'));
    });

    test('points lie in the space, with a coordinate for each active parameter and no other', () => {
      fc.assert(
        fc.property(study, seeds, draws, ({ spec, space }, seed, numbers) => {
          const made = sampler.create(spec, space, seed);
          for (const number of numbers) {
            const point = made.draw(number);
            if (number >= made.size) {
              assert.equal(point, undefined);
              continue;
            }
            assert.ok(point);
            assert.equal(point.length, space.dimensions.length);
            assert.deepEqual(space.prune(point), point);
            assert.ok(
              point.every((coordinate) => Number.isNaN(coordinate) || (coordinate >= 0 && coordinate <= 1)),
            );
            const parameters = space.toParameters(point);
            assert.equal(parameters.length, point.filter((coordinate) => !Number.isNaN(coordinate)).length);
            space.toPoint(parameters, 'parameters');
          }
        }),
      );
    });

    test('a draw is a function of its number: any order, any repetition, any instance', () => {
      fc.assert(
        fc.property(study, seeds, draws, ({ spec, space }, seed, numbers) => {
          const first = sampler.create(spec, space, seed);
          const points = new Map(numbers.map((number) => [number, first.draw(number)]));
          const restarted = sampler.create(spec, compileSpace(spec.parameters), seed);
          for (const number of numbers.toReversed()) {
            assert.deepEqual(restarted.draw(number), points.get(number));
            assert.deepEqual(first.draw(number), points.get(number));
          }
        }),
      );
    });

    test('a size is a whole number that ends the draws, or Infinity', () => {
      fc.assert(
        fc.property(study, seeds, ({ spec, space }, seed) => {
          const made = sampler.create(spec, space, seed);
          const { size } = made;
          if (size === Infinity) {
            assert.ok(made.draw(Number.MAX_SAFE_INTEGER));
            return;
          }
          assert.ok(Number.isSafeInteger(size) && size >= 1);
          assert.ok(made.draw(size - 1));
          for (const after of [size, size + 1, Number.MAX_SAFE_INTEGER + 1])
            assert.equal(made.draw(after), undefined);
        }),
      );
    });

    test('both ends of a range of whole numbers are reached', () => {
      const parameters: ParameterSpec[] = [integer('n', 3, 7), integer('constant', -2, -2)];
      const space = compileSpace(parameters);
      const made = sampler.create(studySpec(parameters, kind), space, 1);
      const reached = new Set<number>();
      for (let number = 0; number < Math.min(64, made.size); number++) {
        const [n, constant] = space
          .toParameters(made.draw(number)!)
          .map(({ value }) => value!.kind!.value as number);
        reached.add(n!);
        assert.equal(constant, -2);
      }
      assert.deepEqual([...reached].sort(), [3, 4, 5, 6, 7]);
    });

    test('the violations of its check name fields of the spec', () => {
      fc.assert(
        fc.property(spaceArbitrary(), (parameters) => {
          for (const { field } of sampler.check(studySpec(parameters, kind), compileSpace(parameters)))
            assert.match(field, /^(sampler(\.\w+)?|parameters(\[\d+\].*)?)$/);
        }),
      );
    });
  });
}
