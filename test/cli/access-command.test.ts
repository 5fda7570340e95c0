import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { readAccessFile } from '../../server/access/access-file.js';
import { sha256, writeAccess } from '../access/people.js';
import { temporaryDirectory } from '../app/test-server.js';
import { wazir } from './wazir.js';

test('a token is new each time, 256 bits long, and its hash fits the access file', async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const { code, stdout, stderr } = await wazir(['access', 'token']);
    assert.deepEqual([code, stderr], [0, '']);
    const [, token, digest] = /^token: (\S+)\ntoken_sha256: (\S+)\n$/.exec(stdout)!;
    assert.match(token!, /^wazir_[\w-]{43}$/);
    assert.equal(digest, sha256(token!));
    const text = `principals: [{ name: n, owners: "*", role: read, token_sha256: ${digest} }]`;
    const found = readAccessFile('f', text).find({ kind: 'token', digest: sha256(token!) }, 0);
    assert.equal(found?.name, 'n');
    seen.add(token!);
  }
  assert.equal(seen.size, 50);
  const json = await wazir(['access', 'token', '--json']);
  const { token, tokenSha256 } = JSON.parse(json.stdout) as Record<string, string>;
  assert.equal(tokenSha256, sha256(token!));
});

test('a file is checked as a server would', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = writeAccess(directory, [
    { name: 'a', role: 'read', token: 'a' },
    { name: 'b', role: 'admin', certificate: 'b.example' },
  ]);
  const check = ['access', 'check', path];
  assert.deepEqual(await wazir(check), { code: 0, stdout: `${path}: 2 principals\n`, stderr: '' });
  chmodSync(path, 0o644);
  const { stdout } = await wazir(check);
  assert.equal(stdout, `${path}: 2 principals; others than its owner can read or write it\n`);
  assert.deepEqual(JSON.parse((await wazir([...check, '--json'])).stdout), { principals: 2, isLoose: true });
  writeAccess(directory, 'principals:\n  - name: a\n');
  const data = `${directory}/data`;
  const serve = [
    'serve',
    '--access',
    path,
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--log-level',
    'silent',
  ];
  for (const given of [check, serve])
    assert.deepEqual(await wazir(given), {
      code: 2,
      stdout: '',
      stderr: `wazir: ${path}:2: principals[0]: nobody could be this principal: give token_sha256 or certificate\n`,
    });
  assert.equal((await wazir(['access', 'check', `${directory}/none`])).code, 2);
});
