/** Who wants to hear unasked of a change in what a trial's worker is to do: open streams. */
import type { Directive } from '../gen/wazir/v1/measurement.js';

export type DirectiveListener = (trial: number, attempt: number, directive: Directive) => void;

export class DirectiveListeners {
  readonly #byTrial = new Map<number, Set<DirectiveListener>>();

  add(trial: number, listener: DirectiveListener): void {
    const listeners = this.#byTrial.get(trial);
    if (listeners) listeners.add(listener);
    else this.#byTrial.set(trial, new Set([listener]));
  }

  remove(trial: number, listener: DirectiveListener): void {
    const listeners = this.#byTrial.get(trial);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#byTrial.delete(trial);
  }

  tell(trial: number, attempt: number, directive: Directive): void {
    for (const listener of this.#byTrial.get(trial) ?? []) listener(trial, attempt, directive);
  }
}
