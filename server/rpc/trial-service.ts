/** `wazir.v1.TrialService`: check, call, answer. */
import { invalid } from '../domain/errors.js';
import { parseStudyName, parseTrialName } from '../domain/names.js';
import { checkReason } from '../engine/commands/check-annotations.js';
import { complete } from '../engine/commands/complete.js';
import { createTrial } from '../engine/commands/create-trial.js';
import { deleteTrial } from '../engine/commands/delete-trial.js';
import { release } from '../engine/commands/release.js';
import { renew } from '../engine/commands/renew.js';
import { stop } from '../engine/commands/stop.js';
import { suggest, type Patience } from '../engine/commands/suggest.js';
import { updateMetadata } from '../engine/commands/update-metadata.js';
import { draining, type Engine } from '../engine/engine.js';
import { getTrial, listTrials } from '../engine/queries.js';
import type { SuggestTrialsRequest, TrialServiceServer } from '../gen/wazir/v1/trial.js';
import { checkRequestId } from './check-request-id.js';
import { unary, type CallContext, type HandlerParts } from './handler.js';

const maxCount = 1000;
const maxClientBytes = 256;
const longestWaitMs = 60_000;

/** Waits are answered a little before the deadline (Infinity: there is none), so that the answer arrives in time. */
export function waitFor(remainingMs: number): number {
  return Math.min(remainingMs - 200, remainingMs * 0.9, longestWaitMs);
}

/** The patience of a call. Its signal is made where it waits: 3 % of a suggestion that does not. */
class CallPatience implements Patience {
  constructor(private readonly context: CallContext) {}

  get waitMs(): number {
    return waitFor(this.context.remainingMs);
  }

  get signal(): AbortSignal {
    return this.context.signal;
  }

  get isCancelled(): boolean {
    return this.context.isCancelled;
  }
}

function checkSuggest(request: SuggestTrialsRequest): SuggestTrialsRequest {
  checkRequestId(request);
  const { count, clientId, holding } = request;
  if (clientId === '') throw invalid('client_id', 'must not be empty');
  // 3 bytes are the most that a UTF-16 unit takes; the cheap test goes first.
  if (clientId.length * 3 > maxClientBytes && Buffer.byteLength(clientId) > maxClientBytes)
    throw invalid('client_id', `must be at most ${maxClientBytes} bytes`);
  if (count < 0 || count > maxCount)
    throw invalid('count', `must be from 1 to ${maxCount}, or 0, which means 1`);
  holding.forEach(({ trial, attempt }, i) => {
    if (trial < 1) throw invalid(`holding[${i}].trial`, 'must be the number of a trial');
    if (attempt < 1) throw invalid(`holding[${i}].attempt`, 'must be an attempt, 1 or more');
  });
  return { ...request, count: count || 1 };
}

export function trialService(engine: Engine, parts: HandlerParts): TrialServiceServer {
  const trialOf = async (field: string, name: string, uid = '') => {
    const { owner, study, trial } = parseTrialName(field, name);
    return [await engine.study({ owner, study }, uid), trial] as const;
  };

  return {
    suggestTrials: unary(parts, async (request, context) => {
      const checked = checkSuggest(request);
      const name = parseStudyName('parent', request.parent);
      if (engine.isDraining) throw draining();
      return suggest(await engine.study(name), checked, new CallPatience(context));
    }),

    createTrial: unary(parts, async (request) => {
      checkRequestId(request);
      return createTrial(await engine.study(parseStudyName('parent', request.parent)), request);
    }),

    getTrial: unary(parts, async ({ name }) => getTrial(...(await trialOf('name', name)))),

    listTrials: unary(parts, async (request, { reach, signal }) =>
      listTrials(
        await engine.study(parseStudyName('parent', request.parent)),
        request,
        engine.pageTokens(reach),
        signal,
      ),
    ),

    completeTrial: unary(parts, async (request) => {
      checkRequestId(request);
      const { outcome } = request;
      if (outcome)
        checkReason(
          outcome.$case === 'infeasibleReason' ? 'infeasible_reason' : 'failure_reason',
          outcome.value,
        );
      return complete(...(await trialOf('name', request.name, request.studyUid)), request);
    }),

    stopTrial: unary(parts, async (request) => {
      checkRequestId(request);
      return stop(...(await trialOf('name', request.name)), request);
    }),

    deleteTrial: unary(parts, async (request) => {
      checkRequestId(request);
      return deleteTrial(...(await trialOf('name', request.name)), request);
    }),

    renewLease: unary(parts, async ({ name, studyUid, attempt, checkpoint }) =>
      renew(...(await trialOf('name', name, studyUid)), attempt, checkpoint),
    ),

    releaseTrial: unary(parts, async (request) => {
      checkRequestId(request);
      return release(...(await trialOf('name', request.name, request.studyUid)), request);
    }),

    updateMetadata: unary(parts, async (request) => {
      checkRequestId(request);
      return updateMetadata(await engine.study(parseStudyName('name', request.name)), request);
    }),
  };
}
