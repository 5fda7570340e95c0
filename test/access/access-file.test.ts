import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Credential } from '../../server/access/access-list.js';
import { AccessFileError, readAccessFile } from '../../server/access/access-file.js';
import { mayDo, reaches } from '../../server/access/principal.js';
import { sha256 } from './people.js';

const a = sha256('a');
const b = sha256('b');
const c = sha256('c');

const token = (text: string): Credential => ({ kind: 'token', digest: sha256(text) });
const certificate = (...identities: string[]): Credential => ({
  kind: 'certificate',
  identities,
  notAfterMs: Infinity,
});

test('what a file says is what counts', () => {
  const list = readAccessFile(
    'access.yaml',
    `# Who may do what.
principals:
  - name: trainer
    token_sha256: [${a}, ${b.toUpperCase()}]
    certificate: spiffe://example.org/trainer
    owners: [alice, "bob the 2nd", 12]
    role: work
    not_after: 2030-01-31T12:00:00+01:00
  - { name: operator, certificate: [Ops.Example.org], owners: "*", role: admin }
  - { name: viewer, token_sha256: ${c}, owners: alice, role: read }
`,
  );
  assert.equal(list.size, 3);
  const end = Date.UTC(2030, 0, 31, 11);
  const trainer = list.find(token('a'), end - 1)!;
  for (const credential of [token('b'), certificate('x', 'spiffe://example.org/trainer')])
    assert.equal(list.find(credential, 0), trainer);
  // Again: the first look is another way than those after it.
  assert.equal(list.find(token('a'), 0), trainer);
  assert.deepEqual([trainer.name, trainer.role], ['trainer', 'work']);
  assert.deepEqual(
    ['alice', 'bob the 2nd', '12', 'carol'].map((owner) => reaches(trainer, owner)),
    [true, true, true, false],
  );
  assert.deepEqual(
    [mayDo(trainer, 'read'), mayDo(trainer, 'work'), mayDo(trainer, 'admin')],
    [true, true, false],
  );
  assert.equal(list.find(token('a'), end), undefined);
  assert.equal(list.find(certificate('spiffe://example.org/trainer'), end), undefined);

  const operator = list.find(certificate('ops.example.org'), end)!;
  assert.ok(reaches(operator, 'anybody') && mayDo(operator, 'admin'));
  assert.equal(list.find(token('c'), end)!.reach, '["alice"]');
  for (const credential of [
    token('d'),
    token(a),
    certificate(),
    certificate('example.org', 'spiffe://example.org'),
  ])
    assert.equal(list.find(credential, 0), undefined);
});

test('a certificate of two principals is nobody’s; one that has expired is too', () => {
  const list = readAccessFile(
    'f',
    `principals:
  - { name: one, certificate: [a.example, b.example], owners: x, role: read }
  - { name: two, certificate: c.example, owners: x, role: admin }
`,
  );
  assert.equal(list.find(certificate('a.example', 'b.example'), 0)?.name, 'one');
  assert.equal(list.find(certificate('a.example', 'c.example'), 0), undefined);
  assert.equal(list.find(certificate('c.example', 'a.example', 'c.example'), 0), undefined);
  const expiring: Credential = { kind: 'certificate', identities: ['c.example'], notAfterMs: 1000 };
  assert.equal(list.find(expiring, 999)?.name, 'two');
  assert.equal(list.find(expiring, 1000), undefined);
});

test('nobody is known where the list is empty', () => {
  assert.equal(readAccessFile('f', 'principals: []').size, 0);
});

const entry = (fields: string) => `principals:\n  - ${fields.split('\n').join('\n    ')}\n`;
const good = `name: n\ntoken_sha256: ${a}\nowners: x\nrole: read`;

/** By what is wrong: the file, and how the message begins. */
const faulty: Readonly<Record<string, readonly [text: string, message: string]>> = {
  'an empty file': ['', 'f:1: the file: expected "principals:"'],
  'a list': ['- name: n', 'f:1: the file: expected "principals:"'],
  'no list': ['principals: all', 'f:1: principals: expected a list'],
  'no principal': ['principals:\n  - trainer', 'f:2: principals[0]: expected a principal'],
  'a principal that is missing': ['principals:\n  -', 'f:'],
  'broken YAML': ['principals:\n  - name: "n\n', 'f:'],
  'a field twice': [entry(`${good}\nrole: admin`), 'f:6: is not well-formed YAML'],
  'another field in the file': [`${entry(good)}roles: []`, 'f:6: the file: has a field'],
  'another field': [
    entry(`${good}\nowner: x`),
    'f:6: principals[0]: has a field that is none of name, token_sha256',
  ],
  'a token in clear': [
    entry(good.replace(a, 'secret')),
    'f:3: principals[0].token_sha256: expected the SHA-256',
  ],
  'a hash cut short': [
    entry(good.replace(a, a.slice(1))),
    'f:3: principals[0].token_sha256: expected the SHA-256',
  ],
  'three hashes': [
    entry(good.replace(a, `[${a}, ${b}, ${c}]`)),
    'f:3: principals[0].token_sha256: expected at most 2',
  ],
  'a hash twice': [
    entry(good.replace(a, `[${a}, ${a}]`)),
    'f:3: principals[0].token_sha256: is listed twice; it is on line 3',
  ],
  'a hash of two': [
    entry(good) + entry(good.replace('name: n', 'name: m')).replace('principals:\n', ''),
    'f:7: principals[1].token_sha256: is listed twice; it is on line 3 too',
  ],
  'a name of two': [
    entry(good) + entry(good.replace(a, b)).replace('principals:\n', ''),
    'f:6: principals[1].name: is the name of another principal; it is on line 2 too',
  ],
  'no name': [entry(good.replace('name: n\n', '')), 'f:2: principals[0].name: must be given'],
  'an empty name': [entry(good.replace('name: n', 'name: ""')), 'f:2: principals[0].name: expected a text'],
  'a name with a control character': [
    entry(good.replace('name: n', 'name: "a\\tb"')),
    'f:2: principals[0].name: expected 1 to 64',
  ],
  'nothing to show': [
    entry(good.replace(/token.*\n/, '')),
    'f:2: principals[0]: nobody could be this principal',
  ],
  'an empty list of hashes': [
    entry(good.replace(a, '[]')),
    'f:2: principals[0]: nobody could be this principal',
  ],
  'no role': [entry(good.replace('\nrole: read', '')), 'f:2: principals[0].role: must be given'],
  'another role': [
    entry(good.replace('role: read', 'role: root')),
    'f:5: principals[0].role: expected one of read, work, admin',
  ],
  'two roles': [
    entry(good.replace('role: read', 'role: [read]')),
    'f:5: principals[0].role: expected a text',
  ],
  'no owners': [
    entry(good.replace('owners: x\n', '')),
    'f:2: principals[0].owners: expected a list of owners',
  ],
  'an empty list of owners': [
    entry(good.replace('owners: x', 'owners: []')),
    'f:4: principals[0].owners: expected a list of owners',
  ],
  'all owners and one': [
    entry(good.replace('owners: x', 'owners: ["*", x]')),
    'f:4: principals[0].owners: "*" means all',
  ],
  'a name of an owner': [
    entry(good.replace('owners: x', 'owners: owners/x')),
    `f:4: principals[0].owners: an owner's id must not hold`,
  ],
  'a wildcard': [
    entry(`${good}\ncertificate: "*.example.org"`),
    'f:6: principals[0].certificate: expected a SPIFFE id',
  ],
  'another URI': [
    entry(`${good}\ncertificate: https://example.org`),
    'f:6: principals[0].certificate: expected a SPIFFE id',
  ],
  'a SPIFFE id with dots': [
    entry(`${good}\ncertificate: spiffe://example.org/a/../b`),
    'f:6: principals[0].certificate: expected a SPIFFE id',
  ],
  'a DNS name twice, in another case': [
    entry(`${good}\ncertificate: [a.example, A.example]`),
    'f:6: principals[0].certificate: is listed twice',
  ],
  'a day': [entry(`${good}\nnot_after: 2030-01-31`), 'f:6: principals[0].not_after: expected a time'],
  'a time without a zone': [
    entry(`${good}\nnot_after: 2030-01-31T12:00:00`),
    'f:6: principals[0].not_after: expected a time',
  ],
  'a month 13': [
    entry(`${good}\nnot_after: 2030-13-31T12:00:00Z`),
    'f:6: principals[0].not_after: expected a time',
  ],
  'an empty time': [entry(`${good}\nnot_after:`), 'f:6: principals[0].not_after: expected a text'],
  'an alias': [`principals: &p\n  - *p`, 'f:'],
};

for (const [name, [text, message]] of Object.entries(faulty))
  test(`refused: ${name}`, () => {
    assert.throws(
      () => readAccessFile('f', text),
      (error) => {
        assert.ok(error instanceof AccessFileError);
        assert.ok(error.message.startsWith(message), error.message);
        assert.match(error.message, /^f:\d+: /);
        assert.doesNotMatch(error.message, /secret|[0-9a-f]{20}|\n/);
        return true;
      },
    );
  });
