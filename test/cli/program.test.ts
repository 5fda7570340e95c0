import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { exitCodeMeanings, ExitCode } from '../../server/cli/exit-code.js';
import { wazir } from './wazir.js';

test('help names the commands and every exit code', async () => {
  const { code, stdout, stderr } = await wazir(['--help']);
  assert.deepEqual([code, stderr], [0, '']);
  for (const name of ['serve', 'study', 'trial', 'best', 'watch', 'export', 'algorithms']) {
    assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
  }
  for (const [exitCode, meaning] of exitCodeMeanings) {
    assert.match(stdout, new RegExp(`^ +${exitCode} {2}${meaning.slice(0, 20)}`, 'm'));
  }
  assert.deepEqual(exitCodeMeanings.map(([each]) => each).sort(), Object.values(ExitCode).sort());
  assert.match((await wazir(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  assert.match((await wazir(['serve', '--help'])).stdout, /WAZIR_LISTEN;\s+127\.0\.0\.1:8765/);
});

test('wrong usage ends with 2 and one line that says what', async () => {
  const wrong: [given: string[], message: RegExp][] = [
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['study', 'show'], /missing required argument 'study'/],
    [['study', 'list', '--colour'], /unknown option '--colour'/],
    [['study', 'create'], /required option '-f, --file <file>' not specified/],
    [['study', 'show', 'a/b'], /study: must have the form/],
    [['study', 'show', '..'], /study: the study id must not be/],
    [['study', 'list', '--owner', 'a/b'], /--owner: must have the form/],
    [['study', 'update', 'x'], /nothing to change/],
    [['study', 'update', 'x', '--state', 'done'], /--state: expected active or paused or completed/],
    [['study', 'update', 'x', '--max-trials', '1.5'], /--max-trials: expected a whole number/],
    [['study', 'update', 'x', '--max-duration', '5'], /--max-duration: expected a duration/],
    [['study', 'update', 'x', '--label', 'team'], /--label: expected key=value/],
    [['trial', 'show', 'x', '0'], /trial: the trial id must be/],
    [['trial', 'show', 'x'], /trial: must have the form/],
    [['trial', 'list', 'x', '--state', 'tired'], /--state: expected one of requested, active/],
    [['trial', 'list', 'x', '--limit', '0'], /--limit: expected a whole number/],
    [['best', 'x', '--server', 'nowhere'], /--server: expected host:port/],
    [['serve', '--log-level', 'loud'], /--log-level: expected one of/],
    [['serve', '--listen', '127.0.0.1'], /--listen: "127\.0\.0\.1": expected host:port/],
  ];
  for (const [given, message] of wrong) {
    const { code, stdout, stderr } = await wazir(given);
    assert.equal(code, 2, given.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.match(stderr, /^wazir: [^\n]*\n$/, given.join(' '));
  }
  const groupAlone = await wazir(['study']);
  assert.equal(groupAlone.code, 2);
  assert.match(groupAlone.stderr, /^Usage: wazir study/);
});

test('where no server answers the code is 3', async () => {
  // A port that was free a moment ago and that nobody listens on.
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  assert.ok(typeof address === 'object' && address !== null);
  probe.close();
  await once(probe, 'close');
  const environment = { WAZIR_SERVER: `127.0.0.1:${address.port}` };
  for (const command of [
    ['study', 'list'],
    ['watch', 'x'],
    ['export', 'x'],
  ]) {
    const { code, stderr } = await wazir(command, { environment });
    assert.equal(code, 3, stderr);
    assert.match(
      stderr,
      /^wazir: no server answers at 127\.0\.0\.1:\d+: .*ECONNREFUSED.*\n {2}start one with "wazir serve"/,
    );
  }
  const { stderr } = await wazir(['study', 'list', '--json'], { environment });
  const { error } = JSON.parse(stderr) as { error: { exitCode: number; code: string } };
  assert.deepEqual([error.exitCode, error.code], [3, 'UNAVAILABLE']);
  const socket = await wazir(['study', 'list', '--server', 'unix:/nowhere/wazir.sock']);
  assert.equal(socket.code, 3);
});

test('a server that takes the call and says nothing is given up in time', async (t) => {
  const silent = createServer((socket) => t.after(() => socket.destroy())).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => silent.close());
  const address = silent.address();
  assert.ok(typeof address === 'object' && address !== null);
  const given = ['study', 'list', '--server', `127.0.0.1:${address.port}`, '--timeout', '50ms'];
  const { code, stderr } = await wazir(given);
  assert.equal(code, 3);
  assert.match(stderr, /did not answer in time \(DEADLINE_EXCEEDED\)\n {2}allow more with --timeout\n$/);
});
