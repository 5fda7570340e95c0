/** Random search spaces and values in them, for property tests. */
import fc from 'fast-check';
import { axisOf } from '../../server/domain/axis.js';
import { ParameterScale, type ParameterSpec, type ParameterValue } from '../../server/domain/spec.js';
import { asDouble, asInteger, asString, categorical, discrete, double, integer } from './parameter-specs.js';

export interface SpaceOptions {
  /** The most parameters beside each other. */
  readonly breadth?: number;
  /** The most levels of parameters. */
  readonly levels?: number;
  /** Whether ranges stay small: at most five values, grids over doubles included. */
  readonly small?: boolean;
}

/**
 * Valid lists of parameters: every type and scale, constants, ranges from
 * denormals to the largest doubles and from one to 2^53 whole numbers, defaults,
 * grid points, and conditional children, whose names come back under other values
 * of the parent.
 */
export function spaceArbitrary(options: SpaceOptions = {}): fc.Arbitrary<ParameterSpec[]> {
  const { breadth = 4, levels = 3, small = false } = options;
  return fc
    .array(nodeArbitrary(levels, breadth, small), { minLength: 1, maxLength: breadth })
    .map((nodes) => nameAll(nodes, 0).specs);
}

/** Values that a parameter can take, as `toParameters` would write them. */
export function valueArbitrary(spec: ParameterSpec): fc.Arbitrary<ParameterValue> {
  const domain = spec.domain!;
  switch (domain.$case) {
    case 'double':
      return fc
        .double({ min: domain.value.min, max: domain.value.max, noNaN: true })
        .map((value) => asDouble(value + 0));
    case 'integer':
      return fc.maxSafeInteger().map((value) => asInteger(wrap(value, domain.value.min, domain.value.max)));
    case 'discrete':
      return fc.constantFrom(...domain.value.values).map((value) => asDouble(value + 0));
    case 'categorical':
      return fc.constantFrom(...domain.value.values).map(asString);
  }
}

interface Node {
  readonly spec: ParameterSpec;
  readonly mark: string;
  readonly children: readonly { readonly values: ParameterValue[]; readonly node: Node }[];
}

function nodeArbitrary(levels: number, breadth: number, small: boolean): fc.Arbitrary<Node> {
  return parameterArbitrary(small).chain((spec) => {
    const isParent = levels > 1 && spec.domain?.$case !== 'double' && axisOf(spec).exact;
    const children = isParent
      ? fc.array(
          fc.record({
            values: fc.array(valueArbitrary(spec), { minLength: 1, maxLength: 3 }),
            node: fc.memo(() => nodeArbitrary(levels - 1, breadth, small))(1),
          }),
          { maxLength: breadth - 1 },
        )
      : fc.constant([]);
    return fc.record({
      spec: fc.constant(spec),
      mark: fc.constantFrom('', '', '/', '#2', '~1', 'é'),
      children,
    });
  });
}

/**
 * Gives names that are unique where they can be active together: siblings start
 * at the same number where they share no value of their parent with one before.
 */
function nameAll(nodes: readonly Node[], first: number): { specs: ParameterSpec[]; next: number } {
  let next = first;
  const specs = nodes.map((node) => {
    const named = nameOne(node, next);
    next = named.next;
    return named.spec;
  });
  return { specs, next };
}

function nameOne({ spec, mark, children }: Node, number: number): { spec: ParameterSpec; next: number } {
  const axis = axisOf(spec);
  const taken = new Set<number>();
  let next = number + 1;
  const named = children.map(({ values, node }) => {
    const ordinals = values.map((value) => {
      const place = axis.place(value);
      if ('refusal' in place) throw new Error(place.refusal);
      return place.ordinal;
    });
    const apart = !ordinals.some((ordinal) => taken.has(ordinal));
    ordinals.forEach((ordinal) => taken.add(ordinal));
    const below = nameOne(node, apart ? number + 1 : next);
    next = Math.max(next, below.next);
    return { parentValues: values, parameter: below.spec };
  });
  return { spec: { ...spec, name: `p${number}${mark}`, children: named }, next };
}

function parameterArbitrary(small: boolean): fc.Arbitrary<ParameterSpec> {
  const bare = fc.oneof(
    doubleArbitrary(small),
    integerArbitrary(small),
    discreteArbitrary(),
    fc
      .uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 })
      .map((values) => categorical('', values)),
  );
  return bare.chain((spec) =>
    fc.option(valueArbitrary(spec), { nil: undefined }).map((defaultValue) => ({ ...spec, defaultValue })),
  );
}

const scales = [
  ParameterScale.UNSPECIFIED,
  ParameterScale.LINEAR,
  ParameterScale.LOG,
  ParameterScale.REVERSE_LOG,
] as const;

function isLogarithmic(scale: ParameterScale): boolean {
  return scale === ParameterScale.LOG || scale === ParameterScale.REVERSE_LOG;
}

function doubleArbitrary(small: boolean): fc.Arbitrary<ParameterSpec> {
  return fc.constantFrom(...scales).chain((scale) => {
    const least = isLogarithmic(scale) ? Number.MIN_VALUE : -Number.MAX_VALUE;
    const anywhere = fc.double({ min: least, max: Number.MAX_VALUE, noNaN: true });
    const usual = isLogarithmic(scale)
      ? fc.double({ min: 1e-6, max: 1e3, noNaN: true })
      : fc.double({ min: -10, max: 10, noNaN: true });
    const bounds = fc.oneof(
      fc.tuple(usual, usual),
      fc.tuple(anywhere, anywhere),
      anywhere.map((x) => [x, x]),
    );
    return fc
      .tuple(bounds, fc.integer({ min: small ? 1 : 0, max: 5 }))
      .map(([[a, b], gridPoints]) => double('', Math.min(a, b), Math.max(a, b), { scale, gridPoints }));
  });
}

function integerArbitrary(small: boolean): fc.Arbitrary<ParameterSpec> {
  return fc.constantFrom(...scales).chain((scale) => {
    // Beyond, not every whole number has a coordinate of its own.
    const most = isLogarithmic(scale) ? 2 ** 42 : Number.MAX_SAFE_INTEGER;
    const least = isLogarithmic(scale) ? 1 : -Number.MAX_SAFE_INTEGER;
    const near = fc
      .tuple(fc.integer({ min: isLogarithmic(scale) ? 1 : -20, max: 20 }), fc.integer({ min: 0, max: 4 }))
      .map(([min, span]) => [min, min + span] as const);
    const far = fc
      .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: 0, max: most }))
      .map(([min, span]) => [min, Math.min(most, min + span)] as const);
    const ends = fc.constantFrom([Math.max(0, least), most] as const);
    return fc
      .tuple(small ? near : fc.oneof(near, far, ends), fc.integer({ min: 0, max: 4 }))
      .map(([[min, max], gridPoints]) => integer('', min, max, { scale, gridPoints }));
  });
}

function discreteArbitrary(): fc.Arbitrary<ParameterSpec> {
  return fc.constantFrom(...scales).chain((scale) =>
    fc
      .uniqueArray(
        fc.double({
          min: isLogarithmic(scale) ? Number.MIN_VALUE : -Number.MAX_VALUE,
          max: Number.MAX_VALUE,
          noNaN: true,
        }),
        {
          minLength: 1,
          maxLength: 5,
          comparator: 'SameValueZero',
        },
      )
      .map((values) => discrete('', values, { scale })),
  );
}

/** A whole number of a range that follows from any whole number. */
function wrap(value: number, min: number, max: number): number {
  return Math.min(max, min + (Math.abs(value) % (max - min + 1)));
}
