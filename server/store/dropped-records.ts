import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseDirectory } from './identity.js';

/**
 * What LevelDB dropped from its log as damaged when it was last opened, in its
 * words. It tells nobody but its file `LOG`, which it starts anew each time. At
 * the end of the log, where the journal shows no gap, this is the only trace; a
 * batch torn by a power cut, never acknowledged, looks the same.
 */
export async function droppedRecords(directory: string): Promise<string[]> {
  const text = await readFile(join(databaseDirectory(directory), 'LOG'), 'utf8').catch(() => '');
  return [...text.matchAll(/\bdropping \d+ bytes;.*$/gm)].map(([words]) => words);
}
