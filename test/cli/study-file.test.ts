import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { messageType } from '../../server/cli/contract.js';
import { ExitCode } from '../../server/cli/exit-code.js';
import { Failure } from '../../server/cli/failure.js';
import { readStudyFile } from '../../server/cli/study-file.js';
import { toJson } from '../../server/cli/to-json.js';
import {
  MetricGoal,
  ParameterScale,
  Study,
  StudySpec,
  type ParameterSpec,
} from '../../server/gen/wazir/v1/study.js';

const short = `
id: digits
display_name: Digits
labels: {team: vision}
parameters:
  - {name: lr, double: {min: 1e-4, max: 1}, scale: LOG, default: 0.01}
  - {name: layers, integer: {min: 1, max: 3}, default: 2}
  - name: optimizer
    categorical: [sgd, adam]
    default: adam
    children:
      - {when: adam, name: beta, discrete: [0.9, 0.99], default: 0.9}
      - parent_values: [sgd]
        parameter: {name: momentum, double: {min: 0, max: 1}}
metrics: [{name: accuracy, goal: MAXIMIZE}]
resource: {name: epoch, max: 27}
scheduler: {asha: {eta: 3}}
limits: {max_trials: 50, max_duration: 1h30m}
lease_duration: 30s
seed: 7
`;

const long = {
  id: 'digits',
  displayName: 'Digits',
  labels: { team: 'vision' },
  parameters: [
    {
      name: 'lr',
      double: { min: '0.0001', max: 1 },
      scale: 'PARAMETER_SCALE_LOG',
      defaultValue: { doubleValue: 0.01 },
    },
    { name: 'layers', integer: { min: '1', max: '3' }, defaultValue: { integerValue: '2' } },
    {
      name: 'optimizer',
      categorical: { values: ['sgd', 'adam'] },
      defaultValue: { stringValue: 'adam' },
      children: [
        {
          parentValues: [{ stringValue: 'adam' }],
          parameter: { name: 'beta', discrete: { values: [0.9, 0.99] }, defaultValue: { doubleValue: 0.9 } },
        },
        {
          parentValues: [{ stringValue: 'sgd' }],
          parameter: { name: 'momentum', double: { min: 0, max: 1 }, defaultValue: null },
        },
      ],
    },
  ],
  metrics: [{ name: 'accuracy', goal: 'METRIC_GOAL_MAXIMIZE' }],
  resource: { name: 'epoch', max: '27' },
  sampler: null,
  scheduler: { asha: { eta: 3 } },
  limits: { maxTrials: '50', maxDuration: '5400s' },
  leaseDuration: '30s',
  seed: '7',
};

/** Every line of the refusal of a file. */
function problems(source: string): string[] {
  try {
    readStudyFile(source, 'f.yaml');
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.equal(error.exitCode, ExitCode.usage);
    return (error.facts.violations ?? []).map(
      ({ place, field, description }) => `${place}|${field}|${description}`,
    );
  }
  return assert.fail('was accepted');
}

function parameter(source: string): ParameterSpec {
  return readStudyFile(`parameters: [${source}]`, 'f.yaml').study.spec!.parameters[0]!;
}

test('the short form, protobuf JSON and a printed study are the same study', () => {
  const expected = readStudyFile(short, 'f.yaml');
  assert.equal(expected.id, 'digits');
  assert.equal(expected.study.spec?.parameters[0]?.scale, ParameterScale.LOG);
  assert.equal(expected.study.spec?.metrics[0]?.goal, MetricGoal.MAXIMIZE);
  assert.deepEqual(expected.study.spec?.limits?.maxDuration, { seconds: 5_400, nanos: 0 });
  assert.deepEqual(readStudyFile(JSON.stringify(long), 'f.json').study, expected.study);
  assert.deepEqual(readStudyFile(stringify(long), 'f.yaml').study, expected.study);

  const { study } = expected;
  const server = { name: 'owners/default/studies/digits', uid: 'u', sequence: 9, state: 2 };
  const printed = JSON.stringify(toJson(messageType('Study'), { ...study, ...server }));
  const again = readStudyFile(printed, 'f.json');
  assert.equal(again.id, 'digits');
  assert.deepEqual(again.study, study);
});

test('a scheduler or sampler may be a bare name', () => {
  const read = (text: string) => readStudyFile(text, 'f.yaml').study.spec!;
  const hyperband = StudySpec.fromPartial({
    scheduler: { kind: { $case: 'hyperband', value: {} } },
  }).scheduler;
  assert.deepEqual(read('scheduler: hyperband').scheduler, hyperband);
  assert.deepEqual(read('scheduler: {hyperband: }').scheduler, hyperband);
  assert.deepEqual(read('sampler: sobol').sampler, { kind: { $case: 'sobol', value: {} } });
  assert.deepEqual(read('scheduler: asha_stopping').scheduler, read('scheduler: ashaStopping').scheduler);
  const rounding = read('scheduler: {hyperband: {rounding: table_1, rounds: 0}}').scheduler?.kind?.value;
  assert.deepEqual(rounding, { eta: 0, rounding: 2, rounds: 0 });
});

test('a plain value takes the kind of its parameter, within children that of the parent', () => {
  const kindOf = (source: string) => parameter(source).defaultValue?.kind?.$case;
  assert.equal(kindOf('{name: x, double: {min: 0, max: 2}, default: 1}'), 'doubleValue');
  assert.equal(kindOf('{name: x, integer: {min: 0, max: 2}, default: 1}'), 'integerValue');
  assert.equal(kindOf('{name: x, discrete: [1, 2], default: 1}'), 'doubleValue');
  assert.equal(kindOf('{name: x, categorical: [a], default: a}'), 'stringValue');
  const child =
    '{when: [1, 2], name: y, categorical: [a, b], default: b, children: [{when: b, name: z, double: {}}]}';
  const outer = parameter(`{name: x, integer: {min: 0, max: 2}, children: [${child}], default: 2}`);
  assert.deepEqual(
    outer.children[0]!.parentValues.map(({ kind }) => kind),
    [1, 2].map((value) => ({ $case: 'integerValue', value })),
  );
  const inner = outer.children[0]!.parameter!;
  assert.deepEqual(inner.defaultValue?.kind, { $case: 'stringValue', value: 'b' });
  assert.deepEqual(inner.children[0]!.parentValues[0]!.kind, { $case: 'stringValue', value: 'b' });
  assert.equal(outer.defaultValue?.kind?.$case, 'integerValue');
});

test('infinities and NaN are read, for the server to judge', () => {
  const { domain } = parameter('{name: x, double: {min: -.inf, max: "NaN"}}');
  assert.deepEqual(domain?.value, { min: -Infinity, max: NaN });
});

test('every problem is named by line and path, all at once', () => {
  const source = `
id: 7
parameters:
  - {name: lr, double: {mim: 1e-4, max: x}, scale: LOGG}
  - name: 12
    integer: {min: 1.5, max: 9007199254740993}
    discrete: [1]
  - 5
foo: 1
scheduler: ashaa
lease_duration: 30
limits: {max_parallel_trials: 2147483648, max_duration: }
`;
  assert.deepEqual(problems(source), [
    'f.yaml:2|id|expected a text: write it in quotes',
    'f.yaml:4|parameters[0].double.mim|no such field; there are min, max',
    'f.yaml:4|parameters[0].double.max|expected a number, got "x"',
    'f.yaml:4|parameters[0].scale|expected one of LINEAR, LOG, REVERSE_LOG, got "LOGG"',
    'f.yaml:5|parameters[1].name|expected a text: write "12" in quotes',
    'f.yaml:6|parameters[1].integer.min|expected a whole number, got 1.5',
    'f.yaml:6|parameters[1].integer.max|expected a whole number from -9007199254740991 to 9007199254740991, got 9007199254740993',
    'f.yaml:7|parameters[1].discrete|can not be given together with integer',
    'f.yaml:8|parameters[2]|expected name, double, integer, categorical, discrete, scale, default_value, grid_points, children, got 5',
    'f.yaml:9|foo|no such field; there are parameters, metrics, resource, sampler, scheduler, limits, lease_duration, measurement_selection, seed',
    `f.yaml:10|scheduler|no such choice: "ashaa"; there are ${messageType('SchedulerSpec')
      .fieldsArray.map(({ name }) => name)
      .join(', ')}`,
    'f.yaml:11|lease_duration|expected a duration such as "30s", "5m" or "1h30m", got 30',
    'f.yaml:12|limits.max_parallel_trials|expected a whole number from -2147483648 to 2147483647, got 2147483648',
  ]);
});

test('what is no YAML, no map or goes around in circles is refused', () => {
  assert.match(problems('parameters: [\nmetrics: }')[0]!, /^f\.yaml:2\|\|/);
  assert.match(problems('id: a\nid: b')[0]!, /^f\.yaml:2\|\|.*unique/);
  for (const source of ['', '- a', '7', '# nothing'])
    assert.match(problems(source)[0]!, /^f\.yaml:1\|\|expected/);
  const circle = 'parameters: [&p {name: x, categorical: [a], children: [{when: a, parameter: *p}]}]';
  assert.match(problems(circle).at(-1)!, /nested too deep/);
  assert.match(problems('parameters: [*nobody]')[0]!, /f\.yaml:1\|/);
});

test('a field that is given twice under its two names is refused', () => {
  assert.deepEqual(problems('lease_duration: 1s\nleaseDuration: 2s'), [
    'f.yaml:2|lease_duration|given twice',
  ]);
});

test('aliases stand for what they name', () => {
  const source = 'parameters:\n- {name: x, double: &unit {min: 0, max: 1}}\n- {name: y, double: *unit}\n';
  const { parameters } = readStudyFile(source, 'f.yaml').study.spec!;
  assert.deepEqual(parameters[1]!.domain, parameters[0]!.domain);
});

test('what the server finds fault with is located, or the nearest that holds it', () => {
  const file = readStudyFile(short, 'f.yaml');
  assert.equal(file.locate('study.spec.parameters[0].double.min'), 'f.yaml:6');
  assert.equal(file.locate('study.spec.parameters[2].children[1].parameter.double.max'), 'f.yaml:14');
  assert.equal(file.locate('study.spec.parameters[1].grid_points'), 'f.yaml:7');
  assert.equal(file.locate('study.spec.measurement_selection'), undefined);
  assert.equal(file.locate('study.labels'), 'f.yaml:4');
  const whole = readStudyFile('labels: {}\nspec:\n  metrics:\n    - {name: x}\n', 'f.yaml');
  assert.equal(whole.locate('study.spec.metrics[0].goal'), 'f.yaml:4');
});

test('names that objects have anyway are names like others', () => {
  const { study } = readStudyFile('labels: {constructor: b}', 'f.yaml');
  assert.deepEqual(Object.entries(study.labels), [['constructor', 'b']]);
  assert.match(problems('toString: 1')[0]!, /\|toString\|no such field/);
  assert.match(problems('measurement_selection: constructor')[0]!, /expected one of LAST, BEST/);
});

test('an empty file for a study sets nothing', () => {
  assert.deepEqual(readStudyFile('id: x', 'f.yaml').study, Study.fromPartial({ spec: {} }));
});
