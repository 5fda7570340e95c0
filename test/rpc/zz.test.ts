import { test } from 'node:test';
import { startTestServer } from '../app/test-server.js';
import { createStudy, oneTrial, reportOf, studyRequest, specOf } from './study-requests.js';
test('x', async (t) => {
  const { client } = await startTestServer(t);
  const study = await createStudy(client, 'a');
  const trial = await oneTrial(client, study.name, 'w');
  const attempt = async (n: string, f: () => Promise<unknown>) => {
    try { console.log(n, 'OK', JSON.stringify(await f()).slice(0, 200)); }
    catch (e: any) { console.log(n, e.code, String(e.details).slice(0, 200), e.details.length, e.metadata?.get('grpc-status-details-bin')?.[0]?.length); }
  };
  const mib = 'n'.repeat(1<<20);
  for (const size of [1000, 5000, 20000, 60000, 1<<20])
  await attempt('metric' + size, () => client.reportMeasurement({ ...reportOf(trial, 1, 1), measurement: { step: 1, metrics: [{ name: 'n'.repeat(size), value: 1 }] } }));
  await attempt('after', () => client.getTrial({ name: trial.name }));
  await attempt('mask', () => client.updateStudy({ study: { name: study.name }, updateMask: [mib] }));
  await attempt('label', () => client.updateStudy({ study: { name: study.name, labels: { [mib]: 'x' } } }));
  await attempt('name', () => client.getStudy({ name: 'owners/default/studies/' + mib }));
  await attempt('name2', () => client.getStudy({ name: 'owners/default/studies/' + 'é'.repeat(128) }));
  for (const n of [100, 500, 1000])
  await attempt('1000 faults', () => client.createStudy(studyRequest('b', { parameters: Array.from({ length: n }, (_, i) => ({ name: `p${i}`, domain: { $case: 'double' as const, value: { min: 1, max: 0 } } })) })));
  await attempt('1e5 params', () => client.createStudy(studyRequest('b', { parameters: Array.from({ length: 100000 }, (_, i) => ({ name: `p${i}`})) })));
  await attempt('param name', () => client.createStudy(studyRequest('b', { parameters: [{ name: mib, domain: { $case: 'double' as const, value: { min: 1, max: 0 } } }] })));
  await attempt('unicode cut', () => client.createTrial({ parent: study.name, trial: { parameters: [{ name: 'x'.repeat(62) + '😀'.repeat(40), value: { kind: { $case: 'doubleValue', value: 1 } } }] } }));
  await attempt('createTrial many', () => client.createTrial({ parent: study.name, trial: { parameters: Array.from({ length: 20000 }, (_, i) => ({ name: 'x' + i, value: { kind: { $case: 'doubleValue', value: 1 } } })) } }));
  await attempt('page token', () => client.listTrials({ parent: study.name, pageToken: mib }));
  await attempt('order', () => client.listTrials({ parent: study.name, orderBy: mib }));
  await attempt('metrics', () => client.createStudy(studyRequest('b', { metrics: Array.from({ length: 100 }, (_, i) => ({ name: 'é'.repeat(200) })) })));
  await attempt('metadata', () => client.updateMetadata({ name: study.name, updates: [{ metadata: { key: 'k', value: { $case: 'text', value: 'x'.repeat(2**20+1) } } }] }));
  await attempt('request id', () => client.updateMetadata({ name: study.name, requestId: mib, updates: [{ metadata: { key: 'k', value: { $case: 'text', value: 'x' } } }] }));
});
