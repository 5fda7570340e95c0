/** A token is in nothing that a server writes, at its most talkative and with all of the library's tracing on. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLogger } from '../../server/logger.js';
import { temporaryDirectory } from '../app/test-server.js';
import { everyMethod } from './every-method.js';
import { expectations } from './expectations.js';
import { writeAccess } from './people.js';
import { RawCaller } from './raw-caller.js';

const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url));

test('a server with a known, an unknown and a malformed token', async (t) => {
  const directory = await temporaryDirectory(t);
  const known = 'canary-known-4a7e';
  const access = writeAccess(directory, [{ name: 'n', role: 'admin', owners: 'default', token: known }]);
  const settings = ['--listen', '127.0.0.1:0', '--data', join(directory, 'data'), '--access', access];
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', main, 'serve', ...settings, '--log-level', 'trace'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, GRPC_VERBOSITY: 'DEBUG', GRPC_TRACE: 'all' },
    },
  );
  const closed = once(child, 'close');
  t.after(() => child.kill('SIGKILL'));
  let written = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (written += text));
  const address = async () => {
    for (;;) {
      const [, found] = /"address":"([^"]+)","msg":"listening"/.exec(written) ?? [];
      if (found !== undefined) return found;
      assert.equal(child.exitCode, null, written);
      await setTimeout(10);
    }
  };
  const caller = new RawCaller(await address());
  t.after(() => caller.close());
  const shown = [
    `Bearer ${known}`,
    'Bearer canary-unknown-51cd',
    'bearer   canary-spaces-90fe',
    'canary-bare-77ab',
    'Basic canary-basic-13d2',
    `Bearer ${known} canary-second-c4d1`,
  ];
  const seen = new Set<string>();
  for (const [path, method] of everyMethod)
    for (const authorization of shown) {
      const request = expectations[path]!.request('owners/default', 'owners/default/studies/s');
      seen.add((await caller.call(method, request, authorization)).code);
    }
  assert.deepEqual([...seen].sort(), ['NOT_FOUND', 'OK', 'PERMISSION_DENIED', 'UNAUTHENTICATED']);
  child.kill('SIGTERM');
  await closed;
  assert.ok(written.includes('received headers'), 'the library has told of headers');
  assert.deepEqual([...new Set(written.match(/canary-[\w-]+/g) ?? [])], []);
});

test('whoever logs a token, in a field or in a text, does not', () => {
  let written = '';
  const logger = createLogger({ level: 'info', destination: { write: (line) => void (written += line) } });
  const made = `wazir_${'aB3-_'.repeat(9).slice(0, 43)}`;
  const authorization = `Bearer ${made}`;
  logger.info({ authorization });
  logger.info({ headers: { authorization: ['Bearer other'] } });
  logger.info({ detail: JSON.stringify({ authorization: ['bearer other, Bearer other'] }) });
  logger.error({ err: new Error(`a call with ${authorization} failed`) }, `token ${made}`);
  assert.doesNotMatch(written, /other|aB3/);
  assert.equal(
    written
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object).length,
    4,
  );
});
