import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageType } from '../../server/cli/contract.js';
import { timestampToJson, toJson } from '../../server/cli/to-json.js';
import { Measurement } from '../../server/gen/wazir/v1/measurement.js';
import { StudySpec, WatchStudyResponse } from '../../server/gen/wazir/v1/study.js';
import { Metadata, Trial, TrialState } from '../../server/gen/wazir/v1/trial.js';

test('NaN and infinities are texts', () => {
  const values = [NaN, Infinity, -Infinity, 0, 1e300];
  const message = Measurement.fromPartial({ metrics: values.map((value) => ({ name: 'x', value })) });
  const json = toJson(messageType('Measurement'), message) as { metrics: unknown[] };
  assert.deepEqual(
    json.metrics,
    ['NaN', 'Infinity', '-Infinity', 0, 1e300].map((value) => ({ name: 'x', value })),
  );
});

test('names are camel case, enumerations by their full name, 64-bit integers numbers', () => {
  const trial = Trial.fromPartial({
    id: 2 ** 53 - 1,
    state: TrialState.ACTIVE,
    scheduling: { results: [{ kind: 1 }] },
  });
  const json = toJson(messageType('Trial'), trial) as Record<string, unknown>;
  assert.equal(json['id'], 2 ** 53 - 1);
  assert.equal(json['state'], 'TRIAL_STATE_ACTIVE');
  assert.equal(json['resourceSpent'], 0);
  assert.deepEqual((json['scheduling'] as { results: unknown[] }).results, [
    { rung: 0, kind: 'KIND_VALUE', loss: 0, sequence: 0 },
  ]);
  assert.equal('assignment' in json, false);
  assert.equal('draw' in (json['scheduling'] as object), false);
});

test('a number that no enumeration has stays a number', () => {
  const json = toJson(messageType('Trial'), Trial.fromPartial({ state: 77 as TrialState })) as {
    state: unknown;
  };
  assert.equal(json.state, 77);
});

test('a choice is shown by its field, also where its value is zero', () => {
  const value = { kind: { $case: 'doubleValue', value: 0 } } as const;
  const json = toJson(messageType('Trial'), Trial.fromPartial({ parameters: [{ name: 'x', value }] }));
  assert.deepEqual((json as { parameters: unknown }).parameters, [{ name: 'x', value: { doubleValue: 0 } }]);
  const change = WatchStudyResponse.fromPartial({ record: { $case: 'trial', value: { id: 7 } } });
  const record = toJson(messageType('WatchStudyResponse'), change) as Record<string, { id: number }>;
  assert.equal(record['trial']?.id, 7);
  assert.equal('study' in record, false);
});

test('times and durations are texts, bytes base64', () => {
  assert.equal(timestampToJson({ seconds: 1_700_000_000, nanos: 0 }), '2023-11-14T22:13:20Z');
  assert.equal(timestampToJson({ seconds: 1_700_000_000, nanos: 500_000_000 }), '2023-11-14T22:13:20.500Z');
  assert.equal(timestampToJson({ seconds: 1_700_000_000, nanos: 1 }), '2023-11-14T22:13:20.000000001Z');
  const spec = toJson(
    messageType('StudySpec'),
    StudySpec.fromPartial({ leaseDuration: { seconds: 90, nanos: 0 } }),
  );
  assert.equal((spec as { leaseDuration: unknown }).leaseDuration, '90s');
  const proto = { $case: 'proto', value: { typeUrl: 't/X', value: Buffer.from([1, 255]) } } as const;
  const metadata = toJson(messageType('Metadata'), Metadata.fromPartial({ key: 'k', value: proto }));
  assert.deepEqual(metadata, { namespace: '', key: 'k', proto: { typeUrl: 't/X', value: 'Af8=' } });
});
