import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Calls back when a test ends; node:test's contexts have it. */
export interface Ending {
  after(fn: () => Promise<void>): void;
}

/** An empty directory that is removed when the test ends. */
export async function temporaryDirectory(test: Ending): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wazir-store-'));
  test.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
