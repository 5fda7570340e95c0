/**
 * Ballast: a file that takes up space so that there is some to give up. LevelDB
 * needs room to open a database, so one on a disk that is full to the last byte
 * could not even be read, or deleted from.
 */
import { randomFillSync } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const fileName = 'ballast';
const pieceBytes = 2 ** 20;

/** Bytes that are free for this process on the disk of a directory. */
export function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** Whether an error, or what it wraps, says that the disk is full. */
export function isOutOfSpace(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') return true;
    // LevelDB tells in words alone.
    if (/No space left on device|Disk quota exceeded/.test(cause.message)) return true;
  }
  return false;
}

export class Ballast {
  readonly #path: string;
  #making: Promise<void> | undefined;
  #given = false;

  constructor(
    private readonly directory: string,
    /** 0: none. */
    readonly bytes: number,
    /** Bytes that must stay free beside it once it is made. */
    private readonly besideBytes: number,
  ) {
    this.#path = join(directory, fileName);
  }

  /** Deletes it; whether there was one. */
  async giveUp(): Promise<boolean> {
    await this.#making;
    this.#given = true;
    return unlink(this.#path).then(
      () => true,
      () => false,
    );
  }

  /** Begins to make it, where it is missing and there is space for it. Never fails. */
  makeWherePossible(freeBytes: () => number = () => freeBytesOf(this.directory)): void {
    if (this.bytes <= 0 || this.#making || !this.#given) return;
    this.#making = this.#make(freeBytes).finally(() => (this.#making = undefined));
  }

  /** Makes it for the first time, in the background, and deletes one that is not wanted. */
  async start(): Promise<void> {
    const size = await stat(this.#path).then(
      (found) => found.size,
      () => undefined,
    );
    if (size !== undefined && size !== this.bytes) await this.giveUp();
    this.#given = size !== this.bytes;
    this.makeWherePossible();
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#making;
  }

  async #make(freeBytes: () => number): Promise<void> {
    try {
      if (freeBytes() < this.bytes + this.besideBytes) return;
      await write(this.#path, this.bytes);
      this.#given = false;
    } catch {
      // Somebody else has taken the space; a part of it is of no use.
      await unlink(this.#path).catch(() => undefined);
    }
  }
}

async function write(path: string, bytes: number): Promise<void> {
  // Not zeros, and not a hole: there are file systems that give neither a place on the disk.
  const piece = randomFillSync(Buffer.allocUnsafe(Math.min(pieceBytes, bytes)));
  const file = await open(path, 'w', 0o600);
  try {
    for (let at = 0; at < bytes; at += piece.length)
      await file.write(piece, 0, Math.min(piece.length, bytes - at));
    await file.sync();
  } finally {
    await file.close();
  }
}
