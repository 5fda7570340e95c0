/** Whole trials of a study: suggested, reported at the step that they are lent for, completed. */
import assert from 'node:assert/strict';
import {
  Directive_Kind as DirectiveKind,
  MeasurementServiceService,
  ReportMeasurementRequest,
  ReportMeasurementResponse,
} from '../../server/gen/wazir/v1/measurement.js';
import {
  CompleteTrialRequest,
  SuggestTrialsRequest,
  SuggestTrialsResponse,
  Trial,
  TrialServiceService,
  TrialState,
} from '../../server/gen/wazir/v1/trial.js';
import type { TestClient } from '../test-client.js';
import { messageFrame } from './http2-frames.js';
import type { Load } from './load.js';
import { requestId } from './request-id.js';

/** Worse than all that is seeded: what reports it is never promoted. */
const worstLoss = 5;

export class TrialFlow {
  #requests = 0;
  #completed = 0;
  #suggested: Trial[] = [];

  /** @param lanes calls in flight */
  constructor(
    private readonly study: string,
    private readonly lanes: number,
  ) {}

  /** Asks for so many trials, which `reports` and `completes` go on with. */
  suggests(count: number): Load {
    this.#suggested = [];
    const requests = Array.from({ length: count }, () => {
      const number = ++this.#requests;
      const request = { parent: this.study, clientId: `worker-${number}`, requestId: requestId(number) };
      return SuggestTrialsRequest.encode(SuggestTrialsRequest.fromPartial(request)).finish();
    });
    return this.#load(TrialServiceService.suggestTrials.path, requests, (answer) => {
      const { trials } = SuggestTrialsResponse.decode(answer);
      if (trials.length !== 1 || !trials[0]!.assignment)
        throw new Error(`one lent trial was expected, not ${JSON.stringify(trials)}`);
      this.#suggested.push(trials[0]!);
    });
  }

  /** Reports each at the end of its lease's steps: its rung is crossed, and it pauses. */
  reports(): Load {
    const requests = this.#suggested.map(({ name, studyUid, assignment }) => {
      const { attempt, toResource: step } = assignment!;
      const metrics = [
        { name: 'loss', value: worstLoss },
        { name: 'accuracy', value: 0 },
      ];
      const request = { trial: name, attempt, studyUid, measurement: { step, metrics } };
      return ReportMeasurementRequest.encode(ReportMeasurementRequest.fromPartial(request)).finish();
    });
    return this.#load(MeasurementServiceService.reportMeasurement.path, requests, (answer) => {
      const { directive } = ReportMeasurementResponse.decode(answer);
      if (directive?.kind !== DirectiveKind.PAUSE)
        throw new Error(`PAUSE was expected, not ${JSON.stringify(directive)}`);
    });
  }

  /** Completes each. */
  completes(): Load {
    const requests = this.#suggested.map(({ name, studyUid, assignment }) => {
      const { attempt } = assignment!;
      const request = { name, studyUid, attempt, requestId: requestId(++this.#requests) };
      return CompleteTrialRequest.encode(CompleteTrialRequest.fromPartial(request)).finish();
    });
    return this.#load(TrialServiceService.completeTrial.path, requests, (answer) => {
      const { state } = Trial.decode(answer);
      if (state !== TrialState.SUCCEEDED) throw new Error(`SUCCEEDED was expected, not ${TrialState[state]}`);
      this.#completed++;
    });
  }

  /** Throws where the server does not have all that it acknowledged. */
  async verify(client: TestClient, succeededBefore: number): Promise<void> {
    const { progress } = await client.getStudy({ name: this.study });
    assert.equal(progress?.succeeded, succeededBefore + this.#completed, 'trials that have succeeded');
    assert.equal(progress?.active, 0, 'trials that are still lent');
  }

  #load(path: string, requests: readonly Uint8Array[], check: (answer: Buffer) => void): Load {
    const lanes = Array.from({ length: this.lanes }, (_, lane) =>
      requests.filter((_request, i) => i % this.lanes === lane).map(messageFrame),
    );
    return { path, connections: 1, lanes, check };
  }
}
