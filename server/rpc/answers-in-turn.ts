/**
 * Answers on one stream, written in the order in which their requests came, however
 * they are found, and at the reader's pace. A queue, not a chain of promises: these
 * were 5 µs of the 35 that a streamed report took.
 */
interface Writable<Answer> {
  /** False where it has enough for now; `drain` says when it takes more. */
  write(answer: Answer): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

/** What is written in a turn: an answer, or what makes it at the moment when it is written. */
type Given<Answer> = Answer | (() => Answer | undefined);

/** The place of one answer in the order. */
class Turn<Answer> {
  /** Undefined until it is known. */
  given: Given<Answer> | undefined;

  constructor(
    private readonly write: () => void,
    readonly written: (() => void) | undefined,
  ) {}

  give(answer: Given<Answer>): void {
    this.given = answer;
    this.write();
  }
}

export class AnswersInTurn<Answer extends object> {
  #turns: Turn<Answer>[] = [];
  /** Those before are written. */
  #next = 0;
  #full = false;
  #writing = false;
  #ended = false;
  readonly #write = () => this.#writeReady();

  constructor(private readonly stream: Writable<Answer>) {}

  /**
   * Takes a turn after all that were taken before.
   * @param written called back when the stream has taken the answer
   */
  add(written?: () => void): Turn<Answer> {
    const turn = new Turn<Answer>(this.#write, written);
    this.#turns.push(turn);
    return turn;
  }

  /** Does something once all that was asked for up to now is written. */
  thenDo(act: () => void): void {
    this.add().give(() => {
      act();
      return undefined;
    });
  }

  /** Writes nothing more. */
  end(): void {
    this.#ended = true;
    this.#turns = [];
    this.#next = 0;
  }

  #writeReady(): void {
    // What is done in its turn may give answers itself.
    if (this.#writing) return;
    this.#writing = true;
    while (!this.#full && !this.#ended) {
      const turn = this.#turns[this.#next];
      if (turn?.given === undefined) break;
      this.#next++;
      const { given } = turn;
      const answer = typeof given === 'function' ? given() : given;
      if (answer && !this.#ended && !this.stream.write(answer)) this.#waitForRoom();
      turn.written?.();
    }
    this.#writing = false;
    this.#forgetWritten();
  }

  /** Now and then, so that it costs nothing. */
  #forgetWritten(): void {
    if (this.#next === this.#turns.length) this.#turns.length = this.#next = 0;
    else if (this.#next > 64 && this.#next * 2 > this.#turns.length) {
      this.#turns = this.#turns.slice(this.#next);
      this.#next = 0;
    }
  }

  #waitForRoom(): void {
    this.#full = true;
    this.stream.once('drain', () => {
      this.#full = false;
      this.#writeReady();
    });
  }
}
