import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { clientConfig, ConfigError, defaults, fileSettings, serveConfig } from '../server/config.js';
import { camelCase, snakeCase } from '../server/config-sources.js';
import { limitNames, limitTable, limitsFrom, type LimitName } from '../server/domain/limits.js';

function configFile(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'wazir-config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'wazir.yaml');
  writeFileSync(path, text);
  return path;
}

const MiB = 2 ** 20;

/** The message with which the settings are refused. */
function refusal(flags: Record<string, unknown>, environment: Record<string, string> = {}): string {
  try {
    serveConfig({ flags, environment });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail('was accepted');
}

test('without anything given the defaults hold', () => {
  const nothing = { flags: {}, environment: {} };
  assert.deepEqual(serveConfig(nothing), {
    listen: [...defaults.listen],
    data: './data',
    logLevel: 'info',
    graceMs: 10_000,
    insecure: false,
    tls: undefined,
    access: undefined,
    healthListen: undefined,
    reflection: true,
    handshakeTimeoutMs: 5000,
    freeSpaceFloorBytes: 64 * MiB,
    ballastBytes: 64 * MiB,
    acceptLoss: false,
    limits: limitsFrom(),
  });
  assert.deepEqual(clientConfig(nothing), {
    server: '127.0.0.1:8765',
    owner: 'default',
    timeoutMs: 10_000,
    tls: undefined,
    token: undefined,
    insecure: false,
  });
});

test('flags stand over the environment, it over the file, that over the defaults', (t) => {
  const config = configFile(t, 'data: /file\nlog_level: warn\nlisten: [127.0.0.1:1, "unix:/run/w"]\n');
  const environment = { WAZIR_CONFIG: config, WAZIR_DATA: '/environment', WAZIR_LOG_LEVEL: 'error' };
  const found = serveConfig({ flags: { data: '/flag' }, environment });
  assert.equal(found.data, '/flag');
  assert.equal(found.logLevel, 'error');
  assert.deepEqual(found.listen, ['127.0.0.1:1', 'unix:/run/w']);
  assert.equal(found.graceMs, 10_000);
  assert.equal(serveConfig({ flags: { config }, environment: {} }).data, '/file');
});

test('an empty variable counts as none', () => {
  assert.equal(serveConfig({ flags: {}, environment: { WAZIR_DATA: '' } }).data, './data');
});

test('several addresses come by repetition, by comma or as a list', (t) => {
  const expected = ['127.0.0.1:0', '[::1]:8765', 'unix:/tmp/w.sock'];
  const text = '127.0.0.1:0, [::1]:8765,unix:/tmp/w.sock';
  assert.deepEqual(serveConfig({ flags: { listen: expected }, environment: {} }).listen, expected);
  assert.deepEqual(serveConfig({ flags: {}, environment: { WAZIR_LISTEN: text } }).listen, expected);
  const config = configFile(t, `listen: "${text}"`);
  assert.deepEqual(serveConfig({ flags: { config }, environment: {} }).listen, expected);
});

test('a wrong value is refused by the name under which it was given', (t) => {
  assert.match(refusal({ logLevel: 'loud' }), /^--log-level: expected one of trace, /);
  assert.match(refusal({}, { WAZIR_LOG_LEVEL: 'loud' }), /^WAZIR_LOG_LEVEL: expected one of /);
  assert.match(refusal({ listen: ['localhost'] }), /^--listen: "localhost": expected host:port/);
  assert.match(refusal({ listen: ['localhost:70000'] }), /^--listen: /);
  assert.match(refusal({}, { WAZIR_GRACE: '10' }), /^WAZIR_GRACE: expected a duration/);
  assert.match(refusal({ data: '' }), /^--data: expected a text/);
  const config = configFile(t, 'data: ./here\n\nlog_level: 3\n');
  assert.equal(refusal({ config }).startsWith(`${config}:3: log_level: expected one of`), true);
});

test('a config file that is none is refused with its line', (t) => {
  assert.match(refusal({ config: '/nowhere/wazir.yaml' }), /^\/nowhere\/wazir\.yaml: can not be read/);
  assert.match(
    refusal({ config: configFile(t, 'data: x\nport: 1\n') }),
    /:2: port: no such setting; there are listen, /,
  );
  assert.match(refusal({ config: configFile(t, 'data: x\ndata: y\n') }), /wazir\.yaml:2: /);
  assert.match(refusal({ config: configFile(t, '- data\n') }), /expected settings/);
  const empty = configFile(t, '# nothing\n');
  assert.equal(serveConfig({ flags: { config: empty }, environment: {} }).data, './data');
});

test('port 0 is for servers only', () => {
  const flags = { server: '127.0.0.1:0' };
  assert.throws(
    () => clientConfig({ flags, environment: {} }),
    /--server: expected host:port with a port from 1/,
  );
  assert.equal(clientConfig({ flags: {}, environment: { WAZIR_SERVER: 'unix:/x' } }).server, 'unix:/x');
});

/** A value of each setting other than its default, as it is written, and what it then is. */
const others: Readonly<Record<string, readonly [written: string, is: unknown, field?: string]>> = {
  listen: ['127.0.0.1:1', ['127.0.0.1:1']],
  data: ['/elsewhere', '/elsewhere'],
  log_level: ['warn', 'warn'],
  grace: ['3s', 3000, 'graceMs'],
  insecure: ['true', true],
  access: ['/access.yaml', '/access.yaml'],
  health_listen: ['127.0.0.1:2', '127.0.0.1:2'],
  reflection: ['false', false],
  handshake_timeout: ['700ms', 700, 'handshakeTimeoutMs'],
  free_space_floor: ['1GiB', 2 ** 30, 'freeSpaceFloorBytes'],
  ballast: ['0', 0, 'ballastBytes'],
};

test('each setting comes by flag, environment and file alike', (t) => {
  const tested = [...Object.keys(others), ...limitNames.map(snakeCase)];
  const tls = ['tls_cert', 'tls_key', 'tls_client_ca'];
  assert.deepEqual([...fileSettings].sort(), [...tested, ...tls].sort());
  for (const [name, [written, is, field = camelCase(name)]] of Object.entries(others)) {
    const config = configFile(t, `${name}: ${written}\n`);
    for (const sources of [
      { flags: { [camelCase(name)]: written }, environment: {} },
      { flags: {}, environment: { [`WAZIR_${name.toUpperCase()}`]: written } },
      { flags: { config }, environment: {} },
    ])
      assert.deepEqual(serveConfig(sources)[field as 'data'], is, `${name} in ${JSON.stringify(sources)}`);
  }
});

test('each limit comes by flag, environment and file, and is no other', (t) => {
  limitNames.forEach((name, i) => {
    const value = 2000 + i;
    const expected = limitsFrom({ [name]: value });
    const config = configFile(t, `${snakeCase(name)}: ${value}\n`);
    for (const sources of [
      { flags: { [name]: String(value) }, environment: {} },
      { flags: {}, environment: { [`WAZIR_${snakeCase(name).toUpperCase()}`]: String(value) } },
      { flags: { config }, environment: {} },
    ])
      assert.deepEqual(serveConfig(sources).limits, expected, name);
  });
});

test('limits are whole numbers, 1 or more; those of bytes may have a unit and are 1 KiB or more', () => {
  const read = (name: LimitName, value: string) =>
    serveConfig({ flags: { [name]: value }, environment: {} }).limits[name];
  for (const name of limitNames) {
    const isBytes = limitTable[name].unit === 'bytes';
    const flag = `--${snakeCase(name).replaceAll('_', '-')}: `;
    const wrong = ['', '-1', '0', '1.5', '1e3', 'many', '9007199254740992', '10KB', ' 5'];
    for (const value of isBytes ? [...wrong, '1023', '1TiB'] : [...wrong, '1KiB'])
      assert.ok(refusal({ [name]: value }).startsWith(flag), `${name} ${value}`);
    assert.equal(read(name, isBytes ? '1024' : '1'), isBytes ? 1024 : 1);
    assert.equal(read(name, '9007199254740991'), Number.MAX_SAFE_INTEGER);
    if (isBytes) assert.deepEqual([read(name, '2KiB'), read(name, '3MiB')], [2048, 3 * MiB]);
  }
});

test('TLS takes a certificate and its key, never one alone', () => {
  const [tlsCert, tlsKey, tlsClientCa] = ['c.pem', 'k.pem', 'ca.pem'];
  const read = (flags: Record<string, string>) => serveConfig({ flags, environment: {} }).tls;
  assert.deepEqual(read({ tlsCert, tlsKey }), { cert: tlsCert, key: tlsKey, clientCa: undefined });
  assert.deepEqual(read({ tlsCert, tlsKey, tlsClientCa }), {
    cert: tlsCert,
    key: tlsKey,
    clientCa: tlsClientCa,
  });
  assert.match(refusal({ tlsCert }), /^tls_key: TLS needs the key/);
  assert.match(refusal({ tlsKey }), /^tls_cert: TLS needs the certificate/);
  assert.match(refusal({ tlsClientCa }), /^tls_cert: TLS needs the certificate/);
});

test('loss is accepted for one start: by flag or variable, never by a file', (t) => {
  assert.equal(serveConfig({ flags: { acceptLoss: true }, environment: {} }).acceptLoss, true);
  assert.equal(serveConfig({ flags: {}, environment: { WAZIR_ACCEPT_LOSS: '1' } }).acceptLoss, true);
  const config = configFile(t, 'accept_loss: true\n');
  assert.match(refusal({ config }), /:1: accept_loss: no such setting/);
});

test('yes and no, sizes and addresses that are none are refused', () => {
  assert.match(refusal({ reflection: 'maybe' }), /^--reflection: expected true or false/);
  assert.match(refusal({}, { WAZIR_INSECURE: 'yes' }), /^WAZIR_INSECURE: expected true or false/);
  assert.match(refusal({ freeSpaceFloor: '64MB' }), /^--free-space-floor: expected a number of bytes/);
  assert.match(refusal({ ballast: '-1' }), /^--ballast: expected a number of bytes/);
  assert.match(refusal({ healthListen: 'here' }), /^--health-listen: expected host:port/);
  assert.match(refusal({ handshakeTimeout: '5' }), /^--handshake-timeout: expected a duration/);
  const twice = ['127.0.0.1:9', '127.0.0.1:9'];
  assert.match(refusal({ listen: twice }), /^--listen: "127\.0\.0\.1:9": is given twice/);
  assert.equal(serveConfig({ flags: { listen: ['a:0', 'a:0'] }, environment: {} }).listen.length, 2);
});
