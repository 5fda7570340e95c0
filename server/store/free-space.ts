/**
 * Refuses writes while the disk is nearly full. A database on a full disk can
 * not even be opened: LevelDB writes a table while it opens.
 */
import { WazirError } from '../domain/errors.js';

const recheckMillis = 1000;

export interface FreeSpaceOptions {
  /** Bytes that must stay free; 0 turns the check off. */
  readonly floorBytes: number;
  /** Bytes free on the disk; throws where that is not known, which refuses nothing. */
  readonly freeBytes: () => number;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
}

export class FreeSpace {
  readonly #options: FreeSpaceOptions;
  #free = Infinity;
  #checkedAt = -Infinity;
  /** Bytes let through since. */
  #admitted = 0;

  constructor(options: FreeSpaceOptions) {
    this.#options = options;
  }

  /** Whether there was less than the floor when it was last looked. */
  get isShort(): boolean {
    return this.#free < this.#options.floorBytes;
  }

  /**
   * Lets a write of so many bytes through, or not. One that makes space may use
   * half of what must stay free for others: it could otherwise never be made.
   * @throws WazirError LIMIT_EXCEEDED.
   */
  admit(bytes: number, makesSpace = false): void {
    const { floorBytes, now } = this.#options;
    if (floorBytes <= 0) return;
    // Whatever comes in a second, the floor must not be used up unseen.
    if (now() - this.#checkedAt >= recheckMillis || this.#admitted + bytes > floorBytes / 8) this.#check();
    if (this.#free - bytes < (makesSpace ? floorBytes / 2 : floorBytes)) {
      throw new WazirError(
        'LIMIT_EXCEEDED',
        `the server's disk is nearly full: ${this.#free} bytes are free and ${floorBytes} must stay so; ` +
          'reads and deletions go on, other writes resume once space has been made',
        { metadata: { limit: 'free_disk_space', floor_bytes: String(floorBytes) }, retryAfterSeconds: 10 },
      );
    }
    this.#admitted += bytes;
  }

  #check(): void {
    try {
      this.#free = this.#options.freeBytes();
    } catch {
      this.#free = Infinity;
    }
    this.#checkedAt = this.#options.now();
    this.#admitted = 0;
  }
}
