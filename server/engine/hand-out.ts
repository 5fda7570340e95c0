/**
 * What an asker gets, in this order: its own trials that it lost; queued trials;
 * trials that were given back or whose lease has lapsed; promoted trials; what
 * the scheduler decides now.
 */
import { encode } from '../codec/encode.js';
import type { WazirError } from '../domain/errors.js';
import type { Point } from '../domain/space.js';
import { TrialState, type Scheduling } from '../domain/spec.js';
import type { Checkpoint } from '../gen/wazir/v1/measurement.js';
import { TrialRecord } from '../gen/wazir/internal/v1/records.js';
import { StudyEndReason, StudyState, Trial, TrialEndReason, TrialSource } from '../gen/wazir/v1/trial.js';
import { toMilliseconds, toTimestamp } from './clock.js';
import { endTrial } from './end-trial.js';
import { lapse } from './expiry.js';
import type { LiveTrial } from './live-trial.js';
import { endLending, settle } from './settle.js';
import type { Study } from './study.js';
import type { Transaction } from './transaction.js';

export interface Asker {
  readonly client: string;
  /** How many trials at the most. */
  readonly count: number;
  /** Attempts that the client still runs, by trial. */
  readonly holding: ReadonlyMap<number, number>;
  /** Whether its other leases come back. */
  readonly recover: boolean;
}

/** Hands out what is ready; none where there is nothing, or the study does not lend. */
export function handOut(transaction: Transaction, asker: Asker): LiveTrial[] {
  const { study } = transaction;
  if (study.state !== StudyState.ACTIVE) return [];
  // What ends here may close a rung, whose survivors go before new trials.
  if (lapse(transaction)) settle(transaction);
  endAfterDuration(transaction);
  const lent = new Lent(asker.count);
  if (asker.recover) recoverOwn(transaction, asker, lent);
  while (!lent.isFull && study.lending) {
    const live = next(transaction, asker.client);
    if (!live) break;
    lent.add(live);
  }
  settle(transaction);
  return lent.trials;
}

const askFullAgainSeconds = 60;

/**
 * The refusal of an asker who gets nothing because all that there is to do now is a
 * new trial, and the study has as many as the server allows; else undefined. Not
 * the end of the study: whoever runs the server may raise the limit.
 */
export function refusalWhereFull(study: Study): WazirError | undefined {
  if (!study.isFull || !study.lending || !study.hasFreePlace || !study.canDraw) return undefined;
  if (study.scheduler.decide(true)?.kind !== 'start') return undefined;
  // What others hold may be promoted or come back.
  return study.full(study.leases.size + study.saving.size > 0 ? askFullAgainSeconds : undefined);
}

// Half of the 4 MiB that gRPC clients take in one message unless told otherwise; the last may exceed it.
const maxAnswerBytes = 2 << 20;

/** What one answer hands out. */
class Lent {
  readonly trials: LiveTrial[] = [];
  #bytes = 0;

  constructor(private readonly count: number) {}

  get isFull(): boolean {
    return this.trials.length >= this.count || this.#bytes >= maxAnswerBytes;
  }

  add(live: LiveTrial): void {
    this.trials.push(live);
    // Where no other can follow, its size is of no interest.
    if (this.count > 1) this.#bytes += encode(Trial, live.trial).length;
  }
}

function endAfterDuration(transaction: Transaction): void {
  const { study } = transaction;
  const { maxDuration } = study.spec.limits!;
  if (!maxDuration) return;
  if (study.ageMs() >= toMilliseconds(maxDuration)) endLending(transaction, StudyEndReason.MAX_DURATION);
}

function recoverOwn(transaction: Transaction, asker: Asker, lent: Lent): void {
  const { study } = transaction;
  const isLost = (live: LiveTrial) => asker.holding.get(live.id) !== live.attempt;
  for (const id of study.saving.heldBy(asker.client)) {
    const live = study.trials.get(id)!;
    if (!isLost(live)) continue;
    // Whoever asks anew under the name saves nothing any more.
    study.saving.end(id);
    transaction.change(live, {}, { savingAttempt: 0 });
  }
  for (const id of study.leases.heldBy(asker.client)) {
    const live = study.trials.get(id)!;
    if (lent.isFull) return;
    if (live.trial.state === TrialState.ACTIVE && isLost(live) && lendIfFits(transaction, live, asker.client))
      lent.add(live);
  }
}

function next(transaction: Transaction, client: string): LiveTrial | undefined {
  const { study } = transaction;
  const queued = study.hasFreePlace ? startQueued(transaction, client) : undefined;
  if (queued || !study.lending) return queued;
  const again = reoffer(transaction, client);
  if (again || !study.lending || !study.hasFreePlace) return again;
  for (;;) {
    const promoted = study.ready.first();
    if (promoted !== undefined) return lendIfFits(transaction, study.trials.get(promoted)!, client);
    const decision = study.scheduler.decide(study.canDraw && !study.isFull);
    if (!decision) return undefined;
    if (decision.kind === 'start') return startDrawn(transaction, client);
    // Decided now, lent once its checkpoint is saved: it may not be ready yet.
    promote(transaction, decision.trial);
  }
}

function promote(transaction: Transaction, trial: number): void {
  const { study } = transaction;
  const live = study.trials.get(trial);
  if (!live) throw new Error(`the scheduler promotes trial ${trial}, which has ended`);
  transaction.change(live, { scheduling: study.scheduler.promote(trial, live.scheduling) });
}

function startQueued(transaction: Transaction, client: string): LiveTrial | undefined {
  const { study } = transaction;
  const [id] = study.queue;
  if (id === undefined) return undefined;
  let decision = study.scheduler.decide(true);
  for (; decision?.kind === 'promote'; decision = study.scheduler.decide(true))
    promote(transaction, decision.trial);
  if (!decision) return undefined;
  const scheduling = enter(transaction, id);
  if (!scheduling) return undefined;
  const live = study.trials.get(id)!;
  study.queue.delete(id);
  transaction.change(live, { scheduling });
  lend(transaction, live, client);
  return live;
}

/** Gives a new trial its place in the scheduler; undefined, and the end of lending, where it does not fit the budget. */
function enter(transaction: Transaction, id: number): Scheduling | undefined {
  const { study } = transaction;
  if (study.fitsBudget(study.scheduler.startTarget())) return study.scheduler.start(id);
  endLending(transaction, StudyEndReason.MAX_TOTAL_RESOURCE);
  return undefined;
}

function startDrawn(transaction: Transaction, client: string): LiveTrial | undefined {
  const { study } = transaction;
  const id = study.nextTrial;
  const scheduling = enter(transaction, id);
  if (!scheduling) return undefined;
  const draw = study.nextDraw++;
  study.nextTrial++;
  study.counted++;
  const point = drawPoint(study, draw);
  const live = transaction.create(
    newRecord(
      {
        ...newTrial(study, id),
        state: TrialState.ACTIVE,
        source: TrialSource.SAMPLED,
        parameters: study.space.toParameters(point),
        scheduling: { ...scheduling, draw },
      },
      point,
    ),
  );
  lend(transaction, live, client);
  return live;
}

function drawPoint(study: Study, draw: number): Point {
  const defaults =
    draw === 0 && study.samplerKind.startsFromDefaults ? study.space.defaultPoint() : undefined;
  const point = defaults ?? study.sampler.draw(draw);
  if (!point) throw new Error(`the sampler has no draw ${draw} of ${study.sampler.size}`);
  return point;
}

// Copied, since `fromPartial` looks at every field of all that is below: 5 % of a suggestion.
const blankTrial = Trial.fromPartial({});
const blankRecord = TrialRecord.fromPartial({});

/** The record of a trial that is made now. */
export function newRecord(trial: Trial, point: Point): TrialRecord {
  return { ...blankRecord, trial, point: [...point] };
}

/** A trial as it is when it is made; state, source and parameters are the caller's. */
export function newTrial(study: Study, id: number): Trial {
  return {
    ...blankTrial,
    name: study.trialName(id),
    id,
    createTime: toTimestamp(study.clock.wall()),
    studyUid: study.uid,
  };
}

/** Lends anew what was given back, then what has lapsed. */
function reoffer(transaction: Transaction, client: string): LiveTrial | undefined {
  const { study } = transaction;
  const released = leastOf(study.released);
  if (released !== undefined && study.hasFreePlace)
    return lendIfFits(transaction, study.trials.get(released)!, client);
  // These have kept their places.
  for (const lease of study.leases.lapsed()) {
    const live = study.trials.get(lease.trial)!;
    return lendIfFits(transaction, live, client);
  }
  return undefined;
}

/** By number, not by time of release: an order that a restart does not change. */
function leastOf(trials: Iterable<number>): number | undefined {
  let least: number | undefined;
  for (const trial of trials) if (least === undefined || trial < least) least = trial;
  return least;
}

/** Lends a trial that had been lent before; where the budget has no room, lending ends. */
function lendIfFits(transaction: Transaction, live: LiveTrial, client: string): LiveTrial | undefined {
  const { study } = transaction;
  const more = live.scheduling.target - startOf(live) - live.lent;
  if (!study.fitsBudget(more)) {
    endLending(transaction, StudyEndReason.MAX_TOTAL_RESOURCE);
    if (live.trial.state === TrialState.ACTIVE)
      endTrial(transaction, live, {
        state: TrialState.STOPPED,
        endReason: TrialEndReason.LIMIT,
        retire: 'ended',
      });
    return undefined;
  }
  lend(transaction, live, client);
  return live;
}

/**
 * The checkpoint to start from. One at or past the target leaves nothing to train
 * that could bring the missing value there: such a trial is trained anew.
 */
function checkpointFor(live: LiveTrial): Checkpoint | undefined {
  const { checkpoint } = live.trial;
  const { target } = live.scheduling;
  return checkpoint && (target === 0 || checkpoint.step < target) ? checkpoint : undefined;
}

function startOf(live: LiveTrial): number {
  return checkpointFor(live)?.step ?? 0;
}

/** Hands a trial out under a new attempt, from its last acknowledged checkpoint to its rung. */
function lend(transaction: Transaction, live: LiveTrial, client: string): void {
  const { study } = transaction;
  const { id, trial } = live;
  const lapsed = study.leases.get(id) !== undefined && !study.leases.isRunning(id);
  const attempt = live.attempt + 1;
  const from = startOf(live);
  const wall = study.clock.wall();
  study.released.delete(id);
  study.saving.end(id);
  study.leases.grant(id, attempt, client, study.clock.monotonic());
  if (lapsed) study.progress.reassigned++;
  transaction.change(
    live,
    {
      state: TrialState.ACTIVE,
      clientId: client,
      attempts: attempt,
      expiries: trial.expiries + (lapsed ? 1 : 0),
      startTime: trial.startTime ?? toTimestamp(wall),
      scheduling: { ...live.scheduling, promoted: false },
      assignment: {
        fromResource: from,
        toResource: live.scheduling.target,
        attempt,
        // As of now, for the answer; whoever looks later is told as of then.
        leaseExpireTime: toTimestamp(wall + study.leases.durationMs),
        leaseDuration: study.spec.leaseDuration,
        checkpoint: checkpointFor(live),
        studyUid: study.uid,
      },
    },
    {
      attemptFrom: from,
      attemptStarts: [...live.record.attemptStarts, from],
      released: false,
      savingAttempt: 0,
      spentBefore: live.spent,
    },
  );
}
