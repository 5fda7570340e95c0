/**
 * The Python client's own checks: types by mypy, behaviour by pytest, in a virtual
 * environment of its own that is made anew only when the package file changes.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const folder = path.resolve(import.meta.dirname, '../../clients/python');
const venv = path.join(folder, '.venv');
const stamp = path.join(venv, 'made-from');
const python = path.join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const minutes = 60_000;

/** Runs a program in the client's folder; its output is the message of the failure. */
async function run(signal: AbortSignal, command: string, ...args: string[]): Promise<void> {
  const child = spawn(command, args, { cwd: folder, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const shown = `${command} ${args.join(' ')}\n${Buffer.concat(output).toString()}`;
  assert.equal(code, 0, shown);
}

async function environment(signal: AbortSignal): Promise<void> {
  const wanted = createHash('sha256')
    .update(readFileSync(path.join(folder, 'pyproject.toml')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(venv, { recursive: true, force: true });
  try {
    await run(signal, 'python3', '-m', 'venv', venv);
  } catch (error) {
    throw new Error('the Python client needs python3, 3.9 or later, with its venv module', { cause: error });
  }
  await run(signal, python, '-m', 'pip', 'install', '--quiet', '--editable', '.[test]');
  writeFileSync(stamp, wanted);
}

test('the Python client', { timeout: 20 * minutes }, async (t) => {
  await t.test('installs', () => environment(t.signal));
  await t.test('is typed', () => run(t.signal, python, '-m', 'mypy', '--strict'));
  await t.test('does what it says', () => run(t.signal, python, '-m', 'pytest', '--quiet'));
});
