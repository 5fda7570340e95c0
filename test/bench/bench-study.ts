import { MetricGoal, ParameterScale, type Study, type StudySpec } from '../../server/gen/wazir/v1/study.js';
import type { TestClient } from '../test-client.js';

const double = (name: string, min: number, max: number, scale = ParameterScale.LINEAR) => ({
  name,
  scale,
  domain: { $case: 'double' as const, value: { min, max } },
});
const integer = (name: string, min: number, max: number) => ({
  name,
  domain: { $case: 'integer' as const, value: { min, max } },
});

/** Random sampling and ASHA over 8 parameters of all kinds. No lease expires meanwhile. */
export function benchSpec(resource: StudySpec['resource']) {
  return {
    parameters: [
      double('learning_rate', 1e-5, 1, ParameterScale.LOG),
      double('weight_decay', 1e-6, 0.1, ParameterScale.LOG),
      double('dropout', 0, 0.9),
      double('momentum', 0, 0.999),
      integer('layers', 1, 12),
      integer('width', 16, 1024),
      {
        name: 'optimizer',
        domain: { $case: 'categorical' as const, value: { values: ['adam', 'sgd', 'lamb'] } },
      },
      {
        name: 'batch_size',
        domain: { $case: 'discrete' as const, value: { values: [16, 32, 64, 128, 256] } },
      },
    ],
    metrics: [
      { name: 'loss', goal: MetricGoal.MINIMIZE },
      { name: 'accuracy', goal: MetricGoal.MAXIMIZE },
    ],
    resource,
    sampler: { kind: { $case: 'random' as const, value: {} } },
    scheduler: { kind: { $case: 'asha' as const, value: {} } },
    leaseDuration: { seconds: 24 * 60 * 60, nanos: 0 },
    seed: 1,
  };
}

/** Creates a study of `benchSpec`. */
export function createBenchStudy(client: TestClient, resource: StudySpec['resource']): Promise<Study> {
  return client.createStudy({ parent: 'owners/default', study: { spec: benchSpec(resource) } });
}
