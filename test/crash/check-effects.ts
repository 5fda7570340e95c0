/** Whether the effect of each acknowledged call is there. */
import { hasEnded } from '../../server/domain/trial.js';
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import { Parameter, TrialState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import type { Findings } from './findings.js';
import type { Entry } from './ledger.js';
import type { Listing, StudyListing } from './listing.js';
import { decodeRequest, decodeResponse } from './methods.js';

/** The number that ends a trial's name. */
export function numberOf(trial: string): number {
  return Number(trial.slice(trial.lastIndexOf('/') + 1));
}

/** Looks for the effects of calls to studies that are there. Reports are looked for elsewhere. */
export class EffectCheck {
  readonly #newestName = new Map<string, { readonly sequence: number; readonly name: string }>();

  constructor(
    private readonly findings: Findings,
    private readonly listing: Listing,
    private readonly wasDeleted: (uid: string, name: string) => boolean,
  ) {}

  check(entry: Entry): void {
    if (entry.outcome.kind !== 'ok') return;
    const { body, outcome } = entry;
    const study = this.listing.get(entry.uid);
    const lost = (holds: boolean, what: string) =>
      this.findings.expect(
        holds,
        'lost',
        () => `call ${entry.number}, ${entry.method} on ${entry.uid}: ${what}`,
      );
    switch (entry.method) {
      case 'createStudy': {
        const { uid, name } = decodeResponse('createStudy', outcome.body);
        if (!this.wasDeleted(uid, name)) lost(this.listing.has(uid), `${name}, ${uid} is not there`);
        return;
      }
      case 'deleteStudy':
        if (entry.uid !== '') lost(!study, 'it is still there');
        return;
      case 'updateStudy':
        if (study)
          this.#newerName(decodeRequest('updateStudy', body), decodeResponse('updateStudy', outcome.body));
        return;
      case 'suggestTrials':
        for (const trial of decodeResponse('suggestTrials', outcome.body).trials) {
          const now = this.listing.get(trial.studyUid)?.watched.get(trial.id);
          if (!this.listing.has(trial.studyUid)) continue;
          lost(
            now !== undefined && now.attempts >= trial.attempts,
            `trial ${trial.id} is not there, or older`,
          );
          if (now && !now.deleted) lost(sameParameters(now, trial), `trial ${trial.id} has other parameters`);
        }
        return;
      case 'createTrial': {
        const trial = decodeResponse('createTrial', outcome.body);
        const now = this.listing.get(trial.studyUid)?.watched.get(trial.id);
        if (!this.listing.has(trial.studyUid)) return;
        const isSame = now !== undefined && (now.deleted || now.labels['made'] === trial.labels['made']);
        lost(isSame, `trial ${trial.id} is not there`);
        return;
      }
      case 'updateMetadata':
        if (study) this.#checkMetadata(study, decodeRequest('updateMetadata', body), lost);
        return;
      case 'reportMeasurement':
        return;
      default:
        if (study) this.#checkTrial(study, entry, outcome.body, lost);
    }
  }

  #checkTrial(study: StudyListing, { method, body }: Entry, answered: Buffer, lost: Lost): void {
    switch (method) {
      case 'completeTrial': {
        const { id, state } = decodeResponse(method, answered);
        const now = study.watched.get(id);
        lost(now?.state === state, `trial ${id} is ${now?.state}, not ${state}`);
        return;
      }
      case 'stopTrial': {
        const { id } = decodeResponse(method, answered);
        const state = study.watched.get(id)!.state;
        lost(state === TrialState.STOPPING || hasEnded(state), `trial ${id} was not stopped`);
        return;
      }
      case 'deleteTrial': {
        const { name } = decodeRequest(method, body);
        lost(study.watched.get(numberOf(name))?.deleted ?? false, `${name} is still there`);
        return;
      }
      case 'releaseTrial': {
        const { name, checkpoint } = decodeRequest(method, body);
        const told = decodeResponse(method, answered);
        if (checkpoint && !hasEnded(told.state)) checkCheckpoint(study, name, checkpoint.uri, lost);
        return;
      }
      case 'renewLease': {
        const { name, checkpoint } = decodeRequest(method, body);
        const told = decodeResponse(method, answered);
        if (checkpoint && told.directive!.kind !== Kind.STOP)
          checkCheckpoint(study, name, checkpoint.uri, lost);
        return;
      }
      default:
        throw new Error(`${method} is looked for elsewhere`);
    }
  }

  #checkMetadata(
    { study, watched }: StudyListing,
    { updates }: ReturnType<typeof decodeRequest<'updateMetadata'>>,
    lost: Lost,
  ): void {
    for (const { trial, metadata } of updates) {
      const target = trial === 0 ? study : watched.get(trial);
      if (trial !== 0 && watched.get(trial)?.deleted) continue;
      const isThere = target?.metadata.some(({ key }) => key === metadata!.key) ?? false;
      lost(isThere, `metadata ${metadata!.key} of trial ${trial}`);
    }
  }

  #newerName(
    { study, updateMask }: ReturnType<typeof decodeRequest<'updateStudy'>>,
    { uid, sequence }: ReturnType<typeof decodeResponse<'updateStudy'>>,
  ): void {
    if (!updateMask?.includes('display_name')) return;
    if (sequence > (this.#newestName.get(uid)?.sequence ?? 0))
      this.#newestName.set(uid, { sequence, name: study!.displayName });
  }

  /** Of updates of one field the last stands. */
  finish(): void {
    for (const [uid, { name }] of this.#newestName) {
      const now = this.listing.get(uid)?.study;
      if (!now) continue;
      const isThere = now.displayName === name && now.labels['last'] === name;
      this.findings.expect(isThere, 'lost', () => `${uid}: the name ${name}, it is ${now.displayName}`);
    }
  }
}

type Lost = (holds: boolean, what: string) => boolean;

function sameParameters(a: Trial, b: Trial): boolean {
  const bytes = ({ parameters }: Trial) =>
    parameters.map((parameter) => Buffer.from(Parameter.encode(parameter).finish()).toString('hex')).join();
  return bytes(a) === bytes(b);
}

/** The checkpoint, or a later one. */
function checkCheckpoint({ watched }: StudyListing, trial: string, uri: string, lost: Lost): void {
  const now = watched.get(numberOf(trial));
  if (now?.deleted) return;
  const [, , attempt, step] = uri.split('/').map(Number);
  const [, , attemptNow, stepNow] = (now?.checkpoint?.uri ?? '/0/0/0').split('/').map(Number);
  const isThere = attemptNow! > attempt! || (attemptNow === attempt && stepNow! >= step!);
  lost(isThere, `checkpoint ${uri} of ${trial}; it has ${now?.checkpoint?.uri}`);
}
