/** Calls that are all the same, so that any load generator can make them. */
import {
  Directive_Kind as DirectiveKind,
  MeasurementServiceService,
  ReportMeasurementRequest,
  ReportMeasurementResponse,
} from '../../server/gen/wazir/v1/measurement.js';
import {
  SuggestTrialsRequest,
  SuggestTrialsResponse,
  TrialServiceService,
} from '../../server/gen/wazir/v1/trial.js';
import { messageFrame } from './http2-frames.js';
import type { Load } from './load.js';
import { laneLength } from './question.js';

export interface ConstantCall {
  readonly path: string;
  /** The encoded request. */
  readonly request: Uint8Array;
  readonly check: (answer: Buffer) => void;
}

/** A report as workers make them, for the echo: `constantAnswer` is what it is to answer. */
export const constantReport: ConstantCall = {
  path: MeasurementServiceService.reportMeasurement.path,
  request: ReportMeasurementRequest.encode(
    ReportMeasurementRequest.fromPartial({
      trial: 'owners/default/studies/study-000000000000/trials/1',
      attempt: 1,
      studyUid: '0123456789abcdef',
      measurement: {
        step: 1,
        elapsed: { seconds: 1, nanos: 250_000_000 },
        metrics: [
          { name: 'loss', value: 0.5 },
          { name: 'accuracy', value: 0.5 },
        ],
      },
    }),
  ).finish(),
  check(answer) {
    const { directive } = ReportMeasurementResponse.decode(answer);
    if (directive?.kind !== DirectiveKind.CONTINUE) throw new Error('CONTINUE was expected');
  },
};

export const constantAnswer = Buffer.from(
  ReportMeasurementResponse.encode(
    ReportMeasurementResponse.fromPartial({ directive: { kind: DirectiveKind.CONTINUE, until: 0 } }),
  ).finish(),
);

/** Asks for one trial more; without a request id, so that each call is a new one all the same. */
export function constantSuggest(study: string): ConstantCall {
  return {
    path: TrialServiceService.suggestTrials.path,
    request: SuggestTrialsRequest.encode(
      SuggestTrialsRequest.fromPartial({ parent: study, clientId: 'worker', recover: false }),
    ).finish(),
    check(answer) {
      if (SuggestTrialsResponse.decode(answer).trials.length !== 1) throw new Error('one trial was expected');
    },
  };
}

/** The same call at least `count` times. */
export function loadOf({ path, request, check }: ConstantCall, count: number, lanes: number): Load {
  return {
    path,
    connections: 1,
    lanes: Array.from({ length: lanes }, () =>
      Array.from({ length: laneLength(count, lanes) }, () => messageFrame(request)),
    ),
    check,
  };
}
