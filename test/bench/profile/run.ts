/** `npm run profile`: see ../README.md. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../../server/cli/table.js';
import { TestClient } from '../../test-client.js';
import { amount } from '../figure.js';
import { drive, requestsOf } from '../load.js';
import type { MeasuredProcess } from '../measured-process.js';
import type { Question, Session } from '../question.js';
import { startWazir, withServers } from '../servers.js';
import { streamedReports } from '../streamed-reports.js';
import { suggest } from '../suggest.js';
import { unaryReport } from '../unary-report.js';
import { profileKinds, type ProfileKind } from './record.js';
import { summarizeCpu, summarizeHeap, type CpuProfile, type HeapProfile, type Share } from './summary.js';

const questions: readonly Question[] = [
  suggest(64, 1),
  unaryReport(64, 1),
  unaryReport(256, 4),
  streamedReports(1, 1),
  streamedReports(64, 4),
];
const usual = { warmUp: 20_000, requests: 30_000 };
const quick = { warmUp: 0, requests: 256 };

const { values: flags } = parseArgs({
  options: {
    of: { type: 'string', default: questions[0]!.name },
    out: { type: 'string', default: 'profiles' },
    top: { type: 'string', default: '30' },
    quick: { type: 'boolean', default: false },
  },
});
const question = questions.find(({ name }) => name.includes(flags.of));
const top = Number(flags.top);
if (!question || !Number.isSafeInteger(top) || top < 1) {
  const names = questions.map(({ name }) => name).join('; ');
  process.stderr.write(`--of is part of one of: ${names}. --top is a whole number from 1\n`);
  process.exit(2);
}

const out = path.resolve(flags.out);
mkdirSync(out, { recursive: true });
const data = mkdtempSync(path.join(tmpdir(), 'wazir-profile-'));
process.on('exit', () => rmSync(data, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

await withServers([() => startWazir(data)], async ([wazir]) => {
  const client = new TestClient(`127.0.0.1:${wazir!.port}`);
  const { warmUp, requests } = flags.quick ? quick : usual;
  try {
    const session = await question.prepare(client);
    if (warmUp > 0) await drive(wazir!.port, session.load(warmUp));
    // One after the other: counting bytes takes time.
    for (const kind of profileKinds) await profile(kind, wazir!, session, requests);
    await session.verify();
  } finally {
    client.close();
  }
});

async function profile(kind: ProfileKind, wazir: MeasuredProcess, session: Session, count: number) {
  const file = path.join(out, `${question!.name.replaceAll(/\W+/g, '-')}.${kind}profile`);
  const load = session.load(count);
  await wazir.profile(kind, file, async () => void (await drive(wazir.port, load)));
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const { total, byPlace, byFunction } =
    kind === 'cpu' ? summarizeCpu(content as CpuProfile) : summarizeHeap(content as HeapProfile);
  const unit = kind === 'cpu' ? 'µs' : 'B';
  const heading = kind === 'cpu' ? 'CPU time of the main thread' : 'Bytes allocated';
  const requests = requestsOf(load);
  const lines = (of: string, shares: readonly Share[]) =>
    table(
      [`by ${of}`, '', `${unit} a request`],
      shares
        .slice(0, top)
        .map(({ name, self }) => [name, `${((100 * self) / total).toFixed(1)} %`, amount(self / requests)]),
    );
  process.stdout.write(
    `${heading}, ${question!.name}: ${amount(total / requests)} ${unit} a request; ${file}\n\n` +
      `${lines('place', byPlace)}\n\n${lines('function', byFunction)}\n\n`,
  );
}
