import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { startServers, type Servers } from './servers.js';

/** What experiments share in one run. */
export class Setting {
  #directories = 0;
  #servers: Promise<Servers> | undefined;

  constructor(
    private readonly root: string,
    /** Whether to show that it runs, and no more. */
    readonly quick: boolean,
  ) {}

  /** An empty directory, which goes when the run ends. */
  directory(): string {
    const directory = path.join(this.root, String(++this.#directories));
    mkdirSync(directory);
    return directory;
  }

  /** The server and the echo, started at the first use; warm from whatever was asked of them before. */
  servers(): Promise<Servers> {
    return (this.#servers ??= startServers(this.directory()));
  }

  /** Ends the servers; fails where one does not end well. */
  async close(): Promise<void> {
    if (!this.#servers) return;
    const { wazir, echo } = await this.#servers;
    await Promise.all([wazir.close(), echo.close()]);
  }

  async kill(): Promise<void> {
    const servers = await this.#servers?.catch(() => undefined);
    servers?.wazir.kill();
    servers?.echo.kill();
  }
}
