/** One cell of the table: a contender's fresh server, with some clients for some seconds. */
import { mkdtempSync, rmSync, statSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { driverCommand, serverCommand, type Contender } from './contenders.js';
import { percentile, type Histogram } from './meter.js';
import { PinnedProcess } from './pinned-process.js';

export interface Pace {
  /** Seconds of work before anything is measured; */
  readonly warmUp: number;
  /** … and of work that is measured. */
  readonly seconds: number;
  /** Whole trials a second below which a cell is stopped early. */
  readonly slowest: number;
}

export interface Cell {
  readonly contender: Contender;
  readonly clients: number;
  readonly trialsPerSecond: number;
  /** Whether it was stopped early because it was too slow. */
  readonly stopped: boolean;
  /** Milliseconds: median and 99th percentile. */
  readonly suggest: readonly [p50: number, p99: number];
  readonly report: readonly [p50: number, p99: number];
  /** CPU seconds a second: 1 is a whole core. */
  readonly serverShare: number;
  readonly driverShare: number;
  /** Milliseconds of CPU. */
  readonly serverMsPerTrial: number;
  readonly driverMsPerTrial: number;
  readonly serverMemory: number;
  readonly diskBytesPerTrial: number;
}

interface Measured {
  readonly trials: number;
  readonly before: number;
  readonly seconds: number;
  readonly suggest: Histogram;
  readonly report: Histogram;
}

const serverCore = 0;
const driverCore = 1;
/** Seconds after which a rate is worth a decision. */
const patience = 5;

/** A server with a directory of its own, as long as `use` takes. */
export async function withServer<T>(
  contender: Contender,
  python: string,
  use: (server: PinnedProcess, address: string, directory: string, said: ServerSaid) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(path.join(tmpdir(), 'wazir-peers-'));
  const clear = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', clear);
  const server = new PinnedProcess(serverCommand(contender.server, python, directory), serverCore);
  try {
    const said = await server.said<ServerSaid>('address');
    return await use(server, said.address, directory, said);
  } finally {
    await server.kill();
    process.off('exit', clear);
    clear();
  }
}

export interface ServerSaid {
  readonly address: string;
  /** Of SQLite, where that is what it stores in. */
  readonly pragmas?: Readonly<Record<string, string | number>>;
}

/** Runs a cell. */
export function runCell(contender: Contender, python: string, clients: number, pace: Pace): Promise<Cell> {
  return withServer(contender, python, async (server, address, directory) => {
    const drivers = await startDrivers(contender, python, address, clients);
    try {
      const cpu = () =>
        [server, drivers].map((all) => [all].flat().reduce((sum, one) => sum + one.cpuSeconds(), 0));
      for (const driver of drivers) driver.tell({ warmUp: pace.warmUp, seconds: pace.seconds });
      await sleep(pace.warmUp * 1000);
      const before = cpu();
      const begun = performance.now();
      const stopped = await watch(drivers, pace);
      const seconds = (performance.now() - begun) / 1000;
      const after = cpu();
      if (stopped) for (const driver of drivers) driver.signal('SIGTERM');
      const measured = await Promise.all(drivers.map((driver) => driver.said<Measured>('trials')));
      const sum = (of: (each: Measured) => number) => measured.reduce((total, each) => total + of(each), 0);
      const trials = sum((each) => each.trials);
      const times = (kind: 'suggest' | 'report') => {
        const histograms = measured.map((each) => each[kind]);
        return [percentile(histograms, 0.5), percentile(histograms, 0.99)] as const;
      };
      const [serverCpu, driverCpu] = [after[0]! - before[0]!, after[1]! - before[1]!];
      const trialsPerSecond = sum((each) => each.trials / each.seconds);
      return {
        contender,
        clients,
        trialsPerSecond,
        stopped,
        suggest: times('suggest'),
        report: times('report'),
        serverShare: serverCpu / seconds,
        driverShare: driverCpu / seconds,
        serverMsPerTrial: (serverCpu / seconds / trialsPerSecond) * 1000,
        driverMsPerTrial: (driverCpu / seconds / trialsPerSecond) * 1000,
        serverMemory: server.peakMemory(),
        diskBytesPerTrial: bytesIn(directory) / (trials + sum((each) => each.before)),
      };
    } finally {
      await Promise.all(drivers.map((driver) => driver.kill()));
    }
  });
}

/** The first alone, since it creates the study. */
async function startDrivers(
  contender: Contender,
  python: string,
  address: string,
  clients: number,
): Promise<PinnedProcess[]> {
  const processes = Math.min(clients, contender.mostProcesses);
  const drivers: PinnedProcess[] = [];
  const start = async (place: number) => {
    const [first, next] = [place, place + 1].map((each) => Math.round((each * clients) / processes));
    const options = { address, clients: next! - first!, first: first! };
    const driver = new PinnedProcess(driverCommand(contender, 'driver', python, options), driverCore);
    drivers.push(driver);
    await driver.said('ready');
  };
  try {
    await start(0);
    await Promise.all(Array.from({ length: processes - 1 }, (_, i) => start(i + 1)));
    return drivers;
  } catch (error) {
    await Promise.all(drivers.map((driver) => driver.kill()));
    throw error;
  }
}

/** Waits for the end; returns whether it came early because they are too slow. */
async function watch(drivers: readonly PinnedProcess[], { seconds, slowest }: Pace): Promise<boolean> {
  for (let second = 1; second < seconds; second++) {
    const far = await Promise.all(drivers.map((driver) => driver.said<{ far: number }>('far')));
    const trials = far.reduce((sum, each) => sum + each.far, 0);
    if (second >= patience && trials / second < slowest) return true;
  }
  await Promise.all(drivers.map((driver) => driver.said('far')));
  return false;
}

/** What files there take up, but for the server's ballast, which holds nothing. */
function bytesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'ballast')
    .reduce((sum, { parentPath, name }) => sum + statSync(path.join(parentPath, name)).size, 0);
}
