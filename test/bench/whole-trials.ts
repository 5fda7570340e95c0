/** A server whose studies are in memory, and whole trials of them, turn after turn. */
import { TestClient } from '../test-client.js';
import type { Contender } from './latency-turns.js';
import { drive } from './load.js';
import type { MeasuredProcess } from './measured-process.js';
import { TrialFlow } from './trial-flow.js';

const lanes = 4;
/** The first call loads the study. */
const loadMs = 180_000;

export class WholeTrials {
  readonly #flows: readonly TrialFlow[];
  #turns = 0;

  private constructor(
    private readonly process: MeasuredProcess,
    private readonly client: TestClient,
    names: readonly string[],
    private readonly each: number,
    private readonly succeeded: number,
  ) {
    this.#flows = names.map((name) => new TrialFlow(name, lanes));
  }

  /**
   * Brings the studies into memory.
   * @param each trials of a turn
   * @param succeeded trials of each study that have done so already
   */
  static async begin(
    process: MeasuredProcess,
    names: readonly string[],
    each: number,
    succeeded: number,
  ): Promise<WholeTrials> {
    const client = new TestClient(`127.0.0.1:${process.port}`);
    for (const name of names) await client.getStudy({ name }, { deadline: Date.now() + loadMs });
    return new WholeTrials(process, client, names, each, succeeded);
  }

  contender(): Contender {
    const flow = () => this.#flows[this.#turns % this.#flows.length]!;
    const asks = new Map([
      ['suggest', () => flow().suggests(this.each)],
      ['report', () => flow().reports()],
      ['complete', () => flow().completes()],
    ]);
    return {
      process: this.process,
      // What the reports of one turn make ready to be promoted, the next hands out: all sizes begin alike.
      prime: async () => {
        this.#turns++;
        for (const load of asks.values()) await drive(this.process.port, load());
      },
      asks,
    };
  }

  async verify(): Promise<void> {
    for (const flow of this.#flows) await flow.verify(this.client, this.succeeded);
    this.client.close();
  }
}
