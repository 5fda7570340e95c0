/** What does a report cost on a stream? Each is acknowledged. */
import {
  Directive_Kind as DirectiveKind,
  MeasurementServiceService,
  StreamMeasurementsRequest,
  StreamMeasurementsResponse,
} from '../../server/gen/wazir/v1/measurement.js';
import { messageFrame } from './http2-frames.js';
import { laneLength, type Question } from './question.js';
import { ReportedTrials } from './reported-trials.js';

/** @param trials that are shared out among the streams, each with one report unanswered */
export function streamedReports(streams: number, connections: number, trialsInAll = 64): Question {
  const trialsPerStream = trialsInAll / streams;
  return {
    name: `streamed reports, ${streams} ${streams === 1 ? 'stream' : 'streams'}`,
    async prepare(client) {
      const trials = await ReportedTrials.borrow(client, trialsInAll);
      const message = (stream: number, i: number) => {
        const report = trials.next(stream * trialsPerStream + (i % trialsPerStream));
        return messageFrame(StreamMeasurementsRequest.encode({ messageId: i + 1, ...report }).finish());
      };
      return {
        load: (count) => ({
          path: MeasurementServiceService.streamMeasurements.path,
          connections,
          lanes: Array.from({ length: streams }, (_, stream) =>
            Array.from({ length: laneLength(count, streams) }, (_, i) => message(stream, i)),
          ),
          streaming: { unanswered: trialsPerStream },
          check(answer) {
            const { messageId, directive, error } = StreamMeasurementsResponse.decode(answer);
            if (messageId === 0 || error || directive?.kind !== DirectiveKind.CONTINUE)
              throw new Error(
                `CONTINUE was expected, not ${JSON.stringify({ messageId, directive, error })}`,
              );
          },
        }),
        verify: () => trials.verify(),
      };
    },
  };
}
