import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect, v1 } from '../src/index.js';
import { settings, startLive } from './live-server.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const quickStart = fileURLToPath(new URL('../examples/quick-start.ts', import.meta.url));

/** Starts the server as a process and waits until it listens. */
async function serve(data: string, listen: string): Promise<{ child: ChildProcess; address: string }> {
  const args = ['--import', 'tsx', 'server/main.ts', 'serve', '--data', data, '--listen', listen];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout)) {
    const { msg, address } = JSON.parse(line) as { msg: string; address?: string };
    if (msg !== 'listening') continue;
    // What it logs later is read by nobody, and must not fill the pipe.
    child.stdout.resume();
    return { child, address: address! };
  }
  throw new Error('the server ended before it listened');
}

test('a worker goes on after its server was killed, and nothing acknowledged is lost', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'wazir-kill-'));
  let server = await serve(data, '127.0.0.1:0');
  const { address } = server;
  const client = connect(address);
  t.after(async () => {
    client.close();
    server.child.kill('SIGKILL');
    await rm(data, { recursive: true });
  });
  const study = await client.createStudy('s', settings);
  const acknowledged = new Set<string>();
  let killed = false;
  for await (const trial of study.trials()) {
    for await (const epoch of trial.steps()) {
      const report = trial.report(epoch, { score: (trial.parameters['x'] as number) * epoch });
      if (acknowledged.size === 5 && !killed) {
        killed = true;
        server.child.kill('SIGKILL');
        await once(server.child, 'exit');
        server = await serve(data, address);
      }
      await report;
      acknowledged.add(`${trial.id} ${trial.attempt} ${epoch}`);
    }
  }
  assert.equal(killed, true);
  assert.equal((await study.get()).state, v1.StudyState.COMPLETED);
  const listed = new Set<string>();
  for await (const { id } of study.listTrials()) {
    for await (const { attempt, step } of study.listMeasurements(id, { superseded: true })) {
      listed.add(`${id} ${attempt} ${step}`);
    }
  }
  assert.deepEqual(listed, acknowledged);
});

test('the job of the README runs, finds the best rate, and its process ends by itself', async (t) => {
  const { address, directory } = await startLive(t);
  const args = ['--import', import.meta.resolve('tsx'), quickStart, address];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: directory });
  const [, loss, parameters] = /^loss (\S+) with (.*)$/m.exec(stdout)!;
  assert.ok(Number(loss) < 0.1, stdout);
  assert.ok('learning_rate' in (JSON.parse(parameters!) as object));
});

test('the README shows just the job that is tried', async () => {
  const code = (await readFile(quickStart, 'utf8')).replace('../src/index.js', 'wazir-client');
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  assert.ok(readme.includes(code), 'examples/quick-start.ts and the README differ');
});
