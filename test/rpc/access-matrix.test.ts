/** Every method that there is × everybody who may call, over a socket. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { credentials, Server, type ChannelCredentials } from '@grpc/grpc-js';
import { rules } from '../../server/access/rules.js';
import { Guard } from '../../server/rpc/guard.js';
import { requireRules } from '../../server/rpc/guard-services.js';
import { everyMethod } from '../access/every-method.js';
import { expectations, type Expectation } from '../access/expectations.js';
import { writeAccess, type Person } from '../access/people.js';
import { prepareStudy } from '../access/prepare-study.js';
import { RawCaller } from '../access/raw-caller.js';
import { startTestServer, storeDigest, temporaryDirectory } from '../app/test-server.js';
import { FakeClock } from '../engine/fake-clock.js';
import { Authority, type Certificate } from '../tls/certificates.js';

const roles = ['read', 'work', 'admin'] as const;
type Role = (typeof roles)[number];

/** Somebody who calls. */
interface Somebody {
  /** What they are; undefined for those who are nobody here. */
  readonly is: { readonly role: Role; readonly reach: 'own' | 'other' | 'all' } | undefined;
  /** Values of the header `authorization`. */
  readonly authorization: readonly string[];
}

const token = (name: string) => `secret-of-${name}`;
const bearer = (name: string) => `Bearer ${token(name)}`;
const known = (role: Role, reach: 'own' | 'other' | 'all'): Somebody => ({
  is: { role, reach },
  authorization: [bearer(`${reach}-${role}`)],
});
const stranger = (...authorization: string[]): Somebody => ({ is: undefined, authorization });
const reaches = { own: ['default'], other: ['somebody-else'], all: '*' } as const;

const people: Person[] = [
  ...(['own', 'other', 'all'] as const).flatMap((reach) =>
    roles.map((role): Person => {
      const name = `${reach}-${role}`;
      const certificate = `spiffe://example.org/${name}`;
      return { name, role, owners: reaches[reach], token: token(name), certificate };
    }),
  ),
  // On the clock of the test.
  {
    name: 'expired',
    role: 'admin',
    token: token('expired'),
    certificate: 'expired.example.org',
    notAfter: '2023-12-31T23:59:59Z',
  },
];

const byToken: Readonly<Record<string, Somebody>> = {
  'no token': stranger(),
  'a wrong token': stranger('Bearer wrong'),
  'an expired token': stranger(bearer('expired')),
  'a token without "Bearer"': stranger(token('all-admin')),
  'another scheme': stranger(`Basic ${token('all-admin')}`),
  '"Bearer" alone': stranger('Bearer '),
  'an empty header': stranger(''),
  'two tokens in one header': stranger(`${bearer('all-admin')}, ${bearer('all-admin')}`),
  'a token and a word': stranger(`${bearer('all-admin')} really`),
  'the hash of a token': stranger('Bearer 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'),
  'a very long token': stranger(`Bearer ${'x'.repeat(5000)}`),
  'read, another owner': known('read', 'other'),
  'work, another owner': known('work', 'other'),
  'admin, another owner': known('admin', 'other'),
  'read, this owner': known('read', 'own'),
  'work, this owner': known('work', 'own'),
  'admin, this owner': known('admin', 'own'),
  'read, all owners': known('read', 'all'),
  'work, all owners': known('work', 'all'),
  'admin, all owners': known('admin', 'all'),
};

/** The rule, in words of the tests' own. */
function expected({ role, about, roleFirst }: Expectation, { is }: Somebody): string {
  if (role === 'open') return 'OK';
  if (!is) return 'UNAUTHENTICATED';
  const isHighEnough = roles.indexOf(is.role) >= roles.indexOf(role);
  if (about === 'every owner') return isHighEnough && is.reach === 'all' ? 'OK' : 'PERMISSION_DENIED';
  if (roleFirst && !isHighEnough) return 'PERMISSION_DENIED';
  if (about === 'an owner' && is.reach === 'other') return 'NOT_FOUND';
  return isHighEnough ? 'OK' : 'PERMISSION_DENIED';
}

const owner = 'owners/default';

interface Cell {
  readonly caller: RawCaller;
  readonly somebody: Somebody;
}

/** Those who may not first, and that they change nothing; then those who may. */
async function checkAll(
  t: TestContext,
  dataDir: string,
  admin: RawCaller,
  cells: Readonly<Record<string, Cell>>,
): Promise<void> {
  const prepare = (id: string) => prepareStudy(admin, owner, id, bearer('all-admin'));
  const check = (path: string, may: boolean, studyOf: () => Promise<string>) =>
    t.test(`${path}: those who may${may ? '' : ' not'}`, async () => {
      const expectation = expectations[path];
      assert.ok(expectation, `nobody has written down who may call ${path}`);
      const seen: Record<string, string> = {};
      const wanted: Record<string, string> = {};
      for (const [name, { caller, somebody }] of Object.entries(cells)) {
        const code = expected(expectation, somebody);
        if ((code === 'OK') !== may) continue;
        wanted[name] = code;
        const request = expectation.request(owner, await studyOf());
        seen[name] = await codeOf(caller, path, request, somebody, expectation.role);
      }
      assert.deepEqual(seen, wanted);
    });

  const study = await prepare('untouched');
  const before = await storeDigest(dataDir);
  for (const path of everyMethod.keys()) await check(path, false, async () => study);
  assert.equal(await storeDigest(dataDir), before, 'nothing has changed');
  let number = 0;
  for (const path of everyMethod.keys()) await check(path, true, () => prepare(`s${number++}`));
}

async function codeOf(
  caller: RawCaller,
  path: string,
  request: object,
  { authorization }: Somebody,
  role: string,
): Promise<string> {
  const { code, refusal } = await caller.call(everyMethod.get(path)!, request, ...authorization);
  if (code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED') assert.equal(refusal!.reason, code);
  if (code === 'PERMISSION_DENIED') {
    assert.match(refusal!.message, new RegExp(`\\b${role}\\b`));
    assert.deepEqual(refusal!.metadata, { needed_role: role });
  }
  // Nothing that is worth trying again.
  assert.equal(refusal?.retrySeconds, undefined);
  return code;
}

test('what a server registers, what the .proto files say, the rules and the expectations are the same methods', async (t) => {
  const registered = new Set<string>();
  const original = Object.getOwnPropertyDescriptor(Server.prototype, 'register')!.value as Server['register'];
  t.mock.method(Server.prototype, 'register', function (this: Server, ...given: Parameters<typeof original>) {
    registered.add(given[0]);
    return original.apply(this, given);
  });
  await startTestServer(t);
  const all = [...everyMethod.keys()].sort();
  assert.deepEqual([...registered].sort(), all);
  assert.deepEqual([...rules.keys()].sort(), all);
  assert.deepEqual(Object.keys(expectations).sort(), all);
});

test('a method without a rule keeps a server from starting', () => {
  const getStudy = everyMethod.get('/wazir.v1.StudyService/GetStudy')!;
  const service = { getStudy, newMethod: { ...getStudy, path: '/wazir.v1.StudyService/NewMethod' } };
  assert.throws(() => requireRules(service), /NewMethod has no rule/);
});

test('by token', async (t) => {
  const access = writeAccess(await temporaryDirectory(t), people);
  const { address, dataDir } = await startTestServer(t, { access, clock: new FakeClock() });
  const caller = new RawCaller(address);
  t.after(() => caller.close());
  const callers = Object.entries(byToken).map(([name, somebody]) => [name, { caller, somebody }] as const);
  await checkAll(t, dataDir, caller, Object.fromEntries(callers));
});

test('by certificate, with and without a token', async (t) => {
  const authority = await Authority.create(t);
  const server = await authority.server();
  const access = writeAccess(await temporaryDirectory(t), people);
  const { address, dataDir } = await startTestServer(t, {
    access,
    clock: new FakeClock(),
    tls: { cert: server.certFile, key: server.keyFile, clientCa: authority.certFile },
  });
  const connect = (certificate: Certificate): RawCaller => {
    const caller = new RawCaller(address, channelOf(authority, certificate));
    t.after(() => caller.close());
    return caller;
  };
  const issue = async (name: string, dns: string[] = []) =>
    connect(await authority.issue({ name, use: 'client', dns, uri: [`spiffe://example.org/${name}`] }));
  const shows = (is: Somebody['is'], ...authorization: string[]): Somebody => ({ is, authorization });

  const admin = await issue('all-admin');
  const nobody = await issue('nobody');
  const foreign = await issue('other-admin');
  const cells: Record<string, Cell> = {
    'of nobody': { caller: nobody, somebody: shows(undefined) },
    'of an expired principal, by DNS name': {
      caller: await issue('x', ['expired.example.org']),
      somebody: shows(undefined),
    },
    'of two principals': {
      caller: connect(
        await authority.issue({
          name: 'two',
          use: 'client',
          uri: ['spiffe://example.org/all-admin', 'spiffe://example.org/own-read'],
        }),
      ),
      somebody: shows(undefined),
    },
    // Names are those of the extension, never the common name.
    'with a name in the wrong place': {
      caller: connect(
        await authority.issue({ name: 'spiffe://example.org/all-admin'.replaceAll('/', '_'), use: 'client' }),
      ),
      somebody: shows(undefined),
    },
    'of nobody, and a good token': {
      caller: nobody,
      somebody: shows({ role: 'work', reach: 'own' }, bearer('own-work')),
    },
    'of an admin, and a wrong token': { caller: admin, somebody: shows(undefined, 'Bearer wrong') },
    'of an admin, and a token to read': {
      caller: admin,
      somebody: shows({ role: 'read', reach: 'own' }, bearer('own-read')),
    },
    'of another owner, and a token of this one': {
      caller: foreign,
      somebody: shows({ role: 'admin', reach: 'own' }, bearer('own-admin')),
    },
    'admin, another owner': { caller: foreign, somebody: shows({ role: 'admin', reach: 'other' }) },
    'read, this owner': { caller: await issue('own-read'), somebody: shows({ role: 'read', reach: 'own' }) },
    'work, this owner': { caller: await issue('own-work'), somebody: shows({ role: 'work', reach: 'own' }) },
    'admin, this owner': {
      caller: await issue('own-admin'),
      somebody: shows({ role: 'admin', reach: 'own' }),
    },
    'admin, all owners': { caller: admin, somebody: shows({ role: 'admin', reach: 'all' }) },
  };
  await checkAll(t, dataDir, admin, cells);
});

function channelOf(authority: Authority, { cert, key }: Certificate): ChannelCredentials {
  return credentials.createSsl(Buffer.from(authority.cert), Buffer.from(key), Buffer.from(cert));
}

test('without an access file everybody may do everything', async (t) => {
  const { address } = await startTestServer(t);
  const caller = new RawCaller(address);
  t.after(() => caller.close());
  const study = await prepareStudy(caller, owner, 's');
  for (const [path, method] of everyMethod) {
    if (/Delete|StopTrial|CompleteTrial|ReleaseTrial/.test(path)) continue;
    const { code } = await caller.call(method, expectations[path]!.request(owner, study), 'Bearer whatever');
    assert.equal(code, 'OK', path);
  }
});

test('a server that is told not to describe itself does not, to anybody', async (t) => {
  const { address } = await startTestServer(t, { reflection: false });
  const caller = new RawCaller(address);
  t.after(() => caller.close());
  for (const version of ['v1', 'v1alpha']) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const { code } = await caller.call(everyMethod.get(path)!, { list_services: '' });
    assert.equal(code, 'UNIMPLEMENTED');
  }
});

test('a method of which nothing is known is nobody’s', () => {
  const path = '/wazir.v1.StudyService/NewMethod';
  const source = {
    list: { find: () => ({ name: 'a', role: 'admin', owners: 'all', notAfterMs: Infinity, reach: '*' }) },
    now: () => 0,
    onLook: () => () => undefined,
  };
  const guard = new Guard(source as unknown as ConstructorParameters<typeof Guard>[0]);
  const metadata = { get: () => ['Bearer x'] };
  const call = { metadata, getPath: () => path, getAuthContext: () => ({}) };
  assert.throws(() => guard.admit(call as unknown as Parameters<Guard['admit']>[0]), {
    reason: 'PERMISSION_DENIED',
  });
});
