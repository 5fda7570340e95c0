import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestServer } from './cli/server.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the study of the README can be created as it stands there', async (t) => {
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(readme)!;
  const server = await TestServer.start(t);
  const path = join(server.directory, 'study.yaml');
  writeFileSync(path, yaml!);
  const created = await server.wazir(['study', 'create', '-f', path]);
  assert.deepEqual(created, { code: 0, stdout: 'created owners/default/studies/digits\n', stderr: '' });
});

test('the README lists the policies that the server has, each once', async (t) => {
  const server = await TestServer.start(t);
  const { stdout } = await server.wazir(['algorithms', '--json']);
  const known = JSON.parse(stdout) as Record<'samplers' | 'schedulers', { name: string }[]>;
  const names = [...known.samplers, ...known.schedulers].map(({ name }) => name);
  const policies = readme.slice(readme.indexOf('## Policies'), readme.indexOf('## Command line'));
  const listed = [...policies.matchAll(/^\| `(\w+)`/gm)].map((row) => row[1]!);
  assert.deepEqual(listed.sort(), names.sort());
});
