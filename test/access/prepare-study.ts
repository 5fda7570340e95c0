import assert from 'node:assert/strict';
import { everyMethod } from './every-method.js';
import { expectations } from './expectations.js';
import type { RawCaller } from './raw-caller.js';

const createStudy = '/wazir.v1.StudyService/CreateStudy';
const suggest = '/wazir.v1.TrialService/SuggestTrials';
const createTrial = '/wazir.v1.TrialService/CreateTrial';
const report = '/wazir.v1.MeasurementService/ReportMeasurement';

/**
 * Makes a study in which every method has something to do: trial 1 is lent under
 * attempt 1 and has reported step 1, trial 2 is over.
 * @param authorization of somebody who may do it
 * @returns its name
 */
export async function prepareStudy(
  caller: RawCaller,
  owner: string,
  id: string,
  ...authorization: string[]
): Promise<string> {
  const call = async (path: string, request: object) => {
    const { code, refusal } = await caller.call(everyMethod.get(path)!, request, ...authorization);
    assert.equal(code, 'OK', `${path}: ${refusal?.message}`);
  };
  const name = `${owner}/studies/${id}`;
  await call(createStudy, { ...expectations[createStudy]!.request(owner, name), study_id: id });
  await call(suggest, { parent: name, client_id: 'w' });
  const metrics = [{ name: 'loss', value: 1 }];
  await call(report, { trial: `${name}/trials/1`, attempt: 1, measurement: { step: 1, metrics } });
  const parameters = [{ name: 'x', value: { double_value: 0.5 } }];
  await call(createTrial, { parent: name, trial: { parameters, final_measurement: { metrics } } });
  return name;
}
