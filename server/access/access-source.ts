/**
 * The access file as it is now. Read anew every few seconds, and whole: watching
 * would miss the change of a link that mounted secrets make, a glance at size and
 * time would miss what changes within the clock's grain, and the file is small.
 */
import { open } from 'node:fs/promises';
import type { AccessList } from './access-list.js';
import { AccessFileError, readAccessFile } from './access-file.js';

/** What the source tells; pino's loggers fit. */
export interface AccessLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface AccessClock {
  wall(): number;
  after(ms: number, callback: () => void): { cancel(): void };
}

export interface AccessSourceOptions {
  readonly path: string;
  readonly clock: AccessClock;
  readonly logger: AccessLogger;
}

/** What is withdrawn ends within this time and that of reading the file. */
export const rereadMs = 2000;

// Read by anybody, written by the group or anybody.
const looseBits = 0o026;

export class AccessSource {
  readonly #listeners = new Set<() => void>();
  #timer: { cancel(): void } | undefined;
  #closed = false;
  /** What is wrong with the file now, so that it is told once. */
  #told = '';
  #isLoose = false;

  private constructor(
    private readonly options: AccessSourceOptions,
    private text: string,
    private known: AccessList,
  ) {}

  /**
   * Reads the file, and keeps an eye on it.
   * @throws AccessFileError
   */
  static async open(options: AccessSourceOptions): Promise<AccessSource> {
    const { path, logger } = options;
    const { text, list, isLoose } = await readAccessFileAt(path);
    const source = new AccessSource(options, text, list);
    source.#tellLoose(isLoose);
    logger.info({ path, principals: list.size }, 'access file read');
    source.#later();
    return source;
  }

  get list(): AccessList {
    return this.known;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.options.clock.wall();
  }

  /**
   * Calls back every few seconds, after the file has been looked at.
   * @returns what takes the listener back
   */
  onLook(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #later(): void {
    if (!this.#closed) this.#timer = this.options.clock.after(rereadMs, () => void this.#look());
  }

  /** Takes in what has changed; a file that can not be used changes nothing. */
  async #look(): Promise<void> {
    const { path, logger } = this.options;
    try {
      const { text, isLoose } = await readText(path);
      this.#tellLoose(isLoose);
      if (text !== this.text) {
        this.known = readAccessFile(path, text);
        this.text = text;
        logger.info({ path, principals: this.known.size }, 'access file read');
      }
      this.#told = '';
    } catch (error) {
      // Not the error as such: a library's may quote the file.
      const problem = error instanceof AccessFileError ? error.message : 'a bug while reading it';
      if (problem !== this.#told)
        logger.error({ path, problem }, 'access file can not be used; what it said before still counts');
      this.#told = problem;
    }
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (err) {
        // The others, and the next look, must come all the same.
        logger.error({ err }, 'a listener to the access file threw');
      }
    }
    this.#later();
  }

  #tellLoose(isLoose: boolean): void {
    if (isLoose && !this.#isLoose)
      this.options.logger.warn(
        { path: this.options.path },
        'access file can be read by anybody, or written by others than its owner; it should have mode 600 or 640',
      );
    this.#isLoose = isLoose;
  }
}

/**
 * Reads an access file.
 * @throws AccessFileError
 */
export async function readAccessFileAt(
  path: string,
): Promise<{ text: string; list: AccessList; isLoose: boolean }> {
  const { text, isLoose } = await readText(path);
  return { text, list: readAccessFile(path, text), isLoose };
}

/** The file's text, and whether its mode lets too many at it. */
async function readText(path: string): Promise<{ text: string; isLoose: boolean }> {
  try {
    const file = await open(path, 'r');
    try {
      const { mode } = await file.stat();
      const isLoose = process.platform !== 'win32' && (mode & looseBits) !== 0;
      return { text: await file.readFile('utf8'), isLoose };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new AccessFileError(`${path}: can not be read: ${(error as Error).message}`);
  }
}
