import type { TestContext } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectOptions, v1 } from '../src/index.js';
import { Assignment, ReleaseTrialRequest, SuggestTrialsResponse } from '../src/gen/wazir/v1/trial.js';
import type { StreamMeasurementsRequest } from '../src/gen/wazir/v1/measurement.js';
import { answer, FakeServer, type Handlers } from './fake-server.js';

export const STUDY = 'owners/default/studies/s';

/** A trial as SuggestTrials hands it out: by default number 1, attempt 1, from 0 to 3. */
export function lentTrial(assignment: Partial<Assignment> = {}, id = 1): v1.Trial {
  return v1.Trial.create({
    name: `${STUDY}/trials/${id}`,
    id,
    studyUid: 'u1',
    state: v1.TrialState.ACTIVE,
    parameters: [
      { name: 'lr', value: { kind: { $case: 'doubleValue', value: 0.5 } } },
      { name: 'optimizer', value: { kind: { $case: 'stringValue', value: 'sgd' } } },
    ],
    assignment: Assignment.create({ attempt: 1, toResource: 3, studyUid: 'u1', ...assignment }),
  });
}

/** Answers a report: CONTINUE before `target`, `kind` at it. */
export function until(target: number, kind: v1.Directive_Kind) {
  return (request: StreamMeasurementsRequest) =>
    (request.measurement?.step ?? 0) < target
      ? answer(request, v1.Directive_Kind.CONTINUE, target)
      : answer(request, kind);
}

export interface World {
  readonly trials: readonly v1.Trial[];
  readonly reply?: (request: StreamMeasurementsRequest) => ReturnType<typeof answer> | undefined;
  readonly handlers?: Handlers;
  readonly connect?: ConnectOptions;
}

/** A server that lends some trials, one an ask, and then says that the study is COMPLETED; and a study there. */
export async function startLending(t: TestContext, world: World) {
  const left = [...world.trials];
  const reply = world.reply ?? until(3, v1.Directive_Kind.COMPLETE);
  const server = await FakeServer.start({
    suggestTrials: () =>
      SuggestTrialsResponse.create({
        trials: left.splice(0, 1),
        studyState: v1.StudyState.COMPLETED,
      }),
    releaseTrial: () => v1.Trial.create(),
    completeTrial: () => v1.Trial.create(),
    getTrial: () => v1.Trial.create(),
    onReport: (request, call) => {
      const response = reply(request);
      if (response !== undefined) call.write(response);
    },
    ...world.handlers,
  });
  const client = connect(server.address, world.connect);
  const directory = await mkdtemp(join(tmpdir(), 'wazir-client-'));
  t.after(async () => {
    client.close();
    server.stop();
    await rm(directory, { recursive: true });
  });
  const released = () => server.requests<ReleaseTrialRequest>('releaseTrial');
  return { server, client, study: client.study('s'), directory, released };
}
