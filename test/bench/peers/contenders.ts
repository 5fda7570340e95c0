/** Who is compared: each a server, and a driver that works with it by the client that its users have. */
import path from 'node:path';
import { pythonFolder, type EnvironmentName } from './python-environment.js';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

export interface Contender {
  readonly name: string;
  /** What the tables call it. */
  readonly title: string;
  /** Whose server it is. */
  readonly server: EnvironmentName;
  /** The module of `python/` that has its client, to be run in the server's environment; none: `driver.ts`. */
  readonly module: string | undefined;
  /** Into how many processes clients are divided at most. */
  readonly mostProcesses: number;
}

/** A process for each client up to here; more are threads of these, or one core would do nothing but start Pythons. */
const mostPythons = 8;

const tsx = ['--import', import.meta.resolve('tsx')];
const root = path.resolve(import.meta.dirname, '../../..');

export const contenders: readonly Contender[] = [
  {
    name: 'vizier',
    title: 'OSS Vizier, its client',
    server: 'vizier',
    mostProcesses: mostPythons,
    module: 'vizier_client',
  },
  {
    name: 'wazir-unary',
    title: 'Wazir, Python, unary calls',
    server: 'wazir',
    mostProcesses: mostPythons,
    module: 'wazir_unary',
  },
  {
    name: 'optuna',
    title: 'Optuna, its gRPC proxy',
    server: 'optuna',
    mostProcesses: mostPythons,
    module: 'optuna_client',
  },
  {
    name: 'wazir-stream',
    title: 'Wazir, TypeScript, stream',
    server: 'wazir',
    module: undefined,
    // Its clients are loops of one process, as Node's are; each more would compile everything again.
    mostProcesses: 1,
  },
  {
    name: 'wazir-stream-python',
    title: 'Wazir, Python, stream',
    server: 'wazir',
    mostProcesses: mostPythons,
    module: 'wazir_stream',
  },
];

/**
 * Runs the driver of some of the clients, or the probe.
 * @param python the interpreter of the environment of its server
 */
export function driverCommand(
  { module }: Contender,
  script: 'driver' | 'probe',
  python: string,
  options: { address: string; clients: number; first: number },
): Command {
  const told = JSON.stringify(options);
  if (module !== undefined)
    return { program: python, args: [path.join(pythonFolder, `${script}.py`), module, told] };
  return { program: process.execPath, args: [...tsx, path.join(import.meta.dirname, `${script}.ts`), told] };
}

/** Starts a server whose data lie in an empty directory. */
export function serverCommand(server: EnvironmentName, python: string, directory: string): Command {
  if (server !== 'wazir')
    return { program: python, args: [path.join(pythonFolder, `${server}_server.py`), directory] };
  const serve = ['serve', '--listen', '127.0.0.1:0', '--data', directory];
  return { program: process.execPath, args: [...tsx, path.join(root, 'server/main.ts'), ...serve] };
}
