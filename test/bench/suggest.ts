/** What does a suggestion cost? Each is a new trial for a client of its own. */
import assert from 'node:assert/strict';
import {
  SuggestTrialsRequest,
  SuggestTrialsResponse,
  TrialServiceService,
} from '../../server/gen/wazir/v1/trial.js';
import { createBenchStudy } from './bench-study.js';
import { messageFrame } from './http2-frames.js';
import { laneLength, type Question } from './question.js';
import { requestId } from './request-id.js';

/** @param lanes askers at the same time, each waiting for its answer before it asks again */
export function suggest(lanes: number, connections: number): Question {
  return {
    name: `suggest, ${lanes} in flight`,
    async prepare(client) {
      const { name } = await createBenchStudy(client, { name: 'epoch', min: 1, max: 27 });
      let asked = 0;
      const request = () => {
        asked++;
        const unique = { parent: name, clientId: `worker-${asked}`, requestId: requestId(asked) };
        return messageFrame(SuggestTrialsRequest.encode(SuggestTrialsRequest.fromPartial(unique)).finish());
      };
      return {
        load: (count) => ({
          path: TrialServiceService.suggestTrials.path,
          connections,
          lanes: Array.from({ length: lanes }, () =>
            Array.from({ length: laneLength(count, lanes) }, request),
          ),
          check(answer) {
            const { trials } = SuggestTrialsResponse.decode(answer);
            if (trials.length !== 1 || trials[0]!.parameters.length !== 8)
              throw new Error(`one whole trial was expected, not ${JSON.stringify(trials)}`);
          },
        }),
        async verify() {
          const { progress } = await client.getStudy({ name });
          assert.equal(progress?.active, asked, 'trials that the server has');
        },
      };
    },
  };
}
