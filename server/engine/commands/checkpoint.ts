/** What a worker says of the state that it has saved. */
import { invalid } from '../../domain/errors.js';
import type { Checkpoint } from '../../gen/wazir/v1/measurement.js';
import type { LiveTrial } from '../live-trial.js';

const maxUriBytes = 4096;

/** Checks a checkpoint of the newest attempt; returns it as the trial keeps it. */
export function acceptCheckpoint(live: LiveTrial, given: Checkpoint): Checkpoint {
  if (given.step < 1) throw invalid('checkpoint.step', 'must be 1 or more');
  if (given.step > live.attemptLast)
    throw invalid(
      'checkpoint.step',
      `must not be above the last step that the attempt has reported, ${live.attemptLast}`,
    );
  if (Buffer.byteLength(given.uri) > maxUriBytes)
    throw invalid('checkpoint.uri', `must be at most ${maxUriBytes} bytes`);
  return { step: given.step, uri: given.uri, trial: live.id };
}
