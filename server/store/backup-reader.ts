/** Reads the file of a backup, and believes nothing of it that it has not checked. */
import { createHash } from 'node:crypto';
import { BackupPart, type BackupEntry, type BackupHeader } from '../gen/wazir/internal/v1/backup.js';
import { BackupError } from './backup-error.js';
import { backupFormat, backupMagic, isInBackups, partBytes } from './backup-writer.js';
import { currentFormat } from './identity.js';
import { recordFault } from './schema.js';

/** No part is longer: a request, and so a record, is of some MiB at the most. */
const maxPartBytes = 2 ** 28;

/** What a whole backup holds. */
export interface BackupSummary {
  readonly header: BackupHeader;
  readonly entries: number;
  /** SHA-256 of the entries alone: equal for equal records, whenever and of whichever database they were read. */
  readonly entriesSha256: string;
}

/**
 * Goes through the pieces of a file to its end.
 * @param onEntry gets every entry in order; not to be acted upon in a way that
 *   can not be taken back before this resolves, since what is wrong may come last
 * @throws BackupError
 */
export async function readBackup(
  pieces: AsyncIterable<Uint8Array>,
  onEntry: (entry: BackupEntry) => void | Promise<void> = () => undefined,
): Promise<BackupSummary> {
  const file = createHash('sha256').update(backupMagic);
  const content = createHash('sha256');
  let header: BackupHeader | undefined;
  let lastKey: Uint8Array | undefined;
  let entries = 0;
  let ended = false;
  for await (const { part, bytes } of parts(pieces)) {
    if (ended) throw damaged('something follows its end');
    if (part?.$case === 'trailer') {
      if (!header) throw damaged('it begins with its end');
      const expected = partBytes({ $case: 'trailer', value: { entries, sha256: file.digest() } });
      if (!bytes.equals(expected)) throw damaged('count or SHA-256 are not those of what it holds');
      ended = true;
      continue;
    }
    file.update(bytes);
    if (!header) {
      if (part?.$case !== 'header') throw damaged('it has no header');
      header = checkedHeader(part.value);
    } else if (part?.$case === 'entry') {
      const key = Buffer.from(part.value.key);
      if (lastKey && Buffer.compare(lastKey, key) >= 0)
        throw damaged(`${quoted(part.value)} is not in its place`);
      lastKey = key;
      const fault = isInBackups(part.value.key)
        ? recordFault(part.value.key, part.value.value)
        : 'belongs to the database that it came from';
      if (fault !== undefined) throw damaged(`${quoted(part.value)} ${fault}`);
      content.update(bytes);
      entries++;
      await onEntry(part.value);
    } else throw damaged('it holds a part that does not belong there');
  }
  if (!header || !ended) throw damaged('it is cut short');
  return { header, entries, entriesSha256: content.digest('hex') };
}

/** The bytes of an entry in the file, for comparing a database with it. */
export function entryBytes(key: string, value: Uint8Array): Uint8Array {
  return partBytes({ $case: 'entry', value: { key, value: Buffer.from(value) } });
}

function checkedHeader(header: BackupHeader): BackupHeader {
  if (header.format > backupFormat)
    throw new BackupError(
      `the backup has format ${header.format}, this release knows up to ${backupFormat}; ` +
        'restore it with the release that made it, or a later one',
    );
  if (header.databaseFormat > currentFormat)
    throw new BackupError(
      `the backup is of a database of format ${header.databaseFormat}, this release knows up to ` +
        `${currentFormat}; restore it with the release that made it, or a later one`,
    );
  const { format, databaseFormat, databaseId, epoch, time } = header;
  if (format < 1 || databaseFormat < 1 || databaseId === '' || epoch < 1 || !time)
    throw damaged('its header is incomplete');
  return header;
}

interface Part {
  readonly part: BackupPart['part'];
  /** With its length before it. */
  readonly bytes: Buffer;
}

async function* parts(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Part> {
  let rest: Buffer = Buffer.alloc(0);
  let begun = false;
  /** How many bytes the next step needs at the least. */
  let wanted = backupMagic.length;
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    waitingBytes += piece.length;
    // Joined only when there is enough, so that a long part costs one copy, not one a piece.
    if (rest.length + waitingBytes < wanted) continue;
    rest = Buffer.concat([rest, ...waiting.splice(0)]);
    waitingBytes = 0;
    let at = 0;
    if (!begun) {
      if (!rest.subarray(0, backupMagic.length).equals(backupMagic))
        throw new BackupError('the file is no backup of Wazir');
      at = backupMagic.length;
      begun = true;
    }
    for (;;) {
      const length = lengthAt(rest, at);
      if (!length || rest.length - at < length.prefix + length.body) {
        wanted = length ? length.prefix + length.body : rest.length - at + 1;
        break;
      }
      const end = at + length.prefix + length.body;
      yield { part: decoded(rest.subarray(at + length.prefix, end)), bytes: rest.subarray(at, end) };
      at = end;
    }
    rest = rest.subarray(at);
  }
  if (!begun) throw new BackupError('the file is no backup of Wazir');
  if (rest.length + waitingBytes > 0) throw damaged('it is cut short');
}

/** The length that stands at a place, and how many bytes it takes; undefined where it is not there whole. */
function lengthAt(bytes: Buffer, at: number): { readonly prefix: number; readonly body: number } | undefined {
  let body = 0;
  for (let i = 0; at + i < bytes.length; i++) {
    const byte = bytes[at + i]!;
    body += (byte & 0x7f) * 2 ** (7 * i);
    if (body > maxPartBytes || i > 4) throw damaged('a part of it has no sensible length');
    if (byte < 0x80) return { prefix: i + 1, body };
  }
  return undefined;
}

function decoded(bytes: Uint8Array): BackupPart['part'] {
  try {
    return BackupPart.decode(bytes).part;
  } catch (cause) {
    throw damaged('a part of it does not decode', cause);
  }
}

function quoted({ key }: BackupEntry): string {
  return `the record ${JSON.stringify(key)}`;
}

function damaged(why: string, cause?: unknown): BackupError {
  return new BackupError(`the backup is damaged or incomplete: ${why}; nothing was restored from it`, cause);
}
