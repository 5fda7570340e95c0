/** Merges metadata of a study and its trials by (namespace, key), all of it or nothing. */
import { invalid } from '../../domain/errors.js';
import { formatStudyName } from '../../domain/names.js';
import { Study as StudyMessage } from '../../gen/wazir/v1/study.js';
import {
  Trial,
  type Metadata,
  type UpdateMetadataRequest,
  type UpdateMetadataResponse,
} from '../../gen/wazir/v1/trial.js';
import { readTrial } from '../fence.js';
import { LiveTrial } from '../live-trial.js';
import { methods } from '../methods.js';
import type { Study } from '../study.js';
import { Transaction } from '../transaction.js';
import {
  checkMetadataKey,
  checkMetadataSize,
  checkRecordSize,
  metadataBytes,
  metadataKey,
} from './check-annotations.js';

const maxTrials = 10_000;
// All of it is one batch, of whole records.
const maxBatchBytes = 16 * 2 ** 20;

/** Updates by trial; 0 is the study itself. */
type Updates = ReadonlyMap<number, readonly Metadata[]>;

export async function updateMetadata(
  study: Study,
  request: UpdateMetadataRequest,
): Promise<UpdateMetadataResponse> {
  study.check();
  const updates = sortByTrial(request);
  return study.requests.once(study, methods.updateMetadata, request, (record) =>
    study.inLane(async () => {
      const trials = await findTrials(study, updates);
      let bytes = 0;
      const merged = [...updates].map(([id, entries]) => {
        const live = trials.get(id);
        const before = live?.trial.metadata ?? study.message.metadata;
        const metadata = merge(before, entries);
        const size = live
          ? Trial.encode({ ...live.trial, metadata }).finish().length
          : StudyMessage.encode({ ...study.message, metadata }).finish().length;
        // What shrinks may be over a limit that has been lowered since.
        if (metadataBytes(metadata) > metadataBytes(before)) {
          const subject = live ? study.trialName(id) : formatStudyName(study.name);
          const of = { limits: study.limits, subject };
          checkMetadataSize('updates', metadata, of);
          checkRecordSize('updates', size, of);
        }
        bytes += size;
        if (bytes > maxBatchBytes)
          throw invalid(
            'updates',
            `change records of more than ${maxBatchBytes} bytes in all; send fewer at once`,
          );
        return { live, metadata };
      });
      const transaction = new Transaction(study);
      for (const { live, metadata } of merged) {
        if (live) transaction.change(live, { metadata });
        else transaction.changeStudy({ metadata });
      }
      return transaction.commit(() => ({ sequence: study.sequence }), record);
    }),
  );
}

function sortByTrial({ updates }: UpdateMetadataRequest): Updates {
  if (updates.length === 0) throw invalid('updates', 'must not be empty');
  const byTrial = new Map<number, Metadata[]>();
  updates.forEach(({ trial, metadata }, i) => {
    if (!metadata) throw invalid(`updates[${i}].metadata`, 'must be set');
    if (trial < 0) throw invalid(`updates[${i}].trial`, 'must be the number of a trial, or 0');
    checkMetadataKey(`updates[${i}].metadata`, metadata);
    const entries = byTrial.get(trial);
    if (entries) entries.push(metadata);
    else byTrial.set(trial, [metadata]);
  });
  if (byTrial.size > maxTrials)
    throw invalid('updates', `must be of at most ${maxTrials} trials; send fewer at once`);
  return byTrial;
}

/** The trials as they are now: one that ends while others are read is read too. */
async function findTrials(study: Study, updates: Updates): Promise<Map<number, LiveTrial>> {
  const ended = new Map<number, LiveTrial>();
  for (;;) {
    const missing = [...updates.keys()].filter((id) => id !== 0 && !study.trials.has(id) && !ended.has(id));
    if (missing.length === 0) break;
    for (const id of missing)
      if (!study.trials.has(id)) ended.set(id, new LiveTrial(await readTrial(study, id)));
  }
  const found = new Map(ended);
  for (const id of updates.keys()) {
    const live = study.trials.get(id);
    if (live) found.set(id, live);
  }
  return found;
}

function merge(before: readonly Metadata[], updates: readonly Metadata[]): Metadata[] {
  const byKey = new Map(before.map((entry) => [metadataKey(entry), entry]));
  for (const update of updates) {
    if (update.value) byKey.set(metadataKey(update), update);
    else byKey.delete(metadataKey(update));
  }
  return [...byKey.values()];
}
