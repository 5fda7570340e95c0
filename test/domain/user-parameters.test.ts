import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSpace } from '../../server/domain/space.js';
import { arrange } from '../../server/domain/user-parameters.js';
import { Parameter } from '../../server/gen/wazir/v1/trial.js';
import { ParameterSpec } from '../../server/gen/wazir/v1/study.js';

const space = compileSpace([
  ParameterSpec.fromPartial({
    name: 'lr',
    domain: { $case: 'double', value: { min: 1e-5, max: 1 } },
    scale: 2,
  }),
  ParameterSpec.fromPartial({ name: 'layers', domain: { $case: 'integer', value: { min: 1, max: 9 } } }),
]);

function given(name: string, kind: NonNullable<Parameter['value']>['kind']): Parameter {
  return Parameter.fromPartial({ name, value: { kind } });
}

test('keeps values to the last digit, which their point does not', () => {
  const values = Array.from({ length: 200 }, (_, i) => 1e-5 * 1.05 ** i).filter((value) => value <= 1);
  let moved = 0;
  for (const value of values) {
    const parameters = [
      given('layers', { $case: 'integerValue', value: 3 }),
      given('lr', { $case: 'doubleValue', value }),
    ];
    const point = space.toPoint(parameters, 'trial.parameters');
    assert.deepEqual(arrange(space, parameters, point), [parameters[1], parameters[0]]);
    const computed = space.toParameters(point)[0]!.value!.kind!;
    if (computed.value !== value) moved++;
  }
  assert.ok(moved > 0, 'some values do not survive the way to the unit cube and back');
});

test('puts a whole number given for a double, and the reverse, into the type of the parameter', () => {
  const parameters = [
    given('lr', { $case: 'integerValue', value: 1 }),
    given('layers', { $case: 'doubleValue', value: 3 }),
  ];
  const point = space.toPoint(parameters, 'trial.parameters');
  assert.deepEqual(
    arrange(space, parameters, point).map(({ value }) => value!.kind),
    [
      { $case: 'doubleValue', value: 1 },
      { $case: 'integerValue', value: 3 },
    ],
  );
});
