/** `.ci/audit.ts` against registries that know vulnerabilities, that know none, and that can not be asked. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the audit of this repository against a registry; what it printed and ended with. */
async function audit(t: TestContext, registry: string): Promise<{ code: number | null; output: string }> {
  const cache = mkdtempSync(join(tmpdir(), 'wazir-npm-'));
  t.after(() => rmSync(cache, { recursive: true, force: true }));
  const child = spawn(process.execPath, ['--import', 'tsx', '.ci/audit.ts'], {
    cwd: root,
    env: {
      ...process.env,
      npm_config_registry: registry,
      npm_config_fetch_retries: '0',
      npm_config_cache: cache,
      npm_config_proxy: '',
      npm_config_https_proxy: '',
      npm_config_noproxy: '127.0.0.1',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: Buffer.concat(output).toString() };
}

/** A registry that answers each question about vulnerabilities so; it is asked by names and versions. */
async function registry(
  t: TestContext,
  answer: (asked: Readonly<Record<string, readonly string[]>>, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    request.on('data', (chunk: Buffer) => parts.push(chunk));
    request.on('end', () => {
      if (!request.url!.endsWith('/-/npm/v1/security/advisories/bulk')) {
        response.writeHead(404).end('{}');
        return;
      }
      const body = Buffer.concat(parts);
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      answer(JSON.parse(text.toString()) as Record<string, string[]>, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Answers that these packages are vulnerable in whatever version, where they are asked for. */
function knowing(...names: readonly string[]) {
  return (asked: Readonly<Record<string, readonly string[]>>, response: ServerResponse) => {
    const advisory = (name: string) => ({
      id: 1,
      title: `the hole in ${name}`,
      url: `https://example.org/${name}`,
      severity: 'high',
      vulnerable_versions: '>=1.0.0',
      cwe: [],
      cvss: { score: 0, vectorString: null },
    });
    const known = names.filter((name) => name in asked).map((name) => [name, [advisory(name)]]);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(Object.fromEntries(known)));
  };
}

test('clean is what a registry says that knows vulnerabilities, and none of ours', async (t) => {
  const { code, output } = await audit(t, await registry(t, knowing('lodash')));
  assert.deepEqual([code, output], [0, 'audit: clean\n']);
});

test('a vulnerability of ours is told by package and advisory', async (t) => {
  const { code, output } = await audit(t, await registry(t, knowing('lodash', '@grpc/grpc-js')));
  assert.equal(code, 1, output);
  assert.match(output, /^ {2}@grpc\/grpc-js.* \(high\): the hole in @grpc\/grpc-js https:\/\/example\.org/m);
});

test('no answer is never clean', async (t) => {
  const cases: [string, string, RegExp][] = [
    [
      'a mirror without advisories',
      await registry(t, (_, response) => response.writeHead(405).end()),
      /NOT ASKED: .*405/,
    ],
    [
      'a mirror that has no vulnerabilities at all',
      await registry(t, knowing()),
      /NOT ASKED: the registry knows of no vulnerability in anything/,
    ],
    [
      'a page that is no answer',
      await registry(t, (_, response) => response.end('<html>sign in</html>')),
      /NOT ASKED: /,
    ],
    ['nobody', 'http://127.0.0.1:1/', /NOT ASKED: .*ECONNREFUSED/],
  ];
  for (const [name, address, message] of cases) {
    const { code, output } = await audit(t, address);
    assert.equal(code, 2, `${name}: ${output}`);
    assert.match(output, message, name);
    assert.match(output, /This is not "clean"/);
    assert.doesNotMatch(output, /audit: clean/);
  }
});
