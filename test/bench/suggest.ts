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

const lanes = 64;

export const suggest: Question = {
  name: `suggest, ${lanes} in flight`,
  async prepare(client) {
    const { name } = await createBenchStudy(client, { name: 'epoch', min: 1, max: 27 });
    let asked = 0;
    const request = () => {
      asked++;
      const unique = {
        parent: name,
        clientId: `worker-${asked}`,
        requestId: `2c1f7a52-5b0e-4b57-9d6e-${String(asked).padStart(12, '0')}`,
      };
      return messageFrame(SuggestTrialsRequest.encode(SuggestTrialsRequest.fromPartial(unique)).finish());
    };
    return {
      load: (count) => ({
        path: TrialServiceService.suggestTrials.path,
        connections: 1,
        lanes: Array.from({ length: lanes }, () => Array.from({ length: laneLength(count, lanes) }, request)),
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
