import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = new URL('..', import.meta.url);

interface Summary {
  best: { value: number; parameters: Record<string, number | string> };
  trials: number;
  resource_used: number;
  resource_full: number;
  reassigned: number;
}

const data = await mkdtemp(join(tmpdir(), 'wazir-demo-'));
after(() => rm(data, { recursive: true }));

/** Runs the demo as a user does, and reads the last line that it prints. */
async function demo(...flags: string[]): Promise<Summary> {
  const script = 'clients/typescript/examples/digits/demo.ts';
  const args = ['--import', 'tsx', script, '--data', data, ...flags];
  const { stdout } = await run(process.execPath, args, { cwd: root });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Summary;
}

test('the demo finds a good network although a worker is killed, and goes on when run again', async () => {
  const first = await demo('--json');
  assert.ok(first.best.value >= 0.95 && first.best.value <= 1, `held-out accuracy ${first.best.value}`);
  assert.ok(first.reassigned >= 1, 'the trial of the killed worker went to another');
  assert.equal(first.trials, 50);
  assert.equal(first.resource_full, 50 * 27);
  // Every trial is trained for an epoch, some at rungs above; together far less than in full.
  assert.ok(
    first.resource_used >= 50 && first.resource_used < first.resource_full / 2,
    `${first.resource_used}`,
  );
  assert.equal(typeof first.best.parameters['learning_rate'], 'number');
  assert.equal('momentum' in first.best.parameters, first.best.parameters['optimizer'] === 'momentum');

  const second = await demo('--json', '--trials', '12', '--workers', '2');
  assert.equal(second.trials, 62);
  assert.ok(second.best.value >= first.best.value, `${second.best.value} after ${first.best.value}`);
  assert.ok(second.resource_used > first.resource_used);
  assert.ok(second.reassigned >= first.reassigned);
});
