/** What strace has written of a server: each call to the system, when it began and when it had ended. */
import { readFileSync } from 'node:fs';

/** A call to the system. Positions are lines of the trace: what ended at a smaller one than another began at was earlier. */
export interface SystemCall {
  readonly name: string;
  /** As strace shows them. */
  readonly arguments: string;
  readonly began: number;
  readonly ended: number;
  /** What it returned; negative where it failed. */
  readonly result: number;
}

/** Flags for a trace that `readTrace` reads: files by name, sockets by address, texts whole. */
export const traceFlags: readonly string[] = [
  '-f',
  '--seccomp-bpf',
  '-yy',
  ...['-s', '1000000'],
  ...['-e', 'signal=none'],
  ...[
    '-e',
    'trace=openat,write,writev,pwrite64,fdatasync,fsync,ftruncate,rename,link,unlink,mkdir,mkdirat,renameat,renameat2,linkat,unlinkat,sendto,sendmsg',
  ],
];

const whole = /^(\d+)\s+(\w+)\((.*)\)\s+= (-?\d+)/s;
const unfinished = /^(\d+)\s+(\w+)\((.*) <unfinished \.\.\.>$/s;
const resumed = /^(\d+)\s+<\.\.\. (\w+) resumed>(.*)\)\s+= (-?\d+)/s;

/** All calls that had ended when the process did, by when they began. */
export function readTrace(path: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const begun = new Map<string, { readonly text: string; readonly began: number }>();
  for (const [at, line] of readFileSync(path, 'latin1').split('\n').entries()) {
    const atOnce = whole.exec(line);
    if (atOnce) {
      const [, , name, text, result] = atOnce;
      calls.push({ name: name!, arguments: text!, began: at, ended: at, result: Number(result) });
      continue;
    }
    const first = unfinished.exec(line);
    if (first) {
      begun.set(first[1]!, { text: first[3]!, began: at });
      continue;
    }
    const rest = resumed.exec(line);
    if (!rest) continue;
    const [, thread, name, text, result] = rest;
    const start = begun.get(thread!);
    if (!start) continue;
    begun.delete(thread!);
    const args = start.text + text!;
    calls.push({ name: name!, arguments: args, began: start.began, ended: at, result: Number(result) });
  }
  return calls.sort((a, b) => a.began - b.began);
}

/** The file that a call's first argument is open on; undefined where it is none. */
export function fileOf({ arguments: text }: SystemCall): string | undefined {
  return /^\d+<(\/[^>]*)>/.exec(text)?.[1];
}

/** Whether a call writes to a TCP connection. */
export function writesToPeer({ name, arguments: text }: SystemCall): boolean {
  return /^(write|writev|sendto|sendmsg)$/.test(name) && /^\d+<TCP/.test(text);
}
