/** What SECURITY.md names is there: tests, flags, variables, commands. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { wazir } from './cli/wazir.js';

const text = readFileSync(new URL('../SECURITY.md', import.meta.url), 'utf8');
const named = (pattern: RegExp) => new Set([...text.matchAll(pattern)].map((match) => match[1]!));

test('each test that SECURITY.md rests on is there', () => {
  const files = named(/`([\w./-]+(?:\.test\.ts|test_\w+\.py))`/g);
  assert.ok(files.size > 15);
  const missing = [...files].filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)));
  assert.deepEqual(missing, []);
});

test('each flag and variable in SECURITY.md is one', async () => {
  const help = (await Promise.all([wazir(['serve', '--help']), wazir(['health', '--help'])]))
    .map(({ stdout }) => stdout)
    .join();
  // Of docker, and of every command.
  const foreign = new Set(['--help', '--read-only', '--cap-drop', '--security-opt']);
  const flags = [...named(/(--[a-z][a-z-]+)/g)].filter((flag) => !foreign.has(flag));
  assert.ok(flags.length > 10);
  for (const flag of flags) assert.match(help, new RegExp(`^ +${flag}\\b`, 'm'));
  for (const variable of named(/(WAZIR_[A-Z_]+)/g)) assert.ok(help.includes(variable), variable);
  assert.equal((await wazir(['access', 'token', '--help'])).code, 0);
});
