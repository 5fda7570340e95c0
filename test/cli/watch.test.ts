import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { ashaStudy, TestServer } from './server.js';
import type { EndSignal } from '../../server/cli/surroundings.js';

/** A promise that the output has this text, and the function that is told of the output. */
function waiter() {
  let output = '';
  const waiting: { text: string; resolve: () => void }[] = [];
  const check = () => {
    for (const { text, resolve } of waiting) if (output.includes(text)) resolve();
  };
  return {
    onOutput: (text: string) => {
      output = text;
      check();
    },
    has: (text: string) =>
      new Promise<void>((resolve) => {
        waiting.push({ text, resolve });
        check();
      }),
  };
}

/** Plays a worker until the study is completed. */
async function finish(server: TestServer): Promise<void> {
  for (let at = 1; ; at += 1) {
    const trial = await server.suggest('digits');
    if (trial === undefined) return;
    await server.report(trial, trial.assignment!.toResource, trial.id / 10 + at / 1_000);
  }
}

test('off a terminal each change is a line, until the study is completed', async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'digits');
  const output = waiter();
  const watching = server.wazir(['watch', 'digits'], { onOutput: output.onOutput });
  await output.has('digits ACTIVE: 0 trials, 0 running, spent 0 epoch\n');
  await finish(server);
  const { code, stdout, stderr } = await watching;
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split('\n');
  assert.match(stdout, /^trial 1 PAUSED, rung 0 \(to 1\), step 1, accuracy=0\.101$/m);
  assert.match(
    lines.at(-1)!,
    /^digits COMPLETED \(MAX_TRIALS\): 4 trials, 0 running, best accuracy=0\.\d+ \(trial \d\), spent \d+ epoch$/,
  );
  lines.forEach((line, at) => assert.notEqual(line, lines[at - 1]));
  assert.doesNotMatch(stdout, /\u001b/);
});

test('a completed study is shown whole, and that is all', async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'digits');
  await finish(server);
  const { code, stdout } = await server.wazir(['watch', 'digits', '--json']);
  assert.equal(code, 0);
  const changes = stdout
    .trimEnd()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as {
          sequence: number;
          trial?: { id: number };
          study?: { state: string };
          caughtUp: boolean;
        },
    );
  assert.deepEqual(changes.flatMap(({ trial }) => trial?.id ?? []).sort(), [1, 2, 3, 4]);
  assert.deepEqual(
    changes.flatMap(({ study }) => study?.state ?? []),
    ['STUDY_STATE_COMPLETED'],
  );
  assert.equal(changes.at(-1)!.caughtUp, true);
  changes.forEach(({ sequence }, at) => assert.ok(sequence > (changes[at - 1]?.sequence ?? 0)));
});

test('over a restart of the server the watch goes on where it was', async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'digits');
  const output = waiter();
  const watching = server.wazir(['watch', 'digits', '--json'], { onOutput: output.onOutput });
  const trial = (await server.suggest('digits'))!;
  await server.report(trial, 1, 0.5);
  await output.has('"TRIAL_STATE_PAUSED"');
  await server.stop();
  await server.start();
  await finish(server);
  const { code, stdout } = await watching;
  assert.equal(code, 0);
  const sequences = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { sequence: number }).sequence);
  assert.deepEqual(
    sequences,
    [...new Set(sequences)].sort((a, b) => a - b),
  );
});

test('a terminal gets a bar a rung, redrawn, and its cursor back', async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'digits');
  const output = waiter();
  const watching = server.wazir(['watch', 'digits'], { terminal: true, onOutput: output.onOutput });
  await output.has('digits ACTIVE');
  await finish(server);
  const { code, stdout } = await watching;
  assert.equal(code, 0);
  const frame = stdout.slice(stdout.lastIndexOf('digits COMPLETED')).replace(/\u001b\[[?\d;]*[a-zA-Z]/g, '');
  assert.match(frame, /^digits COMPLETED .*\nrung 0 \(to 1\) █{30} 4\/4 best 0\.\d+\nrung 1 \(to 3\) /);
});

test('a signal ends the watch with its code', async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'digits');
  const output = waiter();
  const signals = new EventEmitter();
  const interrupted = once(signals, 'signal').then(([signal]) => signal as EndSignal);
  const watching = server.wazir(['watch', 'digits'], { interrupted, onOutput: output.onOutput });
  await output.has('digits ACTIVE');
  signals.emit('signal', 'SIGINT');
  assert.equal((await watching).code, 130);
});

test('a study that is deleted meanwhile ends the watch', async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'digits');
  const output = waiter();
  const watching = server.wazir(['watch', 'digits'], { onOutput: output.onOutput });
  await output.has('digits ACTIVE');
  await server.wazir(['study', 'delete', 'digits']);
  const { code, stderr } = await watching;
  assert.equal(code, 1);
  assert.match(stderr, /\(NOT_FOUND, /);
  assert.equal((await server.wazir(['watch', 'digits'])).code, 1);
});
