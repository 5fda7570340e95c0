/**
 * Asks the registry whether it knows of vulnerabilities in what package-lock.json has.
 *
 * Ends with 0 where it knows of none, with 1 where it knows some, and with 2 where it
 * could not be asked: many mirrors have no advisories. That is not "clean", and is never
 * told as such. Arguments are handed to `npm audit`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Vulnerability {
  readonly name: string;
  readonly severity: string;
  readonly range: string;
  /** Advisories, or names of packages by which it is vulnerable. */
  readonly via: readonly (string | { readonly title: string; readonly url: string })[];
}

type Answer = { readonly found: readonly Vulnerability[] } | { readonly notAsked: string };

/** `npm audit` ends with 1 both where it found something and where it could not ask: only what it prints tells. */
async function audit(directory: string, flags: readonly string[]): Promise<Answer> {
  const child = spawn('npm', ['audit', '--json', ...flags], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const failure = await new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', () => resolve(undefined));
  });
  if (failure !== undefined) return { notAsked: failure };
  try {
    const report = JSON.parse(Buffer.concat(output).toString()) as {
      readonly vulnerabilities?: Readonly<Record<string, Vulnerability>>;
      readonly message?: string;
      readonly error?: { readonly summary?: string };
    };
    if (report.vulnerabilities !== undefined) return { found: Object.values(report.vulnerabilities) };
    return { notAsked: report.message ?? report.error?.summary ?? 'npm audit gave no report' };
  } catch {
    return { notAsked: 'npm audit gave no report' };
  }
}

/** Whether the registry knows a vulnerability that has been public for years: some answer "none" to everything. */
async function knowsAny(flags: readonly string[]): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'wazir-audit-'));
  try {
    const name = 'lodash';
    const version = '4.17.15';
    const root = { name: 'canary', version: '1.0.0', dependencies: { [name]: version } };
    writeFileSync(join(directory, 'package.json'), JSON.stringify(root));
    const packages = { '': root, [`node_modules/${name}`]: { version } };
    const lock = { name: root.name, version: root.version, lockfileVersion: 3, requires: true, packages };
    writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(lock));
    const answer = await audit(directory, flags);
    return 'found' in answer && answer.found.length > 0;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function say(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

const flags = ['--package-lock-only', ...process.argv.slice(2)];
const answer = await audit(process.cwd(), flags);
if ('found' in answer && answer.found.length > 0) {
  say(`audit: ${answer.found.length} packages with known vulnerabilities`);
  for (const { name, severity, range, via } of answer.found) {
    const why = via.map((each) => (typeof each === 'string' ? each : `${each.title} ${each.url}`));
    say(`  ${name}${range === '' ? '' : ` ${range}`} (${severity}): ${why.join('; ')}`);
  }
  process.exitCode = 1;
} else if ('found' in answer && (await knowsAny(flags))) {
  say('audit: clean');
} else {
  const why = 'found' in answer ? 'the registry knows of no vulnerability in anything' : answer.notAsked;
  say(
    `audit: NOT ASKED: ${why}`,
    '  This is not "clean". What stands in is test/supply-chain/advisories.test.ts, which knows',
    '  the advisories that it lists and no others.',
  );
  process.exitCode = 2;
}
