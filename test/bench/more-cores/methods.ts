import type { ServiceDefinition } from '@grpc/grpc-js';
import { MeasurementServiceService } from '../../../server/gen/wazir/v1/measurement.js';
import { StudyServiceService } from '../../../server/gen/wazir/v1/study.js';
import { TrialServiceService } from '../../../server/gen/wazir/v1/trial.js';

/** The services that the prototypes pass on: their unary methods, which is what the load needs. */
export const services: readonly ServiceDefinition[] = [
  StudyServiceService,
  TrialServiceService,
  MeasurementServiceService,
].map((service: ServiceDefinition) =>
  Object.fromEntries(
    Object.entries(service).filter(([, method]) => !method.requestStream && !method.responseStream),
  ),
);

/** A method's place here is its number between processes. */
export const methodPaths: readonly string[] = services.flatMap((service) =>
  Object.values(service).map(({ path }) => path),
);
