import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { clientConfig, ConfigError, defaults, serveConfig } from '../server/config.js';

function configFile(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'wazir-config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'wazir.yaml');
  writeFileSync(path, text);
  return path;
}

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
  });
  assert.deepEqual(clientConfig(nothing), { server: '127.0.0.1:8765', owner: 'default', timeoutMs: 10_000 });
});

test('flags stand over the environment, it over the file, that over the defaults', (t) => {
  const config = configFile(t, 'data: /file\nlog_level: warn\nlisten: [127.0.0.1:1, "unix:/run/w"]\n');
  const environment = { WAZIR_CONFIG: config, WAZIR_DATA: '/environment', WAZIR_LOG_LEVEL: 'error' };
  const found = serveConfig({ flags: { data: '/flag' }, environment });
  assert.deepEqual(found, {
    data: '/flag',
    logLevel: 'error',
    listen: ['127.0.0.1:1', 'unix:/run/w'],
    graceMs: 10_000,
  });
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
