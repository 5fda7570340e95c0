import { Directive_Kind, type Directive as Message } from './gen/wazir/v1/measurement.js';

/**
 * What to do with a trial:
 * `continue`: train on to `until`;
 * `pause`: stop training and save, it may be resumed later;
 * `stop`: it has ended, nothing need be saved;
 * `complete`: it has reached all it was to reach;
 * `lost`: another worker has it now, or it was ended elsewhere.
 */
export type Action = 'continue' | 'pause' | 'stop' | 'complete' | 'lost';

/** The answer to a report. */
export interface Directive {
  readonly action: Action;
  /** With `continue`: the step up to which to train; 0 where the worker decides. */
  readonly until: number;
}

/** Reads a directive; what this client does not know counts as `stop`, the only answer that is safe. */
export function readDirective(message: Message | undefined): Directive {
  switch (message?.kind) {
    case Directive_Kind.CONTINUE:
      return { action: 'continue', until: message.until };
    case Directive_Kind.PAUSE:
      return { action: 'pause', until: 0 };
    case Directive_Kind.COMPLETE:
      return { action: 'complete', until: 0 };
    default:
      return { action: 'stop', until: 0 };
  }
}
