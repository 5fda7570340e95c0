/** Load, kill -9 at a random moment, open again, compare with the ledger; over and over. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { examine } from '../../server/doctor/examine.js';
import { CrashCheck } from './crash-check.js';
import { checkServer, loadAndKill } from './crash-life.js';
import { Findings } from './findings.js';
import { Ledger } from './ledger.js';
import { leftBehind } from './left-behind.js';
import { World, type Held } from './load-world.js';
import { Random } from './random.js';
import { spawnServer, startServerProcess } from './server-process.js';

export interface LoopOptions {
  readonly seed: number;
  /** Ends after so many kills, or at that time (as of `performance.now()`), whichever is first. */
  readonly kills: number;
  readonly until?: number;
  /** Told of each life. */
  readonly tell?: (line: string) => void;
}

export interface LoopResult {
  readonly seed: number;
  readonly kills: number;
  readonly acknowledged: number;
  readonly found: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly broken: number;
  readonly handOuts: number;
  /** Hand-outs after an expired lease. */
  readonly expiries: number;
  readonly promotions: number;
  readonly settled: number;
  readonly calls: ReadonlyMap<string, number>;
}

/** Lives after which the directory is looked at from the outside. */
const lookEvery = 10;

export async function crashLoop({ seed, kills, until = Infinity, tell }: LoopOptions): Promise<LoopResult> {
  const directory = await mkdtemp(join(tmpdir(), 'wazir-crash-'));
  const dataDir = join(directory, 'data');
  const ledger = new Ledger(join(directory, 'ledger.jsonl'));
  const findings = new Findings();
  const check = new CrashCheck(findings, ledger);
  const random = new Random(seed);
  const ghosts: Held[] = [];
  let killed = 0;
  let keep = true;
  try {
    for (;;) {
      const started = performance.now();
      const server = await startServerProcess(dataDir);
      try {
        const opened = performance.now();
        const listing = await checkServer(server, check, random);
        findings.assertNone();
        if (killed >= kills || performance.now() > until) break;
        const checked = performance.now();
        const before = ledger.acknowledged;
        const afterMs = random.between(50, 1500);
        await loadAndKill(server, new World(ledger, killed, ghosts), listing, random, seed, sleep(afterMs));
        killed++;
        const trials = [...listing.values()].reduce((sum, study) => sum + study.watched.size, 0);
        tell?.(
          `life ${killed}: opened in ${Math.round(opened - started)} ms, ${trials} trials checked in ` +
            `${Math.round(checked - opened)} ms, killed after ${afterMs} ms and ${ledger.acknowledged - before} acknowledgements`,
        );
      } finally {
        await server.kill();
      }
      if (killed % lookEvery === 0) {
        // A server that is killed while it opens leaves a directory that opens as well.
        const opening = await spawnServer(dataDir);
        await sleep(random.between(50, 450));
        await opening.kill();
        killed++;
        await diagnose(dataDir, findings);
        await lookFromOutside(dataDir, findings);
      }
    }
    keep = false;
    return {
      seed,
      kills: killed,
      acknowledged: ledger.acknowledged,
      found: findings.found,
      ...findings.faults,
      handOuts: check.handOuts,
      expiries: check.expiries,
      promotions: check.promotions,
      settled: check.settled,
      calls: check.calls,
    };
  } finally {
    check.close();
    ledger.close();
    if (keep) tell?.(`directory and ledger are kept: ${directory}`);
    else await rm(directory, { recursive: true, force: true });
  }
}

/** A server that closes in peace leaves no record of studies that are gone. */
async function lookFromOutside(dataDir: string, findings: Findings): Promise<void> {
  const server = await startServerProcess(dataDir);
  const code = await server.stop();
  findings.expect(code === 0, 'broken', () => `it ended with ${code}: ${server.errors()}`);
  for (const key of await leftBehind(dataDir))
    findings.expect(false, 'broken', () => `left behind by a deleted study: ${key}`);
  await diagnose(dataDir, findings);
}

async function diagnose(dataDir: string, findings: Findings): Promise<void> {
  const report = await examine(dataDir);
  for (const finding of report.findings)
    findings.expect(false, 'broken', () => `the doctor says: ${JSON.stringify(finding)}`);
}
