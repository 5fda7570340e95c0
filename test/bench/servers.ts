import { MeasuredProcess } from './measured-process.js';

export interface Servers {
  readonly wazir: MeasuredProcess;
  readonly echo: MeasuredProcess;
}

/**
 * Starts the server and the echo, both or none.
 * @param dataDir an empty directory for the server's data
 * @param nodeOptions for the server's Node itself
 */
export async function startServers(dataDir: string, nodeOptions: string[]): Promise<Servers> {
  const starting = [
    MeasuredProcess.start('./wazir-process.ts', [dataDir], nodeOptions),
    MeasuredProcess.start('./echo-process.ts', []),
  ] as const;
  try {
    const [wazir, echo] = await Promise.all(starting);
    return { wazir, echo };
  } catch (error) {
    for (const one of await Promise.allSettled(starting)) if (one.status === 'fulfilled') one.value.kill();
    throw error;
  }
}
