/** Puts a question to the server and to the echo, turn about, and compares. */
import { TestClient } from '../test-client.js';
import { drive, type Load } from './load.js';
import type { Question } from './question.js';
import type { Servers } from './servers.js';

export interface Pace {
  /** Requests that each answers before anything is measured; */
  readonly warmUpRequests: number;
  /** … and milliseconds after which it is enough in any case. */
  readonly warmUpMs: number;
  /** About how long a turn of the server lasts, in milliseconds. */
  readonly turnMs: number;
  /** Turns of each that are measured. */
  readonly rounds: number;
  /** Requests of a turn, at the least. */
  readonly fewestRequests: number;
}

/** What a server did in the median round. */
export interface Figures {
  readonly cpuMicrosPerRequest: number;
  readonly requestsPerSecond: number;
}

/** The answer to a question. A ratio is the server's speed over the echo's: 1 is as good as the echo. */
export interface Row {
  readonly question: string;
  /** By CPU per request; median, least and greatest of the rounds. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** By requests per second; median. */
  readonly wallRatio: number;
  readonly wazir: Figures;
  readonly echo: Figures;
  /** What a request costs the measuring client, in microseconds of CPU; median. */
  readonly clientMicrosPerRequest: number;
}

interface Round {
  readonly wazir: Figures;
  readonly echo: Figures;
  readonly clientMicros: number;
}

// Far beyond any rate seen: a guard against a turn that ends before the clock moves.
const mostRequests = 500_000;

/** Answers a question; fails where a server did not do all that it was asked. */
export async function compare(question: Question, pace: Pace, servers: Servers): Promise<Row> {
  const client = new TestClient(`127.0.0.1:${servers.wazir.port}`);
  try {
    const session = await question.prepare(client);
    const requests = await warmUp(servers, (count) => session.load(count), pace);
    const rounds: Round[] = [];
    while (rounds.length < pace.rounds)
      rounds.push(await round(servers, session.load(requests), rounds.length % 2 === 1));
    await session.verify();
    return rowOf(question.name, rounds);
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
  const figures = (micros: number, ms: number): Figures => ({
    cpuMicrosPerRequest: micros / requests,
    requestsPerSecond: (requests / ms) * 1000,
  });
  return {
    wazir: figures(wazirAfter - wazirBefore, wazirTurn.ms),
    echo: figures(echoAfter - echoBefore, echoTurn.ms),
    clientMicros: (user + system) / (2 * requests),
  };
}

function requestsOf({ lanes }: Load): number {
  return lanes.reduce((sum, lane) => sum + lane.length, 0);
}

function rowOf(question: string, rounds: readonly Round[]): Row {
  const ratios = rounds.map(({ wazir, echo }) => echo.cpuMicrosPerRequest / wazir.cpuMicrosPerRequest);
  const medianOf = (value: (round: Round) => number) => median(rounds.map(value));
  const figuresOf = (server: 'wazir' | 'echo'): Figures => ({
    cpuMicrosPerRequest: medianOf((round) => round[server].cpuMicrosPerRequest),
    requestsPerSecond: medianOf((round) => round[server].requestsPerSecond),
  });
  return {
    question,
    ratio: median(ratios),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
    wallRatio: medianOf(({ wazir, echo }) => wazir.requestsPerSecond / echo.requestsPerSecond),
    wazir: figuresOf('wazir'),
    echo: figuresOf('echo'),
    clientMicrosPerRequest: medianOf(({ clientMicros }) => clientMicros),
  };
}

/** The middle value; of an even number the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half - 0.5)]! + sorted[Math.floor(half)]!) / 2;
}
