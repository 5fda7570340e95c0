/** The key of page tokens: drawn once, and kept with the database, so that tokens outlive the process. */
import { randomBytes } from 'node:crypto';
import { WazirError } from '../domain/errors.js';
import { SecretRecord } from '../gen/wazir/internal/v1/records.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';

const keyBytes = 32;

/**
 * Reads the key, or draws and keeps one. Where there is no space to keep it the
 * server must start all the same: tokens then are of use until it ends.
 */
export async function pageTokenKey(store: Store): Promise<Uint8Array> {
  const known = await store.get(keys.secret);
  if (known) return SecretRecord.decode(known).pageTokenKey;
  const pageTokenKey = randomBytes(keyBytes);
  const value = SecretRecord.encode({ pageTokenKey }).finish();
  try {
    await store.commit({
      // Of no study; none has a uid with such a character.
      studyUid: keys.secret,
      epoch: store.epoch,
      expectedSequence: 0,
      sequence: 0,
      ops: [{ type: 'put', key: keys.secret, value }],
    });
  } catch (error) {
    if (!(error instanceof WazirError && error.reason === 'LIMIT_EXCEEDED')) throw error;
  }
  return pageTokenKey;
}
