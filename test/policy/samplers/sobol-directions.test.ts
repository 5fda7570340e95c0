import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialDirections, sobolDimensions } from '../../../server/policy/samplers/sobol-directions.js';

test('the first entries are those of the paper', () => {
  assert.deepEqual(initialDirections().slice(0, 7), [
    { degree: 1, coefficients: 0, initial: [1] },
    { degree: 2, coefficients: 1, initial: [1, 3] },
    { degree: 3, coefficients: 1, initial: [1, 3, 1] },
    { degree: 3, coefficients: 2, initial: [1, 1, 1] },
    { degree: 4, coefficients: 1, initial: [1, 1, 3, 3] },
    { degree: 4, coefficients: 4, initial: [1, 3, 5, 13] },
    { degree: 5, coefficients: 2, initial: [1, 1, 5, 5, 17] },
  ]);
});

test('there is an entry for each dimension but the first, with odd numbers below 2^k', () => {
  const entries = initialDirections();
  assert.equal(entries.length, sobolDimensions - 1);
  for (const { degree, coefficients, initial } of entries) {
    assert.equal(initial.length, degree);
    assert.ok(coefficients >= 0 && coefficients < 2 ** (degree - 1));
    initial.forEach((m, index) => assert.ok(m % 2 === 1 && m > 0 && m < 2 ** (index + 1)));
  }
});

test('each polynomial is primitive, and none comes twice', () => {
  const polynomials = initialDirections().map(
    ({ degree, coefficients }) => (1 << degree) | (coefficients << 1) | 1,
  );
  assert.equal(new Set(polynomials).size, polynomials.length);
  for (const polynomial of polynomials) assert.ok(isPrimitive(polynomial), polynomial.toString(2));
});

/** Whether x generates all residues other than 0 modulo a polynomial over GF(2), by going through them. */
function isPrimitive(polynomial: number): boolean {
  const degree = 31 - Math.clz32(polynomial);
  const order = 2 ** degree - 1;
  let power = 1;
  for (let exponent = 1; exponent <= order; exponent++) {
    power <<= 1;
    if (power >> degree) power ^= polynomial;
    if (power === 1) return exponent === order;
  }
  return false;
}
