/** Sends the latest state of what has changed, from any sequence number on. */
import { WazirError } from '../domain/errors.js';
import { ChangeRecord, TrialRecord } from '../gen/wazir/internal/v1/records.js';
import type { WatchStudyResponse } from '../gen/wazir/v1/study.js';
import type { Trial } from '../gen/wazir/v1/trial.js';
import { keys, lastNumber } from '../store/keys.js';
import type { Study } from './study.js';
import type { Change, Watcher } from './watchers.js';

/**
 * Yields changes after a sequence number, by rising sequence, for ever; throws
 * when the study goes or the signal aborts.
 */
export async function* watch(
  study: Study,
  afterSequence: number,
  signal: AbortSignal,
): AsyncGenerator<WatchStudyResponse> {
  study.check();
  const watcher = study.watchers.add();
  const leave = () => watcher.end(new WazirError('CANCELLED', 'the watcher has left'));
  // It may have gone while the study was being read.
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  let last = afterSequence;
  try {
    // What was under way when the watcher joined is not told to it, but read from disk.
    await study.settled();
    for (;;) {
      for await (const change of catchUp(study, last, watcher)) {
        last = change.sequence;
        yield change;
      }
      for (;;) {
        const changes = await watcher.next();
        if (changes === 'behind') break;
        const fresh = changes.filter((change) => change.sequence > last);
        for (const [i, change] of fresh.entries()) {
          last = change.sequence;
          yield response(change, i === fresh.length - 1 && watcher.isEmpty);
        }
      }
    }
  } finally {
    signal.removeEventListener('abort', leave);
    study.watchers.remove(watcher);
  }
}

function response({ sequence, study, trial }: Change, caughtUp: boolean): WatchStudyResponse {
  const record: WatchStudyResponse['record'] = study
    ? { $case: 'study', value: study }
    : { $case: 'trial', value: trial! };
  return { sequence, record, caughtUp };
}

/**
 * What changed after a number and was durable when the watcher began; all later
 * changes are told to the watcher. A record that changes while this runs is left
 * to it, so no state comes twice or out of order.
 */
async function* catchUp(study: Study, after: number, watcher: Watcher): AsyncGenerator<WatchStudyResponse> {
  const until = study.durableSequence;
  const reported = reportedSince(study, after, until);
  // Their records on disk are older states.
  const newer = new Set(reported.map(({ id }) => id));
  const range = { ...keys.changesAfter(study.uid, after), lt: keys.change(study.uid, until + 1) };
  let held: Change | undefined;
  for await (const [key, value] of study.store.iterate(range)) {
    const sequence = lastNumber(key);
    const { trial } = ChangeRecord.decode(value);
    const change = newer.has(trial) ? undefined : await read(study, trial, sequence, until);
    if (!change) continue;
    // One is held back, so that the last can say that it is the last.
    if (held) yield response(held, false);
    while (reported.length > 0 && reported[0]!.sequence < sequence)
      yield response({ sequence: reported[0]!.sequence, trial: reported.shift()! }, false);
    held = change;
  }
  if (held) yield response(held, reported.length === 0 && watcher.isEmpty);
  for (const [i, trial] of reported.entries())
    yield response({ sequence: trial.sequence, trial }, i === reported.length - 1 && watcher.isEmpty);
}

/** Live trials whose newest change is a report, which has no entry among the changes. */
function reportedSince(study: Study, after: number, until: number): Trial[] {
  return [...study.trials.values()]
    .filter(
      (live) =>
        !live.isResting &&
        live.reportSequence > Math.max(after, live.trial.sequence) &&
        live.reportSequence <= until,
    )
    .map((live) => study.view(live))
    .sort((a, b) => a.sequence - b.sequence);
}

async function read(
  study: Study,
  trial: number,
  sequence: number,
  until: number,
): Promise<Change | undefined> {
  if (trial === 0) {
    if (study.message.sequence > until) return undefined;
    const message = { ...study.messageView(), sequence };
    await study.settled();
    return { sequence, study: message };
  }
  const bytes = await study.store.get(keys.trial(study.uid, trial));
  const known = bytes && TrialRecord.decode(bytes).trial!;
  return known?.sequence === sequence ? { sequence, trial: known } : undefined;
}
