/**
 * Where the numbers of a range lie on the unit interval: linear, logarithmic, or
 * logarithmic from the upper end.
 */
import { ParameterScale } from './spec.js';

/** A rising map between [0, 1] and [min, max]; both ends map to each other exactly. */
export interface Scale {
  /** The number at a coordinate. Within [min, max] whatever the coordinate. */
  readonly fromUnit: (coordinate: number) => number;
  /** The coordinate of a number within [min, max]. */
  readonly toUnit: (value: number) => number;
}

/**
 * The scale over [min, max].
 *
 * `toUnit` and `fromUnit` undo each other to within rounding: to 2^-50 of the
 * larger bound on a linear scale, to a relative 2^-40 on a logarithmic one (2^-47
 * where max / min is below 10^6), and to as much of `max` on a reversed one.
 *
 * REVERSE_LOG is LOG mirrored within the range: x on it lies where
 * min + max − x lies on LOG, counted from the other end.
 *
 * @param min finite, below `max`; above 0 unless linear
 * @param max finite
 */
export function scaleOver(scale: ParameterScale, min: number, max: number): Scale {
  const inner =
    scale === ParameterScale.LOG
      ? logarithmic(min, max)
      : scale === ParameterScale.REVERSE_LOG
        ? mirrored(logarithmic(min, max), min, max)
        : linear(min, max);
  return {
    fromUnit: (coordinate) => {
      // Rounding moves the ends, and 1 times the span is not always max − min.
      if (!(coordinate > 0)) return min;
      if (coordinate >= 1) return max;
      return clamp(inner.fromUnit(coordinate), min, max);
    },
    toUnit: (value) => {
      if (value <= min) return 0;
      if (value >= max) return 1;
      return clamp(inner.toUnit(value), 0, 1);
    },
  };
}

function linear(min: number, max: number): Scale {
  const span = max - min;
  if (Number.isFinite(span)) {
    return { fromUnit: (u) => min + u * span, toUnit: (x) => (x - min) / span };
  }
  // max − min overflows; halving is exact for numbers of this size.
  const half = max / 2 - min / 2;
  return { fromUnit: (u) => min * (1 - u) + max * u, toUnit: (x) => (x / 2 - min / 2) / half };
}

function logarithmic(min: number, max: number): Scale {
  const growth = (max - min) / min;
  if (growth < 1) {
    // The logarithms of a narrow range agree in most digits; their difference
    // would keep few.
    const span = Math.log1p(growth);
    return {
      fromUnit: (u) => min + min * Math.expm1(u * span),
      toUnit: (x) => Math.log1p((x - min) / min) / span,
    };
  }
  // Not ln(max / min): that overflows where the range spans all doubles.
  const low = Math.log(min);
  const span = Math.log(max) - low;
  return { fromUnit: (u) => Math.exp(low + u * span), toUnit: (x) => (Math.log(x) - low) / span };
}

function mirrored(scale: Scale, min: number, max: number): Scale {
  // In this order, since max − x is exact where x is close to max.
  const mirror = (x: number) => clamp(min + (max - x), min, max);
  return { fromUnit: (u) => mirror(scale.fromUnit(1 - u)), toUnit: (x) => 1 - scale.toUnit(mirror(x)) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
