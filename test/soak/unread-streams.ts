/** Streams whose reader never reads, for as long as the soak goes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchStudyRequest } from '../../server/gen/wazir/v1/study.js';
import { frame, RawConnection } from '../rpc/raw-call.js';
import { createStudy, oneTrial, owner, reportOf, scheduler } from '../rpc/study-requests.js';
import { encodeRequest, streamPath } from '../rpc/report-stream.js';
import type { SoakWorld } from './soak-world.js';

const watchPath = '/wazir.v1.StudyService/WatchStudy';

/**
 * Opens a watcher of a busy study and a stream of measurements, reads neither, and
 * keeps the study busy until the soak ends.
 */
export async function neverRead(world: SoakWorld): Promise<void> {
  const client = world.connect();
  const raw = new RawConnection(world.address);
  const id = 'never-read';
  const name = `${owner}/studies/${id}`;
  try {
    await createStudy(client, id, {
      resource: { name: 'step', min: 1, max: 2 ** 40 },
      scheduler: scheduler({ $case: 'single', value: {} }),
    });
    const trial = await oneTrial(client, name, 'steady');
    const watcher = raw.open(watchPath);
    watcher.end(frame(WatchStudyRequest.encode(WatchStudyRequest.fromPartial({ name })).finish()));
    const reports = raw.open(streamPath);
    for (let step = 1; !world.ending; step++) {
      await sleep(2);
      await world.try(client.reportMeasurement(reportOf(trial, step * 2, 1)));
      if (step <= 5000) {
        const report = { messageId: step, ...reportOf(trial, step * 2, 1) };
        reports.write(frame(encodeRequest(report)));
      }
    }
    await world.try(client.deleteStudy({ name }));
  } finally {
    raw.close();
    client.close();
  }
}
