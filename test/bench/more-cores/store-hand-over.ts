/** Would a thread of its own for LevelDB relieve the main thread? What a batch costs it there, and here. */
import { Level } from 'level';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { sealed } from '../../../server/store/checksum.js';
import { cpuOf } from './cpu.js';
import { median } from '../statistics.js';

/** Microseconds of the main thread for each report of a batch; medians. */
export interface HandOver {
  readonly reports: number;
  /** Checksums, the batch and its sync as they are now: LevelDB's part runs in libuv's threads anyway. */
  readonly batch: number;
  /** The same bytes packed and posted to a thread, which does nothing but answer. */
  readonly handOver: number;
}

interface Put {
  readonly type: 'put';
  readonly key: string;
  readonly value: Buffer;
}

/** As large as those of a report. */
const keyOf = (number: number) => `m/study-uid-0123456789/00000001/00001/${String(number).padStart(12, '0')}`;
const valueBytes = 110;

const answering = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', () => parentPort.postMessage(0));`;

export async function storeHandOver(
  directory: string,
  { reports, turns }: { readonly reports: number; readonly turns: number },
): Promise<HandOver[]> {
  const database = new Level<string, Uint8Array>(directory, { valueEncoding: 'view' });
  await database.open();
  const thread = new Worker(answering, { eval: true });
  let number = 0;
  const put = (): Put => ({ type: 'put', key: keyOf(number++), value: Buffer.alloc(valueBytes, number) });
  const write = async (puts: readonly Put[]) => {
    const batch = database.batch();
    for (const op of puts.map(sealed)) if (op.type === 'put') batch.put(op.key, op.value);
    await batch.write({ sync: true });
  };
  const post = async (puts: readonly Put[]) => {
    const answered = once(thread, 'message');
    thread.postMessage(packed(puts));
    await answered;
  };
  const costOf = async (size: number, take: (puts: readonly Put[]) => Promise<void>) => {
    const batches = Array.from({ length: Math.ceil(reports / size) }, () =>
      Array.from({ length: size }, put),
    );
    const before = cpuOf(process.pid).main;
    for (const puts of batches) await take(puts);
    return (cpuOf(process.pid).main - before) / (batches.length * size);
  };
  try {
    const results: HandOver[] = [];
    for (const size of [16, 128]) {
      const here: number[] = [];
      const there: number[] = [];
      for (let i = 0; i < turns; i++) {
        here.push(await costOf(size, write));
        there.push(await costOf(size, post));
      }
      results.push({ reports: size, batch: median(here), handOver: median(there) });
    }
    return results;
  } finally {
    await thread.terminate();
    await database.close();
  }
}

function packed(puts: readonly Put[]): Buffer {
  const bytes = puts.reduce((sum, { key, value }) => sum + 8 + key.length + value.length, 0);
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { key, value } of puts) {
    at = out.writeUInt32LE(key.length, at);
    at = out.writeUInt32LE(value.length, at);
    at += out.write(key, at, 'latin1');
    out.set(value, at);
    at += value.length;
  }
  return out;
}
