/** The servers that are compared, each ready to be loaded. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Member } from './member-process.js';

/** A process by what it does. */
export interface Part {
  readonly role: 'whole' | 'engine' | 'front';
  readonly pid: number;
}

export interface Setup {
  readonly name: string;
  /** Where studies are made and loaded; each port has as many. */
  readonly ports: readonly number[];
  readonly parts: readonly Part[];
  close(): Promise<void>;
  kill(): void;
}

export type Start = (directory: string) => Promise<Setup>;

/** So many whole servers, each with a port and a database of its own, which know nothing of each other. */
export function wholeServers(count: number): Start {
  return async (directory) => {
    const servers: Started[] = [];
    for (let i = 0; i < count; i++)
      servers.push(await start('../wazir-process.ts', path.join(directory, `whole-${count}-${i}`)));
    return {
      name: count === 1 ? '1 process, as it ships' : `${count} processes, a port each`,
      ports: servers.map(({ port }) => port),
      parts: servers.map(({ child }) => ({ role: 'whole', pid: child.pid! })),
      close: async () => void (await Promise.all(servers.map(close))),
      kill: () => servers.forEach(({ child }) => child.kill('SIGKILL')),
    };
  };
}

/** One process with the engine, and so many that take the connections of one port and pass requests on to it. */
export function fronts(count: number): Start {
  const front = { isFront: true, place: undefined };
  const members = [{ isFront: false, place: 0 }, ...Array.from({ length: count }, () => front)];
  return cluster(`1 engine, ${count} ${count === 1 ? 'front' : 'fronts'}, one port`, members);
}

/** So many processes that share a port, each with an engine for its part of the studies. */
export function peers(count: number): Start {
  return cluster(
    `${count} engines, one port, studies divided`,
    Array.from({ length: count }, (_, place) => ({ isFront: true, place })),
  );
}

function cluster(name: string, given: readonly Pick<Member, 'isFront' | 'place'>[]): Start {
  return async (parent) => {
    const directory = path.join(parent, name.replaceAll(/\W+/g, '-'));
    mkdirSync(directory);
    const engines = given.filter(({ place }) => place !== undefined).length;
    const members = given.map((member) => ({ ...member, directory, engines }));
    const started = await start('./cluster-process.ts', JSON.stringify(members));
    return {
      name,
      ports: [started.port],
      parts: members.map(({ isFront, place }, i) => ({
        role: place === undefined ? 'front' : isFront ? 'whole' : 'engine',
        pid: started.pids[i]!,
      })),
      close: () => close(started),
      kill: () => started.child.kill('SIGKILL'),
    };
  };
}

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  readonly pids: readonly number[];
}

async function start(script: string, argument: string): Promise<Started> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [argument], {
    execArgv: ['--import', import.meta.resolve('tsx')],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${script} ended early, with ${code as number}`);
  });
  ended.catch(() => undefined);
  const [{ port, pids }] = (await Promise.race([once(child, 'message'), ended])) as [
    { port: number; pids: number[] },
  ];
  return { child, port, pids };
}

async function close({ child }: Started): Promise<void> {
  const exited = once(child, 'exit');
  child.send({ kind: 'close' });
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new Error(`a measured process ended with ${code}`);
}
