import { MeasuredProcess } from './measured-process.js';

export interface Servers {
  readonly wazir: MeasuredProcess;
  readonly echo: MeasuredProcess;
}

/** Options of Node itself, the same for every server that is measured: those of the image. */
export const nodeOptions: readonly string[] = ['--max-semi-space-size=64'];

/** Starts Wazir as it is shipped. */
export function startWazir(dataDir: string): Promise<MeasuredProcess> {
  return MeasuredProcess.start('./wazir-process.ts', [dataDir], [...nodeOptions]);
}

/** @param settings of grpc-js: Wazir's own, or none but the library's defaults */
export function startEcho(settings: 'wazir' | 'defaults' = 'wazir'): Promise<MeasuredProcess> {
  return MeasuredProcess.start('./echo-process.ts', [settings], [...nodeOptions]);
}

/**
 * Starts the server and the echo, both or none.
 * @param dataDir an empty directory for the server's data
 */
export async function startServers(dataDir: string): Promise<Servers> {
  const [wazir, echo] = await startAll([() => startWazir(dataDir), () => startEcho()]);
  return { wazir: wazir!, echo: echo! };
}

/** Starts several, all or none. */
export async function startAll(
  starts: readonly (() => Promise<MeasuredProcess>)[],
): Promise<MeasuredProcess[]> {
  const starting = starts.map((start) => start());
  try {
    return await Promise.all(starting);
  } catch (error) {
    for (const one of await Promise.allSettled(starting)) if (one.status === 'fulfilled') one.value.kill();
    throw error;
  }
}

/** Runs with servers, and ends them, also where it fails. */
export async function withServers<T>(
  starts: readonly (() => Promise<MeasuredProcess>)[],
  run: (processes: readonly MeasuredProcess[]) => Promise<T>,
): Promise<T> {
  const processes = await startAll(starts);
  try {
    const result = await run(processes);
    await Promise.all(processes.map((process) => process.close()));
    return result;
  } finally {
    for (const process of processes) process.kill();
  }
}
