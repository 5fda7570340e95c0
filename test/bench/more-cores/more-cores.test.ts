import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'node:test';

interface Line {
  setup?: string;
  ratio?: number;
  reports?: number;
  batch?: number;
  handOver?: number;
  median?: { server: number; busiest: number; byRole: Record<string, number> };
}

const skip =
  process.platform === 'linux' ? false : 'CPU time by thread is read from /proc, which only Linux has';

test(
  'every setup serves the load and keeps it, whatever the figures',
  { timeout: 120_000, skip },
  async () => {
    const script = fileURLToPath(new URL('./run.ts', import.meta.url));
    const node = ['--import', import.meta.resolve('tsx'), script, '--quick', '--json', '--in-flight', '64'];
    const { stdout } = await promisify(execFile)(process.execPath, node);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const setups = lines.filter(({ setup }) => setup !== undefined);
    const roles = setups.map(({ median }) =>
      Object.keys(median!.byRole).filter((role) => !role.includes(',')),
    );
    assert.deepEqual(roles, [['whole'], ['whole'], ['engine', 'front'], ['engine', 'front'], ['whole']]);
    for (const { ratio, median } of setups) {
      assert.ok(ratio! > 0 && ratio! < Infinity);
      const { server, busiest } = median!;
      assert.ok(busiest > 0 && busiest < server);
    }
    const batches = lines.filter(({ batch }) => batch !== undefined);
    assert.deepEqual(
      batches.map(({ reports }) => reports),
      [16, 128],
    );
    for (const { batch, handOver } of batches) assert.ok(batch! > 0 && handOver! > 0);
  },
);
