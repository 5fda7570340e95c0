/**
 * How long does a server take to open a study of a million finished trials until it
 * suggests the next, and how much memory does it hold then?
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { examine } from '../../server/doctor/examine.js';
import { formatStudyName } from '../../server/domain/names.js';
import { TestClient } from '../test-client.js';
import { seedStudy } from './seed-study.js';
import { startWazir } from './servers.js';
import { median } from './statistics.js';
import type { TargetRow } from './target-row.js';

const study = { owner: 'default', study: 'finished' };
const settleMs = 1000;
const patienceMs = 60_000;

/** @param directory an empty one, for databases; 330 MB where it is not quick */
export async function openMillion(options: {
  readonly quick: boolean;
  readonly directory: string;
}): Promise<TargetRow[]> {
  const { quick } = options;
  const trials = quick ? 1000 : 1_000_000;
  const directory = join(options.directory, 'finished');
  await seedStudy({ directory, study, trials, kind: 'finished' });
  // It must be what a server would have written. Of a million, the first thousand are enough to tell.
  if (quick) {
    const { findings } = await examine(directory);
    if (findings.length > 0) throw new Error(`not a sound database: ${JSON.stringify(findings[0])}`);
  }
  const emptyBytes = await residentWhenEmpty(join(options.directory, 'empty'));
  const seconds: number[] = [];
  const bytes: number[] = [];
  for (let run = 0; run < (quick ? 1 : 3); run++) {
    const opened = await open(directory, trials + run + 1);
    seconds.push(opened.seconds);
    bytes.push((opened.resident - emptyBytes) / trials);
  }
  const what = 'open 1e6 finished trials';
  return [
    rowOf(`${what}: seconds`, seconds, '<= 5 s'),
    rowOf(`${what}: bytes resident a trial`, bytes, '<= 600 B'),
  ];
}

function rowOf(question: string, values: readonly number[], target: string): TargetRow {
  return { question, ratio: median(values), low: Math.min(...values), high: Math.max(...values), target };
}

/** From the first call to its answer: a fresh server has no study in memory. */
async function open(directory: string, expected: number): Promise<{ seconds: number; resident: number }> {
  const server = await startWazir(directory);
  const client = new TestClient(`127.0.0.1:${server.port}`);
  try {
    const start = performance.now();
    const request = { parent: formatStudyName(study), clientId: `opener-${expected}`, count: 1 };
    const { trials } = await client.suggestTrials(request, { deadline: Date.now() + patienceMs });
    const seconds = (performance.now() - start) / 1000;
    if (trials[0]?.id !== expected) throw new Error(`trial ${expected} was expected: ${trials[0]?.id}`);
    await setTimeout(settleMs);
    const resident = residentOf(server.pid);
    client.close();
    await server.close();
    return { seconds, resident };
  } finally {
    client.close();
    server.kill();
  }
}

async function residentWhenEmpty(directory: string): Promise<number> {
  const server = await startWazir(directory);
  try {
    await setTimeout(settleMs);
    const resident = residentOf(server.pid);
    await server.close();
    return resident;
  } finally {
    server.kill();
  }
}

function residentOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kilobytes) * 1024;
}
