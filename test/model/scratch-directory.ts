/** Where the databases of model tests lie. */
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In memory where the system has such a place: it is what LevelDB keeps that is looked at here, not the disk under it. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A new directory; the caller removes it. */
export function scratchDirectory(): Promise<string> {
  return mkdtemp(join(place, 'wazir-model-'));
}
