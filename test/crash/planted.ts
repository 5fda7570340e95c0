/**
 * `npm run test:planted [-- --trusted] [WORD …]`: plants each bug of the list in a copy of the
 * tree and runs the test that must find it. Fails where one is not found, and
 * where one of the tests fails by itself; with `--trusted` that is not looked at.
 * With words, only those whose description holds one of them.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { plantedFaults, type PlantedFault } from './planted-faults.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const copied = ['server', 'proto', 'test', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const { values, positionals } = parseArgs({
  options: { trusted: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const words = positionals.length > 0 ? positionals : [''];
const tell = (line: string) => void process.stdout.write(`${line}\n`);

const tree = mkdtempSync(join(tmpdir(), 'wazir-planted-'));
process.on('exit', () => rmSync(tree, { recursive: true, force: true }));
for (const name of copied) cpSync(join(root, name), join(tree, name), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));

type Named = Pick<PlantedFault, 'test' | 'only'>;

/** What a test fails with, in a line; undefined where it passes. */
function failureOf({ test, only }: Named): string | undefined {
  const names = only === undefined ? [] : ['--test-name-pattern', only];
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--test', '--test-timeout=300000', ...names, join('test', test)],
    // A test that is skipped finds nothing.
    {
      cwd: tree,
      encoding: 'utf8',
      env: { ...process.env, WAZIR_TEST_ALL: '1', NODE_TEST_CONTEXT: undefined },
    },
  );
  if (!/^# tests [1-9]/m.test(stdout)) throw new Error(`${test} ran no test:\n${stdout}`);
  if (status === 0) return undefined;
  const [, text = 'it did not say'] = /^ +error: (?:\|-\s+)?(.*)$/m.exec(stdout) ?? [];
  return text.slice(0, 160);
}

function seconds(since: number): string {
  return `${Math.round((performance.now() - since) / 1000)} s`;
}

const wanted = plantedFaults.filter(({ what }) => words.some((word) => what.includes(word)));
const missed: string[] = [];
const sound = new Map<string, Named>(
  wanted.map(({ test, only }) => [`${test} ${only ?? ''}`, only === undefined ? { test } : { test, only }]),
);
for (const [name, named] of values.trusted ? [] : sound) {
  const since = performance.now();
  const failure = failureOf(named);
  if (failure !== undefined) throw new Error(`${name} fails without any planted bug: ${failure}`);
  tell(`passes     ${seconds(since).padStart(6)}  ${name.trim()}`);
}
for (const fault of wanted) {
  const path = join(tree, 'server', fault.file);
  const source = readFileSync(path, 'utf8');
  if (source.split(fault.from).length !== 2)
    throw new Error(`${fault.what}: ${fault.file} does not hold once: ${fault.from}`);
  const since = performance.now();
  writeFileSync(
    path,
    source.replace(fault.from, () => fault.to),
  );
  const failure = failureOf(fault);
  writeFileSync(path, source);
  if (failure === undefined) missed.push(fault.what);
  const how = failure === undefined ? 'NOT FOUND' : 'found';
  tell(`${how.padEnd(10)} ${seconds(since).padStart(6)}  ${fault.what}: ${fault.test}`);
  if (failure !== undefined) tell(`                    ${failure}`);
}
tell(`${wanted.length - missed.length} of ${wanted.length} planted bugs were found`);
process.exitCode = missed.length === 0 ? 0 : 1;
