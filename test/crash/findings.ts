/** What comparing a server with a ledger has brought to light. */
import assert from 'node:assert/strict';

/** What is wrong with a call or a record. */
export type Fault =
  /** It was acknowledged and is not there, or not whole. */
  | 'lost'
  /** Its effect is there more than once. */
  | 'duplicated'
  /** An invariant does not hold. */
  | 'broken';

const shown = 20;

export class Findings {
  /** Acknowledged effects that were looked for and are there. */
  found = 0;
  readonly faults: Record<Fault, number> = { lost: 0, duplicated: 0, broken: 0 };
  readonly #said: string[] = [];

  /** Counts a thing that was looked for. */
  expect(holds: boolean, fault: Fault, what: () => string): boolean {
    if (holds) {
      if (fault === 'lost') this.found++;
      return true;
    }
    this.faults[fault]++;
    this.#said.push(`${fault}: ${what()}`);
    return false;
  }

  /** Fails where anything was wrong. */
  assertNone(): void {
    const more = this.#said.length > shown ? `\n… and ${this.#said.length - shown} more` : '';
    assert.equal(this.#said.length, 0, `${this.#said.slice(0, shown).join('\n')}${more}`);
  }
}
