/** Who used the processor, as Linux counts it: Node tells only of whole processes, and only of its own. */
import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of a process so far, in microseconds. */
export interface ProcessCpu {
  /** Of the thread that runs JavaScript: what bounds it, however many cores there are. */
  readonly main: number;
  /** Of all others: LevelDB's writes, garbage collection, compilation. */
  readonly others: number;
}

export function cpuOf(pid: number): ProcessCpu {
  let main = 0;
  let others = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    let nanoseconds: number;
    try {
      nanoseconds = Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
    } catch {
      // It has ended meanwhile.
      continue;
    }
    if (Number(thread) === pid) main += nanoseconds / 1000;
    else others += nanoseconds / 1000;
  }
  return { main, others };
}

/** A clock tick of /proc/stat: 100 a second wherever Node runs. */
const microsPerTick = 10_000;

/** CPU time that all cores together have not been idle so far, in microseconds. */
export function busyMicros(): number {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'latin1')
    .split('\n', 1)[0]!
    .split(/ +/)
    .slice(1)
    .map(Number);
  return (user! + nice! + system! + irq! + softirq!) * microsPerTick;
}
