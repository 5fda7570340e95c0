/** Puts a question to the server and to the echo, turn about, and compares. */
import { TestClient } from '../test-client.js';
import { drive, requestsOf, type Load } from './load.js';
import type { Pace } from './pace.js';
import type { Question } from './question.js';
import type { Servers } from './servers.js';
import { spreadOf, type Spread } from './statistics.js';

/** What a server did in all rounds. */
export interface Figures {
  readonly cpuMicrosPerRequest: Spread;
  readonly requestsPerSecond: Spread;
}

/** The answer to a question. A ratio is the server's speed over the echo's: 1 is as good as the echo. */
export interface Comparison {
  readonly question: string;
  /** By CPU per request. */
  readonly ratio: Spread;
  /** By requests per second. */
  readonly wallRatio: Spread;
  readonly wazir: Figures;
  readonly echo: Figures;
  /** What a request costs the measuring client, in microseconds of CPU. */
  readonly clientMicrosPerRequest: Spread;
}

/** What a server did in one round. */
interface Did {
  readonly cpuMicros: number;
  readonly perSecond: number;
}

interface Round {
  readonly wazir: Did;
  readonly echo: Did;
  readonly clientMicros: number;
}

// Far beyond any rate seen: a guard against a turn that ends before the clock moves.
const mostRequests = 500_000;

/** Answers a question; fails where a server did not do all that it was asked. */
export async function compare(question: Question, pace: Pace, servers: Servers): Promise<Comparison> {
  const client = new TestClient(`127.0.0.1:${servers.wazir.port}`);
  try {
    const session = await question.prepare(client);
    const requests = await warmUp(servers, (count) => session.load(count), pace);
    const rounds: Round[] = [];
    while (rounds.length < pace.rounds)
      rounds.push(await round(servers, session.load(requests), rounds.length % 2 === 1));
    await session.verify();
    return comparisonOf(question.name, rounds);
  } finally {
    client.close();
  }
}

/** Lets both work until their code is compiled; returns how many requests make a turn. */
async function warmUp({ wazir, echo }: Servers, load: (count: number) => Load, pace: Pace): Promise<number> {
  const start = performance.now();
  let count = pace.fewestRequests;
  let answered = 0;
  for (;;) {
    const requests = load(count);
    const { ms, answer } = await drive(wazir.port, requests);
    await echo.setAnswer(requests.path, answer);
    await drive(echo.port, requests);
    answered += requestsOf(requests);
    const fitting = Math.ceil((requestsOf(requests) * pace.turnMs) / ms);
    if (answered >= pace.warmUpRequests || performance.now() - start >= pace.warmUpMs)
      return Math.min(Math.max(fitting, pace.fewestRequests), mostRequests);
    // Short turns, so that it ends in time; cold code makes the first ones slow.
    count = Math.max(Math.ceil(fitting / 4), pace.fewestRequests);
  }
}

/** One turn of each, with the same requests. */
async function round({ wazir, echo }: Servers, load: Load, echoFirst: boolean): Promise<Round> {
  const requests = requestsOf(load);
  const cpu = () => Promise.all([wazir.cpuMicros(), echo.cpuMicros()]);
  const clientBefore = process.cpuUsage();
  const [wazirBefore, echoBefore] = await cpu();
  const early = echoFirst ? await drive(echo.port, load) : undefined;
  const wazirTurn = await drive(wazir.port, load);
  const echoTurn = early ?? (await drive(echo.port, load));
  // Only now: what a server does when the answers are out, such as compacting tables, is its cost too.
  const [wazirAfter, echoAfter] = await cpu();
  const { user, system } = process.cpuUsage(clientBefore);
  const did = (micros: number, ms: number): Did => ({
    cpuMicros: micros / requests,
    perSecond: (requests / ms) * 1000,
  });
  return {
    wazir: did(wazirAfter - wazirBefore, wazirTurn.ms),
    echo: did(echoAfter - echoBefore, echoTurn.ms),
    clientMicros: (user + system) / (2 * requests),
  };
}

function comparisonOf(question: string, rounds: readonly Round[]): Comparison {
  const spread = (value: (round: Round) => number) => spreadOf(rounds.map(value));
  const figuresOf = (server: 'wazir' | 'echo'): Figures => ({
    cpuMicrosPerRequest: spread((round) => round[server].cpuMicros),
    requestsPerSecond: spread((round) => round[server].perSecond),
  });
  return {
    question,
    ratio: spread(({ wazir, echo }) => echo.cpuMicros / wazir.cpuMicros),
    wallRatio: spread(({ wazir, echo }) => wazir.perSecond / echo.perSecond),
    wazir: figuresOf('wazir'),
    echo: figuresOf('echo'),
    clientMicrosPerRequest: spread(({ clientMicros }) => clientMicros),
  };
}
