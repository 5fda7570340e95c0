import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ashaStudy, measured, TestServer } from './server.js';

const escapes = /\u001b/;

test('a study is created, listed, shown, changed and deleted', async (t) => {
  const server = await TestServer.start(t);
  const path = join(server.directory, 'study.yaml');
  writeFileSync(path, `id: digits\ndisplay_name: Digits\nlabels: {team: vision}\n${ashaStudy}`);

  const created = await server.wazir(['study', 'create', '-f', path]);
  assert.deepEqual(created, { code: 0, stdout: 'created owners/default/studies/digits\n', stderr: '' });
  await server.create(ashaStudy, 'other');

  const listed = await server.wazir(['study', 'list']);
  assert.match(listed.stdout, /^STUDY +STATE +TRIALS .*\ndigits +ACTIVE +0 .*\nother +ACTIVE +0 /);
  const { studies } = JSON.parse((await server.wazir(['study', 'list', '--json'])).stdout) as {
    studies: object[];
  };
  assert.equal(studies.length, 2);

  const shown = await server.wazir(['study', 'show', 'digits']);
  assert.match(shown.stdout, /^display name +Digits$/m);
  assert.match(shown.stdout, /^scheduler +asha eta=3$/m);
  assert.match(shown.stdout, /^lr +0\.0001 to 1 +LOG$/m);

  const changes = ['--max-trials', '9', '--max-duration', '2h', '--state', 'paused'];
  const labels = ['--label', 'team=', '--label', 'stage=test', '--display-name', 'Ziffern'];
  const updated = await server.wazir(['study', 'update', 'digits', ...changes, ...labels]);
  assert.deepEqual(updated, {
    code: 0,
    stdout: 'updated owners/default/studies/digits: PAUSED\n',
    stderr: '',
  });
  const byFullName = await server.wazir(['study', 'show', 'owners/default/studies/digits', '--json']);
  const study = JSON.parse(byFullName.stdout) as {
    state: string;
    displayName: string;
    labels: object;
    spec: { limits: { maxTrials: number; maxDuration: string } };
  };
  assert.equal(study.state, 'STUDY_STATE_PAUSED');
  assert.equal(study.displayName, 'Ziffern');
  assert.deepEqual(study.labels, { stage: 'test' });
  assert.equal(study.spec.limits.maxTrials, 9);
  assert.equal(study.spec.limits.maxDuration, '7200s');

  const deleted = await server.wazir(['study', 'delete', 'digits', '--json']);
  assert.deepEqual(JSON.parse(deleted.stdout), { deleted: 'owners/default/studies/digits' });
  const gone = await server.wazir(['study', 'show', 'digits']);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /^wazir: .*\(NOT_FOUND, STUDY_NOT_FOUND\)\n$/);
});

test('what a study printed as JSON says creates the same study', async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'first');
  const printed = (await server.wazir(['study', 'show', 'first', '--json'])).stdout;
  await server.create(printed, 'second');
  const second = (await server.wazir(['study', 'show', 'second', '--json'])).stdout;
  assert.deepEqual(
    (JSON.parse(second) as { spec: object }).spec,
    (JSON.parse(printed) as { spec: object }).spec,
  );
});

test("owners' studies are apart", async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'digits');
  const others = await server.wazir(['study', 'list', '--owner', 'somebody']);
  assert.deepEqual(others, { code: 0, stdout: 'owners/somebody has no studies\n', stderr: '' });
  const mine = await server.wazir(['study', 'list', '--json'], { environment: { WAZIR_OWNER: 'default' } });
  assert.equal((JSON.parse(mine.stdout) as { studies: object[] }).studies.length, 1);
});

test('a refusal names the fields, and the lines of the file', async (t) => {
  const server = await TestServer.start(t);
  const path = join(server.directory, 'study.yaml');
  writeFileSync(
    path,
    'id: x\nparameters:\n  - name: lr\n    double: {min: 2, max: 1}\nmetrics: [{name: a, goal: MINIMIZE}]\n',
  );
  const refused = await server.wazir(['study', 'create', '-f', path]);
  assert.equal(refused.code, 1);
  assert.equal(refused.stdout, '');
  assert.match(
    refused.stderr,
    /^wazir: .*\(INVALID_ARGUMENT, INVALID_FIELD\)\n {2}.*study\.yaml:4: study\.spec\.parameters\[0\]\./,
  );
  const json = await server.wazir(['study', 'create', '-f', path, '--json']);
  assert.equal(json.code, 1);
  const { error } = JSON.parse(json.stderr) as { error: { code: string; violations: { place: string }[] } };
  assert.equal(error.code, 'INVALID_ARGUMENT');
  assert.equal(error.violations[0]?.place, `${path}:4`);

  writeFileSync(path, 'id: x\nparameters:\n  - name: lr\n    double: {mim: 2, max: 1}\n');
  const wrong = await server.wazir(['study', 'create', '-f', path]);
  assert.equal(wrong.code, 2);
  assert.match(
    wrong.stderr,
    /\n {2}.*study\.yaml:4: parameters\[0\]\.double\.mim: no such field; there are min, max\n$/,
  );
  assert.equal((await server.wazir(['study', 'create', '-f', `${path}.gone`])).code, 6);
});

test('trials are listed, shown, and the best found', async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'digits');
  const none = await server.wazir(['best', 'digits']);
  assert.deepEqual(none, {
    code: 0,
    stdout: 'no trial of owners/default/studies/digits has a value yet\n',
    stderr: '',
  });
  const first = (await server.suggest('digits'))!;
  await server.report(first, 1, 0.5);
  const second = (await server.suggest('digits'))!;
  await server.report(second, 1, 0.75);

  const listed = await server.wazir(['trial', 'list', 'digits']);
  assert.match(listed.stdout, /^TRIAL .*\n1 +PAUSED +0 .*accuracy=0\.5 .*lr=.*\n2 +\w+ .*accuracy=0\.75 /);
  const newest = await server.wazir(['trial', 'list', 'digits', '--newest', '--limit', '1', '--json']);
  const { trials } = JSON.parse(newest.stdout) as { trials: { id: number }[] };
  assert.deepEqual(
    trials.map(({ id }) => id),
    [2],
  );
  const filtered = await server.wazir(['trial', 'list', 'digits', '--state', 'failed']);
  assert.match(filtered.stdout, /has no such trials/);

  const shown = await server.wazir(['trial', 'show', 'digits', '1']);
  assert.match(shown.stdout, /^state +PAUSED$/m);
  assert.match(shown.stdout, /^results +rung 0: loss -0\.5$/m);
  const byFullName = await server.wazir(['trial', 'show', first.name, '--json']);
  assert.equal((JSON.parse(byFullName.stdout) as { id: number }).id, 1);

  const best = await server.wazir(['best', 'digits']);
  assert.match(best.stdout, /^TRIAL +METRICS +STEP +PARAMETERS\n2 +accuracy=0\.75 +1 +lr=/);
  const json = JSON.parse((await server.wazir(['best', 'digits', '--json'])).stdout) as {
    trials: { id: number }[];
  };
  assert.deepEqual(
    json.trials.map(({ id }) => id),
    [2],
  );
});

test('numbers that JSON does not have are texts', async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'digits');
  const trial = (await server.suggest('digits'))!;
  await server.report(trial, 1, Number.POSITIVE_INFINITY);
  const { stdout } = await server.wazir(['trial', 'show', 'digits', '1', '--json']);
  const { bestMeasurement } = JSON.parse(stdout) as { bestMeasurement: { metrics: unknown } };
  assert.deepEqual(bestMeasurement.metrics, [{ name: 'accuracy', value: 'Infinity' }]);
});

test('the algorithms are those of the contract', async (t) => {
  const server = await TestServer.start(t);
  const { stdout } = await server.wazir(['algorithms']);
  assert.match(stdout, /^SAMPLERS.*\n {2}random: /);
  assert.match(stdout, /\n {2}asha: .*\n/);
  const json = JSON.parse((await server.wazir(['algorithms', '--json'])).stdout) as Record<
    string,
    { name: string }[]
  >;
  assert.ok(json['samplers']!.some(({ name }) => name === 'sobol'));
  assert.ok(json['schedulers']!.some(({ name }) => name === 'hyperband'));
});

test('colours are for terminals without NO_COLOR, and texts of users never bring their own', async (t) => {
  const server = await TestServer.start(t);
  const hostile = ashaStudy.replace('name: lr', 'name: "l\\e[31mr"');
  await server.create(hostile, 'digits');
  await server.warmStart('digits', 1, () => ({
    parameters: [{ name: 'l\u001b[31mr', value: { kind: { $case: 'doubleValue', value: 0.1 } } }],
    finalMeasurement: measured(9, 0.5),
    labels: { note: 'a\u001b[2Jb' },
  }));
  const commands = [
    ['study', 'list'],
    ['study', 'show', 'digits'],
    ['trial', 'list', 'digits'],
    ['trial', 'show', 'digits', '1'],
    ['best', 'digits'],
    ['algorithms'],
  ];
  for (const command of commands) {
    const plain = await server.wazir(command);
    assert.equal(plain.code, 0, plain.stderr);
    assert.doesNotMatch(plain.stdout, escapes, command.join(' '));
    const refused = await server.wazir(command, { terminal: true, environment: { NO_COLOR: '1' } });
    assert.equal(refused.stdout, plain.stdout, command.join(' '));
    const coloured = await server.wazir(command, { terminal: true });
    assert.equal(coloured.stdout.replace(/\u001b\[(1|22)m/g, ''), plain.stdout, command.join(' '));
  }
  assert.match((await server.wazir(['study', 'list'], { terminal: true })).stdout, escapes);
  assert.match((await server.wazir(['best', 'digits'])).stdout, /l\\u001b\[31mr=0\.1/);
});

test('a deletion is asked about on a terminal alone', async (t) => {
  const server = await TestServer.start(t);
  await server.create(ashaStudy, 'digits');
  const refused = await server.wazir(['study', 'delete', 'digits'], { terminal: true, input: 'n\n' });
  assert.match(refused.stderr, /delete owners\/default\/studies\/digits with 0 trials\? \[y\/N\]/);
  assert.equal((await server.wazir(['study', 'show', 'digits'])).code, 0);
  const agreed = await server.wazir(['study', 'delete', 'digits'], { terminal: true, input: 'y\n' });
  assert.match(agreed.stdout, /^deleted /);
  await server.create(ashaStudy, 'digits');
  assert.equal((await server.wazir(['study', 'delete', 'digits', '-y'], { terminal: true })).code, 0);
});
