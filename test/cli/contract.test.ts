import assert from 'node:assert/strict';
import { test } from 'node:test';
import type protobuf from 'protobufjs';
import {
  camelCase,
  enumName,
  enumPrefix,
  enumType,
  messageType,
  oneofOf,
  snakeCase,
} from '../../server/cli/contract.js';
import * as measurement from '../../server/gen/wazir/v1/measurement.js';
import * as study from '../../server/gen/wazir/v1/study.js';
import * as trial from '../../server/gen/wazir/v1/trial.js';

interface Message {
  readonly fromPartial: (partial: object) => object;
}

const generated: Readonly<Record<string, unknown>> = { ...measurement, ...study, ...trial };

/** A message and all that can stand in it. */
function reachable(
  type: protobuf.Type,
  found = new Map<string, protobuf.Type>(),
): Map<string, protobuf.Type> {
  if (found.has(type.name) || !type.fullName.startsWith('.wazir.v1.')) return found;
  found.set(type.fullName.slice('.wazir.v1.'.length).replace('.', '_'), type);
  for (const { resolvedType } of type.fieldsArray) {
    if (resolvedType !== null && 'fieldsArray' in resolvedType) reachable(resolvedType, found);
  }
  return found;
}

test('the files and the generated code name the same fields', () => {
  const types = reachable(messageType('Study'));
  for (const name of ['WatchStudyResponse', 'ListAlgorithmsResponse', 'Measurement'])
    reachable(messageType(name), types);
  assert.ok(types.size > 25, [...types.keys()].join());
  for (const [name, type] of types) {
    const message = generated[name] as Message;
    const optional = type.fieldsArray.filter((field) => field.options?.['proto3_optional'] === true);
    const names = new Set(type.fieldsArray.map((field) => camelCase(oneofOf(field)?.name ?? field.name)));
    for (const field of optional) {
      assert.equal(oneofOf(field), undefined);
      // Generated code leaves these out of an empty message.
      names.delete(camelCase(field.name));
    }
    const keys = Object.keys(message.fromPartial({})).filter(
      (key) => !optional.some((field) => camelCase(field.name) === key),
    );
    assert.deepEqual(keys.sort(), [...names].sort(), name);
  }
});

test('field names convert both ways', () => {
  for (const { name } of messageType('StudyLimits').fieldsArray)
    assert.equal(snakeCase(camelCase(name)), name);
});

test('values of enumerations share a prefix', () => {
  assert.equal(enumPrefix(enumType('ParameterScale')), 'PARAMETER_SCALE_');
  assert.equal(enumPrefix(enumType('HyperbandScheduler.Rounding')), 'ROUNDING_');
  assert.equal(enumName(enumType('TrialState'), 2), 'TRIAL_STATE_ACTIVE');
  assert.equal(enumName(enumType('TrialState'), 99), undefined);
});
