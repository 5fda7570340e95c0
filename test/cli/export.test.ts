import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { measured, TestServer } from './server.js';

const studyFile = `
parameters:
  - {name: lr, double: {min: 1e-6, max: 1}}
  - name: 'op,"t'
    categorical: ["a\\"b,\\n\\r\\e[31m", plain]
    children:
      - {when: plain, name: layers, integer: {min: 1, max: 3}}
metrics: [{name: accuracy, goal: MAXIMIZE}]
resource: {name: epoch, max: 9}
scheduler: asha
`;
const awkward = 'a"b,\n\r\u001b[31m';

type Row = Record<string, string>;

function rows(csv: string): Row[] {
  return parse<Row>(csv, { columns: true });
}

/** A trial of the user's own with a value that tells which it is. */
function trialOf(index: number) {
  const text = index % 2 === 0 ? awkward : 'plain';
  return {
    parameters: [
      { name: 'lr', value: { kind: { $case: 'doubleValue' as const, value: (index + 1) * 1e-6 } } },
      { name: 'op,"t', value: { kind: { $case: 'stringValue' as const, value: text } } },
      ...(index % 2 === 0
        ? []
        : [{ name: 'layers', value: { kind: { $case: 'integerValue' as const, value: 2 } } }]),
    ],
    finalMeasurement: measured(9, index / 3),
    labels: { index: String(index) },
  };
}

test('2,500 trials come over all pages, each once, in both formats', async (t) => {
  const server = await TestServer.start(t);
  await server.create(studyFile, 'digits');
  await server.warmStart('digits', 2_500, trialOf);
  const csv = await server.wazir(['export', 'digits']);
  assert.equal(csv.code, 0, csv.stderr);
  const found = rows(csv.stdout);
  assert.deepEqual(
    found.map(({ trial }) => Number(trial)),
    Array.from({ length: 2_500 }, (_, index) => index + 1),
  );
  // The order in which the calls arrived is not the order of their creation here.
  const byIndex = new Map(found.map((row) => [(JSON.parse(row['labels']!) as { index: string }).index, row]));
  assert.equal(byIndex.size, 2_500);
  for (let index = 0; index < 2_500; index += 1) {
    const row = byIndex.get(String(index))!;
    assert.equal(Number(row['parameters.lr']), (index + 1) * 1e-6);
    assert.equal(row['parameters.op,"t'], index % 2 === 0 ? awkward : 'plain');
    assert.equal(row['parameters.layers'], index % 2 === 0 ? '' : '2');
    assert.equal(Number(row['metrics.accuracy']), index / 3);
    assert.equal(row['state'], 'SUCCEEDED');
    assert.equal(row['source'], 'WARM_START');
  }

  const path = join(server.directory, 'trials.jsonl');
  const jsonl = await server.wazir(['export', 'digits', '--format', 'jsonl', '-o', path]);
  assert.deepEqual(jsonl, { code: 0, stdout: '', stderr: '' });
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  assert.equal(lines.length, 2_500);
  lines.forEach((line, at) => {
    const { trial, parameters, metrics } = JSON.parse(line) as {
      trial: number;
      parameters: Row;
      metrics: Row;
    };
    assert.equal(trial, at + 1);
    assert.equal(String(metrics['accuracy']), found[at]!['metrics.accuracy']);
    assert.equal(parameters['op,"t'], found[at]!['parameters.op,"t']);
  });
});

test('measurements come by trial and step; a terminal gets no control characters', async (t) => {
  const server = await TestServer.start(t);
  await server.create(studyFile.replace('scheduler: asha', 'scheduler: single'), 'digits');
  const values = [0.25, Number.NaN, Number.NEGATIVE_INFINITY];
  for (let number = 1; number <= 2; number += 1) {
    const trial = (await server.suggest('digits'))!;
    for (const [at, value] of values.entries()) await server.report(trial, at + 1, value);
  }
  const csv = await server.wazir(['export', 'digits', '--measurements']);
  assert.deepEqual(
    rows(csv.stdout).map((row) => [
      row['trial'],
      row['attempt'],
      row['step'],
      row['metrics.accuracy'],
      row['superseded'],
    ]),
    ['1', '2'].flatMap((trial) =>
      ['0.25', 'NaN', '-Infinity'].map((value, at) => [trial, '1', String(at + 1), value, 'false']),
    ),
  );
  const jsonl = await server.wazir(['export', 'digits', '--measurements', '--json']);
  const records = jsonl.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { metrics: object });
  assert.deepEqual(records[1]!.metrics, { accuracy: 'NaN' });

  const shown = await server.wazir(['export', 'digits'], { terminal: true });
  assert.doesNotMatch(shown.stdout, /\u001b/);
});

test('what can not be written is said', async (t) => {
  const server = await TestServer.start(t);
  await server.create(studyFile, 'digits');
  const nowhere = await server.wazir(['export', 'digits', '-o', join(server.directory, 'no', 'where.csv')]);
  assert.equal(nowhere.code, 6);
  assert.match(nowhere.stderr, /^wazir: can not write .*ENOENT/);
  const format = await server.wazir(['export', 'digits', '--format', 'xml']);
  assert.equal(format.code, 2);
  const empty = await server.wazir(['export', 'digits']);
  assert.match(empty.stdout, /^trial,state,[^\n]*,"parameters\.op,""t",parameters\.layers,[^\n]*\n$/);
});
