import { test } from 'node:test';
import {
  type ConditionalParameter,
  type ParameterSpec,
  ParameterScale,
} from '../../server/gen/wazir/v1/study.js';
import type { ParameterValue } from '../../server/gen/wazir/v1/trial.js';
import type { TestServer } from '../app/test-server.js';
import type { Partially, TestClient } from '../test-client.js';
import { invalid, overLimit, refuseAll, type BadInput } from './bad-input.js';
import { createStudy, owner, studyRequest } from './study-requests.js';

type Given = Partially<ParameterSpec>;

const at = 'study.spec.parameters[0]';
const double = (min: number, max: number): Given['domain'] => ({ $case: 'double', value: { min, max } });
const integer = (min: number, max: number): Given['domain'] => ({ $case: 'integer', value: { min, max } });
const categorical = (...values: string[]): Given['domain'] => ({ $case: 'categorical', value: { values } });
const discrete = (...values: number[]): Given['domain'] => ({ $case: 'discrete', value: { values } });
const number = (value: number): Partially<ParameterValue> => ({ kind: { $case: 'doubleValue', value } });
const whole = (value: number): Partially<ParameterValue> => ({ kind: { $case: 'integerValue', value } });
const text = (value: string): Partially<ParameterValue> => ({ kind: { $case: 'stringValue', value } });

/** A study of one parameter `p` that is refused; the fields lie below it. */
function parameter(name: string, given: Given, ...fields: string[]): BadInput<TestClient> {
  return parameters(name, [{ name: 'p', ...given }], ...fields.map((field) => at + field));
}

function parameters(name: string, given: Given[], ...fields: string[]): BadInput<TestClient> {
  return invalid(name, (client) => client.createStudy(studyRequest('new', { parameters: given })), ...fields);
}

/** So many parameters: over the limit. */
function tooMany(
  count: number,
  make = (i: number): Given => ({ name: `p${i}`, domain: double(0, 1) }),
): BadInput<TestClient> {
  return overLimit(
    `${count} parameters`,
    (client) =>
      client.createStudy(
        studyRequest('new', { parameters: Array.from({ length: count }, (_, i) => make(i)) }),
      ),
    'study.spec.parameters',
  );
}

/** A categorical parent `p` of `a` and `b` with these children. */
function parent(...children: Partially<ConditionalParameter>[]): Given {
  return { domain: categorical('a', 'b'), children };
}

function child(name: string, ...parentValues: Partially<ParameterValue>[]): Partially<ConditionalParameter> {
  return { parentValues, parameter: { name, domain: double(0, 1) } };
}

function nested(levels: number): Given {
  let inner: Given = { name: `p${levels}`, domain: categorical('a') };
  for (let level = levels - 1; level >= 1; level--)
    inner = {
      name: `p${level}`,
      domain: categorical('a'),
      children: [{ parentValues: [text('a')], parameter: inner }],
    };
  return inner;
}

async function prepare({ client }: TestServer): Promise<TestClient> {
  await createStudy(client, 'here');
  return client;
}

const look = ({ client }: TestServer) => client.listStudies({ parent: owner });

test('search spaces', async (t) => {
  const { LOG, REVERSE_LOG } = ParameterScale;
  await refuseAll(t, prepare, look, [
    parameter('no name', { name: '', domain: double(0, 1) }, '.name'),
    parameter('a name of 1 MiB', { name: 'n'.repeat(2 ** 20), domain: double(0, 1) }, '.name'),
    parameter('no domain', {}, ''),
    parameter('min above max', { domain: double(1, 0) }, '.double.min'),
    parameter('integer min above max', { domain: integer(1, 0) }, '.integer.min'),
    parameter('NaN', { domain: double(NaN, 1) }, '.double.min'),
    parameter('infinite', { domain: double(0, Infinity) }, '.double.max'),
    parameter('both infinite', { domain: double(-Infinity, Infinity) }, '.double.min', '.double.max'),
    parameter('log from 0', { domain: double(0, 1), scale: LOG }, '.double.min'),
    parameter('log from below 0', { domain: integer(-1, 1), scale: LOG }, '.integer.min'),
    parameter('reverse log from 0', { domain: double(0, 1), scale: REVERSE_LOG }, '.double.min'),
    parameter('discrete log with 0', { domain: discrete(0, 1), scale: LOG }, '.discrete.values[0]'),
    parameter('categorical with a scale', { domain: categorical('a'), scale: LOG }, '.scale'),
    parameter('an unknown scale', { domain: double(0, 1), scale: 9 as ParameterScale }, '.scale'),
    parameter('no values', { domain: discrete() }, '.discrete.values'),
    parameter('a value twice', { domain: discrete(1, 2, 1) }, '.discrete.values[2]'),
    parameter('a value NaN', { domain: discrete(1, NaN) }, '.discrete.values[1]'),
    parameter('no categories', { domain: categorical() }, '.categorical.values'),
    parameter('an empty category', { domain: categorical('a', '') }, '.categorical.values[1]'),
    parameter('a category twice', { domain: categorical('a', 'b', 'a') }, '.categorical.values[2]'),
    parameter('a default outside', { domain: double(0, 1), defaultValue: number(2) }, '.default_value'),
    parameter('a default NaN', { domain: double(0, 1), defaultValue: number(NaN) }, '.default_value'),
    parameter(
      'a default of another type',
      { domain: double(0, 1), defaultValue: text('a') },
      '.default_value',
    ),
    parameter(
      'a default not listed',
      { domain: discrete(1, 2), defaultValue: number(1.5) },
      '.default_value',
    ),
    parameter(
      'a default that is no category',
      { domain: categorical('a'), defaultValue: text('A') },
      '.default_value',
    ),
    parameter('a default without kind', { domain: integer(0, 1), defaultValue: {} }, '.default_value'),
    parameter('negative grid points', { domain: double(0, 1), gridPoints: -1 }, '.grid_points'),
    parameter('grid points of categories', { domain: categorical('a'), gridPoints: 2 }, '.grid_points'),
    parameter(
      'a child of a double',
      { domain: double(0, 1), children: [child('c', number(0.5))] },
      '.children',
    ),
    parameter('a condition that can not be', parent(child('c', text('z'))), '.children[0].parent_values[0]'),
    parameter('a condition of another type', parent(child('c', whole(1))), '.children[0].parent_values[0]'),
    parameter('no condition', parent(child('c')), '.children[0].parent_values'),
    parameter('no child in a condition', parent({ parentValues: [text('a')] }), '.children[0].parameter'),
    parameter('a child named as its parent', parent(child('p', text('a'))), '.children[0].parameter.name'),
    parameter(
      'children of one name under one value',
      parent(child('c', text('a')), child('c', text('a'), text('b'))),
      '.children[1].parameter.name',
    ),
    parameters('nested 33 deep', [nested(33)], 'study.spec.parameters'),
    // Deeper than messages may be nested: it is not even read.
    parameters('nested 100 deep', [nested(100)], 'request'),
    tooMany(1001),
    tooMany(100_000),
    // Without names, so that they fit into one message.
    tooMany(1_000_000, () => ({})),
    parameters(
      'a name twice over all',
      [
        { name: 'p', ...parent(child('c', text('a'))) },
        { name: 'c', domain: double(0, 1) },
      ],
      'study.spec.parameters[1].name',
    ),
  ]);
});
