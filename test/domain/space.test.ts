import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { WazirError } from '../../server/domain/errors.js';
import { checkParameters, compileSpace, type Space } from '../../server/domain/space.js';
import type { Parameter, ParameterSpec, ParameterValue } from '../../server/domain/spec.js';
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
import { spaceArbitrary, valueArbitrary } from './space-arbitrary.js';

function given(values: Record<string, ParameterValue>): Parameter[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function refusalsOf(space: Space, parameters: Parameter[]): string[] {
  try {
    space.toPoint(parameters, 'trial.parameters');
  } catch (error) {
    assert.ok(error instanceof WazirError);
    assert.equal(error.reason, 'INVALID_FIELD');
    return error.violations.map(({ field, description }) => `${field}: ${description}`);
  }
  return [];
}

const coordinate = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(0, 1, Number.MIN_VALUE, 1 - 2 ** -53),
);

/** A space and a full set of coordinates of it. */
const spaceAndCoordinates = spaceArbitrary().chain((specs) => {
  const { length } = compileSpace(specs).dimensions;
  return fc.tuple(fc.constant(specs), fc.array(coordinate, { minLength: length, maxLength: length }));
});

const optimizers = [
  categorical('optimizer', ['sgd', 'adam'], {
    children: [
      child([asString('sgd')], double('momentum', 0, 1, { defaultValue: asDouble(0.9) })),
      child([asString('adam')], double('beta', 0, 1)),
      child(
        [asString('sgd')],
        integer('nesterov', 0, 1, { children: [child([asInteger(1)], discrete('warmup', [5, 1]))] }),
      ),
    ],
    defaultValue: asString('sgd'),
  }),
  integer('layers', 1, 5),
];

describe('points and parameters', () => {
  test('any coordinates give parameters that a user could have given', () => {
    fc.assert(
      fc.property(spaceAndCoordinates, ([specs, coordinates]) => {
        const space = compileSpace(specs);
        const point = space.prune(coordinates);
        const parameters = space.toParameters(point);
        const back = space.toPoint(parameters, 'parameters');
        assert.deepEqual(back.map(Number.isNaN), point.map(Number.isNaN));
        const again = space.toParameters(back);
        assert.deepEqual(
          again.map(({ name }) => name),
          parameters.map(({ name }) => name),
        );
      }),
    );
  });

  test('values come back: doubles to within rounding, all others exactly', () => {
    const trial = spaceArbitrary().chain((specs) => {
      const { dimensions } = compileSpace(specs);
      return fc.tuple(fc.constant(specs), fc.tuple(...dimensions.map(({ spec }) => valueArbitrary(spec))));
    });
    fc.assert(
      fc.property(trial, ([specs, values]) => {
        const space = compileSpace(specs);
        const active = activeOnly(specs, space, values);
        const parameters = active.map(({ spec, value }) => ({ name: spec.name, value }));
        const back = space.toParameters(space.toPoint(parameters, 'parameters'));
        assert.equal(back.length, parameters.length);
        for (const [index, { name, value }] of back.entries()) {
          const before = parameters[index]!;
          assert.equal(name, before.name);
          const { spec } = active[index]!;
          if (
            value?.kind?.$case === 'doubleValue' &&
            before.value?.kind?.$case === 'doubleValue' &&
            spec.domain?.$case === 'double'
          )
            assertClose(value.kind.value, before.value.kind.value, spec.domain.value);
          else assert.deepEqual(value, before.value);
        }
      }),
    );
  });

  test('parameters stand in the order of the spec, children right after their parent', () => {
    const space = compileSpace(optimizers);
    const parameters = given({
      warmup: asDouble(5),
      layers: asInteger(2),
      nesterov: asInteger(1),
      momentum: asDouble(0.5),
      optimizer: asString('sgd'),
    });
    const back = space.toParameters(space.toPoint(parameters, 'parameters'));
    assert.deepEqual(
      back,
      given({
        optimizer: asString('sgd'),
        momentum: asDouble(0.5),
        nesterov: asInteger(1),
        warmup: asDouble(5),
        layers: asInteger(2),
      }),
    );
  });

  test('a whole number may come as integer or as double', () => {
    const space = compileSpace([double('x', 0, 4), discrete('d', [1, 2]), integer('n', 0, 4)]);
    const point = space.toPoint(given({ x: asInteger(1), d: asInteger(2), n: asDouble(3) }), 'parameters');
    assert.deepEqual(space.toParameters(point), given({ x: asDouble(1), d: asDouble(2), n: asInteger(3) }));
  });

  test('coordinates outside the unit interval give the nearer end', () => {
    const space = compileSpace([double('x', -2, 3), integer('n', 1, 5), categorical('c', ['a', 'b'])]);
    assert.deepEqual(
      space.toParameters([-1, -1, -1]),
      given({ x: asDouble(-2), n: asInteger(1), c: asString('a') }),
    );
    assert.deepEqual(
      space.toParameters([2, 2, 2]),
      given({ x: asDouble(3), n: asInteger(5), c: asString('b') }),
    );
  });

  test('a point without a coordinate for an active parameter is refused', () => {
    const space = compileSpace(optimizers);
    assert.throws(() => space.toParameters([0, NaN, NaN, NaN, NaN, 0]), RangeError);
    assert.throws(() => space.toParameters([0]), RangeError);
  });

  test('a tree of 32 levels works from end to end', () => {
    let spec = integer('p32', 0, 1);
    for (let level = 31; level >= 1; level--)
      spec = integer(`p${level}`, 0, 1, { children: [child([asInteger(1)], spec)] });
    assert.deepEqual(checkParameters([spec], 'parameters'), []);
    const space = compileSpace([spec]);
    assert.equal(space.dimensions.length, 32);
    assert.equal(space.toParameters(space.prune(new Array<number>(32).fill(1))).length, 32);
    const cut = new Array<number>(32).fill(1).with(9, 0);
    assert.equal(space.toParameters(space.prune(cut)).length, 10);
  });

  test('names that objects already have are names like others', () => {
    const space = compileSpace([categorical('__proto__', ['constructor']), integer('toString', 0, 1)]);
    const parameters = [
      { name: '__proto__', value: asString('constructor') },
      { name: 'toString', value: asInteger(1) },
    ];
    assert.deepEqual(space.toParameters(space.toPoint(parameters, 'parameters')), parameters);
  });
});

describe('what a user gives', () => {
  const space = compileSpace(optimizers);
  const good = { optimizer: asString('adam'), beta: asDouble(0.5), layers: asInteger(2) };

  const refused: [string, Parameter[], string[]][] = [
    ['nothing wrong', given(good), []],
    [
      'missing',
      given({ optimizer: asString('adam'), layers: asInteger(2) }),
      ['trial.parameters: "optimizer/beta" is missing: it is active here'],
    ],
    [
      'unknown',
      given({ ...good, depth: asInteger(1) }),
      ['trial.parameters[3].name: "depth" is not a parameter of this study'],
    ],
    [
      'inactive',
      given({ ...good, momentum: asDouble(0) }),
      ['trial.parameters[3].name: "momentum" is not active at these values'],
    ],
    [
      'twice',
      [...given(good), ...given({ layers: asInteger(2) })],
      ['trial.parameters[3].name: "layers" is given twice'],
    ],
    [
      'out of range',
      given({ ...good, beta: asDouble(1.5) }),
      ['trial.parameters[1].value: 1.5 is not within 0 to 1'],
    ],
    [
      'not a number',
      given({ ...good, beta: asDouble(NaN) }),
      ['trial.parameters[1].value: NaN is not within 0 to 1'],
    ],
    [
      'no whole number',
      given({ ...good, layers: asDouble(3.5) }),
      ['trial.parameters[2].value: 3.5 is no whole number'],
    ],
    [
      'infinite',
      given({ ...good, layers: asDouble(Infinity) }),
      ['trial.parameters[2].value: Infinity is no whole number'],
    ],
    [
      'a string for a number',
      given({ ...good, layers: asString('2') }),
      ['trial.parameters[2].value: "2" is no whole number'],
    ],
    [
      'no value',
      [...given({ optimizer: asString('adam'), beta: asDouble(0) }), { name: 'layers', value: undefined }],
      ['trial.parameters[2].value: a value that is not set is no whole number'],
    ],
    [
      'a parent of another type, which leaves its children open',
      given({ optimizer: asInteger(1), momentum: asDouble(7), layers: asInteger(9), warmup: asDouble(5) }),
      ['trial.parameters[0].value: 1 is no string', 'trial.parameters[2].value: 9 is not within 1 to 5'],
    ],
    [
      'not listed, at depth',
      given({
        optimizer: asString('sgd'),
        momentum: asDouble(0),
        nesterov: asInteger(1),
        warmup: asDouble(2),
        layers: asInteger(1),
      }),
      ['trial.parameters[3].value: 2 is not one of the 2 listed numbers'],
    ],
  ];
  for (const [what, parameters, violations] of refused)
    test(what, () => assert.deepEqual(refusalsOf(space, parameters), violations));

  test('a name that stands under two values means the active one', () => {
    const twice = compileSpace([
      categorical('model', ['tree', 'net'], {
        children: [
          child([asString('tree')], integer('depth', 1, 3)),
          child([asString('net')], integer('depth', 10, 30)),
        ],
      }),
    ]);
    assert.deepEqual(
      twice.dimensions.map(({ path }) => path),
      ['model', 'model/depth', 'model/depth#2'],
    );
    assert.deepEqual(refusalsOf(twice, given({ model: asString('net'), depth: asInteger(20) })), []);
    assert.equal(refusalsOf(twice, given({ model: asString('tree'), depth: asInteger(20) })).length, 1);
  });
});

describe('defaults', () => {
  test('there is a point where every active parameter has one', () => {
    const lacking = compileSpace(optimizers);
    assert.equal(lacking.defaultPoint(), undefined);
    const complete = compileSpace([
      categorical('optimizer', ['sgd', 'adam'], {
        children: [
          child([asString('sgd')], double('momentum', 0, 1, { defaultValue: asDouble(0.75) })),
          child([asString('adam')], double('beta', 0, 1)),
        ],
        defaultValue: asString('sgd'),
      }),
    ]);
    const point = complete.defaultPoint();
    assert.ok(point);
    assert.deepEqual(
      complete.toParameters(point),
      given({ optimizer: asString('sgd'), momentum: asDouble(0.75) }),
    );
    assert.ok(Number.isNaN(point[2]));
  });

  test('falsy defaults are defaults', () => {
    const space = compileSpace([
      double('x', -1, 1, { defaultValue: asDouble(0) }),
      integer('n', 0, 1, { defaultValue: asInteger(0) }),
    ]);
    assert.deepEqual(space.toParameters(space.defaultPoint()!), given({ x: asDouble(0), n: asInteger(0) }));
  });
});

test('every arbitrary space is a valid one', () => {
  fc.assert(
    fc.property(spaceArbitrary(), (specs) => assert.deepEqual(checkParameters(specs, 'parameters'), [])),
  );
});

/** The parameters that are active at the given values, with theirs. */
function activeOnly(specs: readonly ParameterSpec[], space: Space, values: readonly ParameterValue[]) {
  const active: { readonly spec: ParameterSpec; readonly value: ParameterValue }[] = [];
  let index = 0;
  const walk = (spec: ParameterSpec, isActive: boolean) => {
    const value = values[index++]!;
    if (isActive) active.push({ spec, value });
    for (const { parentValues, parameter } of spec.children)
      walk(parameter!, isActive && parentValues.some((parent) => parent.kind!.value === value.kind!.value));
  };
  for (const spec of specs) walk(spec, true);
  assert.equal(index, space.dimensions.length);
  return active;
}

function assertClose(value: number, before: number, { min, max }: { min: number; max: number }): void {
  assert.ok(value >= min && value <= max);
  const largest = Math.max(Math.abs(min), Math.abs(max));
  // Half of it first: the difference of two doubles may overflow.
  assert.ok(
    Math.abs(value / 2 - before / 2) <= largest * 2 ** -40,
    `${value} for ${before} of ${min} to ${max}`,
  );
}
