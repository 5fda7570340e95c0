import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once, type EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { credentials, makeGenericClientConstructor, type ChannelCredentials } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

const Health = makeGenericClientConstructor(service, 'Health') as unknown as new (
  address: string,
  channelCredentials: ChannelCredentials,
) => { watch(request: { service: string }): EventEmitter; close(): void };

const main = fileURLToPath(new URL('../server/main.ts', import.meta.url));

type Process = ChildProcessByStdio<null, Readable, Readable>;

interface Line {
  readonly msg: string;
  readonly level: string;
  readonly time: string;
  readonly address?: string;
}

function start(t: TestContext, ...given: string[]): Process {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...given], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function ended(child: Process): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'wazir-main-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Starts a server and waits for so many addresses; `lines` goes on with what it logs. */
async function serve(t: TestContext, addresses: number, ...given: string[]) {
  const child = start(t, 'serve', ...given);
  const exit = once(child, 'close');
  const lines: Line[] = [];
  const found: string[] = [];
  const reader = createInterface({ input: child.stdout });
  for await (const line of reader) {
    const parsed = JSON.parse(line) as Line;
    lines.push(parsed);
    if (parsed.msg === 'listening') found.push(parsed.address!);
    if (found.length === addresses) break;
  }
  assert.equal(found.length, addresses, 'it did not start');
  // Whatever else it logs, so that its pipe does not fill.
  child.stdout.resume();
  return { child, exit, lines, addresses: found };
}

test('serve logs JSON lines, answers over TCP and sockets, and ends in order on SIGTERM', async (t) => {
  const path = directory(t);
  const socket = `unix:${join(path, 'w.sock')}`;
  const data = join(path, 'data');
  const server = await serve(t, 2, '--listen', '127.0.0.1:0', '--listen', socket, '--data', data);
  assert.match(server.addresses[0]!, /^127\.0\.0\.1:[1-9]\d*$/);
  assert.equal(server.addresses[1], socket);
  for (const { level, time } of server.lines) {
    assert.equal(level, 'info');
    assert.match(time, /^\d{4}-.*Z$/);
  }
  for (const address of server.addresses) {
    const { code, stdout } = await ended(start(t, 'study', 'list', '--server', address));
    assert.deepEqual([code, stdout], [0, 'owners/default has no studies\n']);
  }
  const second = await ended(start(t, 'serve', '--listen', '127.0.0.1:0', '--data', data));
  assert.equal(second.code, 4);
  assert.match(second.stderr, /^wazir: .* is in use by process \d+ of host[^\n]*\n$/);
  server.child.kill('SIGTERM');
  await server.exit;
  assert.equal(server.child.exitCode, 0);
  const again = await serve(t, 1, '--listen', '127.0.0.1:0', '--data', data);
  again.child.kill('SIGINT');
  await again.exit;
  assert.equal(again.child.exitCode, 0);
});

test('serve says in one line why it can not start', async (t) => {
  const path = directory(t);
  writeFileSync(join(path, 'letter.txt'), 'somebody’s');
  const foreign = await ended(start(t, 'serve', '--listen', '127.0.0.1:0', '--data', path));
  assert.equal(foreign.code, 4);
  assert.match(foreign.stderr, /^wazir: .* is not empty [^\n]*\n$/);

  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const address = other.address();
  assert.ok(typeof address === 'object' && address !== null);
  const listen = `127.0.0.1:${address.port}`;
  const taken = await ended(start(t, 'serve', '--listen', listen, '--data', join(path, 'data')));
  assert.equal(taken.code, 5);
  assert.match(taken.stderr, new RegExp(`^wazir: can not listen on ${listen}: [^\n]*\n$`));
});

test('a second signal ends a server that waits for a call under way', async (t) => {
  const given = ['--listen', '127.0.0.1:0', '--data', directory(t), '--grace', '1h'];
  const server = await serve(t, 1, ...given);
  // A watch of the health stays open for as long as the client likes, so that the close must wait.
  const client = new Health(server.addresses[0]!, credentials.createInsecure());
  t.after(() => client.close());
  const watch = client.watch({ service: '' });
  watch.on('error', () => undefined);
  await once(watch, 'data');
  // NOT_SERVING is the first thing that the close tells: the first signal has been taken.
  const draining = once(watch, 'data');
  server.child.kill('SIGTERM');
  const [told] = (await draining) as [{ status: string }];
  assert.equal(told.status, 'NOT_SERVING');
  assert.equal(server.child.exitCode, null, 'it waits for the watch');
  server.child.kill('SIGINT');
  await server.exit;
  assert.equal(server.child.exitCode, 130);
});

test('a reader that goes away ends the command quietly', async (t) => {
  const path = directory(t);
  const server = await serve(t, 1, '--listen', '127.0.0.1:0', '--data', path);
  const child = start(t, 'algorithms', '--server', server.addresses[0]!);
  child.stdout.destroy();
  const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')]);
  assert.deepEqual([child.exitCode, stderr], [141, '']);
});
