/** `wazir.v1.MeasurementService`: check, call, answer. */
import { invalid } from '../domain/errors.js';
import { parseTrialName } from '../domain/names.js';
import { report } from '../engine/commands/report.js';
import type { Engine } from '../engine/engine.js';
import { listMeasurements } from '../engine/queries.js';
import type { MeasurementServiceServer } from '../gen/wazir/v1/measurement.js';
import { unary, type HandlerParts } from './handler.js';
import { streamMeasurements } from './measurement-stream.js';

export function measurementService(engine: Engine, parts: HandlerParts): MeasurementServiceServer {
  return {
    reportMeasurement: unary(parts, async ({ trial: name, attempt, measurement, studyUid }) => {
      const atHand = measurement && engine.atHand(name, studyUid);
      if (atHand) return { directive: await report(atHand.study, atHand.trial, attempt, measurement) };
      const { trial, ...studyName } = parseTrialName('trial', name);
      if (!measurement) throw invalid('measurement', 'must be set');
      const study = await engine.study(studyName, studyUid);
      return { directive: await report(study, trial, attempt, measurement) };
    }),

    streamMeasurements: streamMeasurements(engine, parts),

    listMeasurements: unary(parts, async (request, { reach }) => {
      const { trial, ...studyName } = parseTrialName('parent', request.parent);
      return listMeasurements(await engine.study(studyName), trial, request, engine.pageTokens(reach));
    }),
  };
}
