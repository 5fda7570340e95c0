/** Whether a trial's parameters lie in the space of its study, read plainly from the contract. */
import assert from 'node:assert/strict';
import type { ParameterSpec } from '../../server/gen/wazir/v1/study.js';
import type { Parameter, ParameterValue } from '../../server/gen/wazir/v1/trial.js';

/** Fails unless they are the active parameters and no others, each within its domain. */
export function assertInSpace(specs: readonly ParameterSpec[], parameters: readonly Parameter[]): void {
  const given = new Map(parameters.map(({ name, value }) => [name, value!]));
  assert.equal(given.size, parameters.length, 'each parameter once');
  const left = new Set(given.keys());
  const visit = (spec: ParameterSpec): void => {
    const value = given.get(spec.name);
    assert.ok(value, `${spec.name} is active and has a value`);
    left.delete(spec.name);
    assertInDomain(spec, value);
    for (const { parentValues, parameter } of spec.children)
      if (parentValues.some((parent) => parent.kind!.value === value.kind!.value)) visit(parameter!);
  };
  for (const spec of specs) visit(spec);
  assert.deepEqual([...left], [], 'no parameter that is not active');
}

function assertInDomain({ name, domain }: ParameterSpec, value: ParameterValue): void {
  const kind = value.kind!;
  const shown = `${name} = ${JSON.stringify(kind)}`;
  switch (domain!.$case) {
    case 'double':
      assert.ok(
        kind.$case === 'doubleValue' && kind.value >= domain!.value.min && kind.value <= domain!.value.max,
        shown,
      );
      return;
    case 'integer':
      assert.ok(kind.$case === 'integerValue' && Number.isSafeInteger(kind.value), shown);
      assert.ok(kind.value >= domain!.value.min && kind.value <= domain!.value.max, shown);
      return;
    case 'discrete':
      assert.ok(kind.$case === 'doubleValue' && domain!.value.values.includes(kind.value), shown);
      return;
    case 'categorical':
      assert.ok(kind.$case === 'stringValue' && domain!.value.values.includes(kind.value), shown);
      return;
  }
}
