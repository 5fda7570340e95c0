interface Writable<Message> {
  write(message: Message, written: () => void): unknown;
}

/** Messages under way on one stream: one on its way out, and the next. */
const mostUnderWay = 2;

/**
 * Writes to a stream at its reader's pace. grpc-js itself takes sixteen messages
 * before it says that it has enough, and a message may be a megabyte.
 */
export class Pace<Message> {
  #underWay = 0;
  #wake: (() => void) | undefined;

  /** @param signal aborts when the stream is over: what was under way then is never told to be written */
  constructor(
    private readonly stream: Writable<Message>,
    private readonly signal: AbortSignal,
  ) {}

  /** Writes a message, and waits until there is room for another or the signal aborts. */
  async write(message: Message): Promise<void> {
    this.#underWay++;
    this.stream.write(message, () => {
      this.#underWay--;
      this.#wake?.();
    });
    if (this.#underWay < mostUnderWay || this.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#wake = undefined;
        this.signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wake = wake;
      this.signal.addEventListener('abort', wake);
    });
  }
}
