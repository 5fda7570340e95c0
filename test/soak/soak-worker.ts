/** A worker that comes, trains some trials, and goes: in order, or by dying with what it holds. */
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import { StudyState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import { ReportStream } from '../rpc/report-stream.js';
import { reportOf } from '../rpc/study-requests.js';
import type { TestClient } from '../test-client.js';
import type { SoakWorld } from './soak-world.js';

const askForMs = 2000;

export async function work(world: SoakWorld, study: string, name: string): Promise<'goes' | 'completed'> {
  const client = world.connect();
  const streams = world.below(2) === 0;
  // Connected first: a channel of grpc-js that is closed while it connects leaves its connection open.
  if (streams) await world.try(client.listMeasurements({ parent: `${study}/trials/1` }));
  const stream = streams ? new ReportStream(client) : undefined;
  if (stream) world.count('measurement streams');
  const trials = 1 + world.below(6);
  try {
    for (let i = 0; i < trials && !world.ending; i++) {
      const asked = await world.try(
        client.suggestTrials(
          { parent: study, clientId: name, requestId: `${name}/${i}`.replace('/', '-') },
          { deadline: Date.now() + askForMs },
        ),
      );
      if (!asked || asked.studyState === StudyState.COMPLETED) return 'completed';
      for (const trial of asked.trials) {
        if (world.below(12) === 0) return 'goes';
        await train(world, client, stream, trial);
      }
    }
    return 'goes';
  } finally {
    if (stream && world.below(2) === 0) stream.call.cancel();
    else stream?.finish();
    client.close();
  }
}

async function train(
  world: SoakWorld,
  client: TestClient,
  stream: ReportStream | undefined,
  trial: Trial,
): Promise<void> {
  const { fromResource, toResource, attempt } = trial.assignment!;
  const about = { name: trial.name, attempt };
  if (world.below(25) === 0) {
    await world.try(client.completeTrial({ ...about, outcome: { $case: 'failureReason', value: 'broke' } }));
    return;
  }
  for (let step = fromResource + 1; step <= toResource; step++) {
    const report = reportOf(trial, step, world.below(1000) / step);
    const kind = stream
      ? await world.try(streamed(stream, { messageId: step, ...report }))
      : (await world.try(client.reportMeasurement(report)))?.directive?.kind;
    if (kind === Kind.PAUSE)
      await world.try(client.releaseTrial({ ...about, checkpoint: { step, uri: `file:${trial.id}` } }));
    if (kind !== Kind.CONTINUE) return;
    if (world.below(10) === 0) await world.try(client.renewLease(about));
  }
}

async function streamed(stream: ReportStream, request: Parameters<ReportStream['send']>[0]) {
  stream.send(request);
  for (;;) {
    const response = await stream.next();
    if (response.messageId === 0) continue;
    if (response.error) throw Object.assign(new Error(response.error.message), { code: response.error.code });
    return response.directive!.kind;
  }
}
