/**
 * How long property tests run. `WAZIR_TEST_RUNS` multiplies the runs, for a night;
 * `WAZIR_TEST_SEED` repeats those of a failure, which prints its seed and path.
 */
import type fc from 'fast-check';

export function runs<T>(usual: number): fc.Parameters<T> {
  const { WAZIR_TEST_RUNS: factor, WAZIR_TEST_SEED: seed } = process.env;
  return {
    numRuns: Math.max(1, Math.round(usual * Number(factor ?? 1))),
    includeErrorInReport: true,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  };
}
