/**
 * A process that restores, and is killed while it writes: `restoring-process.ts
 * FILE DIRECTORY BYTES`, where BYTES is how much of the file it gets for writing.
 */
import { readFileSync } from 'node:fs';
import { restoreBackup } from '../../server/store/restore.js';
import { pieces } from './backup-files.js';

const [file, directory, bytes] = process.argv.slice(2) as [string, string, string];
const content = readFileSync(file);
let passes = 0;

async function* dying(): AsyncGenerator<Uint8Array> {
  yield* pieces(content.subarray(0, Number(bytes)), 1000);
  process.kill(process.pid, 'SIGKILL');
  // The signal needs no more than a moment.
  await new Promise(() => undefined);
}

await restoreBackup(() => (++passes === 1 ? pieces(content) : dying()), directory);
