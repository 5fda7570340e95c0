import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rmdir, statfs, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export interface SmallDisk {
  /** Where it is mounted. */
  readonly directory: string;
  free(): Promise<number>;
  /** Takes up all but so many bytes. */
  fill(leaveBytes: number): Promise<void>;
  /** Takes back what `fill` has taken up. */
  clear(): Promise<void>;
}

/**
 * A disk of so many bytes, in memory. Undefined where none can be mounted: the
 * test is skipped then, and says so.
 */
export async function smallDisk(t: TestContext, bytes: number): Promise<SmallDisk | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'wazir-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'wazir-test', directory], { stdio: 'pipe' });
  } catch (error) {
    const why = (error as { stderr?: Buffer }).stderr?.toString().trim() ?? String(error);
    await rmdir(directory);
    t.skip(`NOT TRIED: what a full disk does; a small tmpfs can not be mounted here (needs root): ${why}`);
    return undefined;
  }
  t.after(async () => {
    // Whatever is still open there goes with its process.
    execFileSync('umount', ['--lazy', directory]);
    await rmdir(directory);
  });
  const filler = join(directory, 'filler');
  const free = async () => {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  };
  return {
    directory,
    free,
    async fill(leaveBytes) {
      const file = await open(filler, 'a');
      try {
        for (let left = await free(); left > leaveBytes; left = await free())
          await file.write(Buffer.alloc(Math.min(left - leaveBytes, 2 ** 20)));
      } finally {
        await file.close();
      }
    },
    async clear() {
      await unlink(filler);
    },
  };
}
