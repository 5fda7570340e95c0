import type { ParameterSpec, StudySpec } from '../../../server/domain/spec.js';
import { StudySpec as StudySpecMessage } from '../../../server/gen/wazir/v1/study.js';

/** A study's spec of which samplers see the parameters and their own settings alone. */
export function studySpec(
  parameters: ParameterSpec[],
  kind?: NonNullable<StudySpec['sampler']>['kind'],
): StudySpec {
  return StudySpecMessage.fromPartial({ parameters, ...(kind ? { sampler: { kind } } : {}) });
}
