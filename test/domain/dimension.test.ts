import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileDimensions } from '../../server/domain/dimension.js';
import { asInteger, asString, categorical, child, double, integer } from './parameter-specs.js';
import { spaceArbitrary } from './space-arbitrary.js';

test('lays a tree out in the order of the spec, children right after their parent', () => {
  const dimensions = compileDimensions([
    categorical('optimizer', ['sgd', 'adam'], {
      children: [
        child(
          [asString('sgd')],
          integer('nesterov', 0, 1, { children: [child([asInteger(1)], double('warmup', 0, 1))] }),
        ),
        child([asString('adam'), asString('sgd')], double('beta', 0, 1)),
      ],
    }),
    double('lr', 0, 1),
  ]);
  assert.deepEqual(
    dimensions.map(({ path, field, parent, activators, children }) => [
      path,
      field,
      parent,
      [...activators],
      children,
    ]),
    [
      ['optimizer', 'parameters[0]', undefined, [], [1, 3]],
      ['optimizer/nesterov', 'parameters[0].children[0].parameter', 0, [0], [2]],
      ['optimizer/nesterov/warmup', 'parameters[0].children[0].parameter.children[0].parameter', 1, [1], []],
      ['optimizer/beta', 'parameters[0].children[1].parameter', 0, [1, 0], []],
      ['lr', 'parameters[1]', undefined, [], []],
    ],
  );
});

test('no two paths are the same, whatever the names', () => {
  const names = fc.uniqueArray(
    fc.string({ unit: fc.constantFrom('a', '/', '#', '~', '0', '1', '2'), minLength: 1, maxLength: 5 }),
    {
      minLength: 1,
      maxLength: 6,
    },
  );
  fc.assert(
    fc.property(names, names, (outer, inner) => {
      const specs = outer.map((name) =>
        categorical(name, ['a', 'b'], {
          // The same names under either value.
          children: ['a', 'b'].flatMap((value) =>
            inner.map((below) => child([asString(value)], double(below, 0, 1))),
          ),
        }),
      );
      const paths = compileDimensions(specs).map(({ path }) => path);
      assert.equal(new Set(paths).size, paths.length);
    }),
  );
  fc.assert(
    fc.property(spaceArbitrary(), (specs) => {
      const paths = compileDimensions(specs).map(({ path }) => path);
      assert.equal(new Set(paths).size, paths.length);
    }),
  );
});
