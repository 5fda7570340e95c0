import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestServer } from './server.js';
import { wazir } from './wazir.js';

test('health says that a server serves, and ends with 0', async (t) => {
  const server = await TestServer.start(t);
  assert.deepEqual(await server.wazir(['health']), { code: 0, stdout: 'SERVING\n', stderr: '' });
  const json = await server.wazir(['health', '--json']);
  assert.deepEqual(JSON.parse(json.stdout), { status: 'SERVING' });
});

test('health ends with 3 where nobody answers', async () => {
  const nobody = await wazir(['health', '--server', '127.0.0.1:1', '--timeout', '2s']);
  assert.equal(nobody.code, 3);
  assert.match(nobody.stderr, /^wazir: 127\.0\.0\.1:1 does not serve/);
});
