/** What does a report cost that is a call of its own? Each lane is a trial. */
import {
  Directive_Kind as DirectiveKind,
  MeasurementServiceService,
  ReportMeasurementRequest,
  ReportMeasurementResponse,
} from '../../server/gen/wazir/v1/measurement.js';
import { messageFrame } from './http2-frames.js';
import { laneLength, type Question } from './question.js';
import { ReportedTrials } from './reported-trials.js';

/** @param lanes trials that report at the same time, each waiting for its answer before its next report */
export function unaryReport(lanes: number, connections: number): Question {
  return {
    name: `unary report, ${lanes} in flight`,
    async prepare(client) {
      const trials = await ReportedTrials.borrow(client, lanes);
      return {
        load: (count) => ({
          path: MeasurementServiceService.reportMeasurement.path,
          connections,
          lanes: Array.from({ length: lanes }, (_, place) =>
            Array.from({ length: laneLength(count, lanes) }, () =>
              messageFrame(ReportMeasurementRequest.encode(trials.next(place)).finish()),
            ),
          ),
          check(answer) {
            const { directive } = ReportMeasurementResponse.decode(answer);
            if (directive?.kind !== DirectiveKind.CONTINUE)
              throw new Error(`CONTINUE was expected, not ${JSON.stringify(directive)}`);
          },
        }),
        verify: () => trials.verify(),
      };
    },
  };
}
