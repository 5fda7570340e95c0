/** strace, and what to do where it is missing. */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

/** Where all that can be tested must be: a test that lacks something fails instead of being skipped. */
const runsAll = Boolean(process.env['CI']) || process.env['WAZIR_TEST_ALL'] === '1';

/** Whether strace can trace a process here (a container may forbid it). */
export function straceWorks(): boolean {
  return spawnSync('strace', ['-f', '--seccomp-bpf', '-o', '/dev/null', 'true']).status === 0;
}

/** Whether something that a test needs is there; where not, the test is skipped aloud, or fails where all must run. */
export function isThere(t: TestContext, works: boolean, what: string): boolean {
  if (works) return true;
  if (runsAll) throw new Error(`${what} is missing, and CI or WAZIR_TEST_ALL is set`);
  process.stderr.write(`\nNOT TESTED, ${what} is missing: ${t.name}\n\n`);
  t.skip(`${what} is missing`);
  return false;
}
