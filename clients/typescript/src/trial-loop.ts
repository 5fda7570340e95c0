import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { sleep } from './clock.js';
import { seconds } from './duration.js';
import {
  SuggestTrialsRequest,
  StudyState,
  TrialServiceService,
  type Trial as TrialMessage,
} from './gen/wazir/v1/trial.js';
import type { HeldTrials } from './held-trials.js';
import { idOf } from './names.js';
import type { ReportStream } from './report-stream.js';
import type { Rpc } from './rpc.js';
import { Trial } from './trial.js';

export interface TrialsOptions {
  /**
   * Names this place where trials run, one at a time. A worker that comes back
   * under its name after a crash gets the trial back that it had. Not set: a
   * name that nobody else has.
   */
  readonly worker?: string;
  /** Where checkpoints are written; where several machines share a study, a directory that all see. Default `checkpoints`. */
  readonly checkpointDir?: string;
  /** Ends the loop when it aborts: at once while it waits, else with the trial at hand, whose `signal` is its own. */
  readonly signal?: AbortSignal;
  /** Whether to take back trials that this worker's name still has. Default true. */
  readonly recover?: boolean;
}

/** What the loop needs of its client. */
export interface LoopContext {
  readonly rpc: Rpc;
  readonly reports: ReportStream;
  readonly held: HeldTrials;
}

/** One try of SuggestTrials. The server answers before it is over, and waits a minute at the most. */
const SUGGEST_TIMEOUT_MS = 70_000;

/**
 * Trials of a study, one after the other, until the study is COMPLETED or the
 * signal aborts. Waits on the server, without polling.
 *
 * When the body has ended, what it left open is done: after PAUSE the trial is
 * given back with the checkpoint found at `checkpointPathToWrite`; one that was
 * reported on and not told to end is completed with what was reported. When the
 * body is left by `break`, `return` or an exception, the trial is given back.
 */
export async function* trialLoop(
  context: LoopContext,
  study: string,
  options: TrialsOptions,
): AsyncGenerator<Trial, void, undefined> {
  const { rpc, reports, held } = context;
  const worker = options.worker ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const checkpointDirectory = options.checkpointDir ?? 'checkpoints';
  reports.retain();
  try {
    for (;;) {
      const message = await nextTrial(context, study, worker, options);
      if (message?.assignment === undefined) return;
      const trialContext = { rpc, reports, studyId: idOf(study), checkpointDirectory };
      const trial = new Trial(trialContext, message, message.assignment);
      const letGo = held.add(study, worker, { trial: trial.id, attempt: trial.attempt });
      let whole = false;
      try {
        yield trial;
        whole = true;
      } finally {
        letGo();
        await trial.finish(whole);
      }
    }
  } finally {
    reports.release();
  }
}

async function nextTrial(
  { rpc, held }: LoopContext,
  study: string,
  worker: string,
  { signal, recover }: TrialsOptions,
): Promise<TrialMessage | undefined> {
  while (!signal?.aborted) {
    const request = SuggestTrialsRequest.create({
      parent: study,
      clientId: worker,
      count: 1,
      holding: held.of(study, worker),
      recover,
      requestId: randomUUID(),
    });
    try {
      const options = { timeoutMs: SUGGEST_TIMEOUT_MS, signal };
      const answer = await rpc.call(TrialServiceService.suggestTrials, request, options);
      if (answer.trials[0] !== undefined) return answer.trials[0];
      if (answer.studyState === StudyState.COMPLETED) return undefined;
      await sleep(rpc.clock, seconds(answer.retryAfter) * 1_000, [rpc.closing, signal]);
    } catch (error) {
      if (signal?.aborted) return undefined;
      throw error;
    }
  }
  return undefined;
}
