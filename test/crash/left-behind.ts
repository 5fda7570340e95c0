import { Level } from 'level';
import { databaseDirectory } from '../../server/store/identity.js';
import { keys } from '../../server/store/keys.js';

const ofStudies = /^[smtrqc]\/([^/]+)/;

/** Keys of studies that are not there, in a closed directory; those that a purge is still to delete are none. */
export async function leftBehind(directory: string): Promise<string[]> {
  const database = new Level<string, Uint8Array>(databaseDirectory(directory), { valueEncoding: 'view' });
  try {
    const all = await database.keys().all();
    const there = new Set(all);
    return all.filter((key) => {
      const uid = ofStudies.exec(key)?.[1];
      return uid !== undefined && !there.has(keys.study(uid)) && !there.has(keys.purge(uid));
    });
  } finally {
    await database.close();
  }
}
