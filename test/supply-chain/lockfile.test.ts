/** What `npm ci` does not look at: where packages come from, that each is what it was, and what they run. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LockfileView, readManifest } from './lockfile.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lockfiles = ['package-lock.json', '.ci/sbom/package-lock.json'];

for (const path of lockfiles) {
  const lockfile = new LockfileView(path);

  test(`${path} pins every package by its contents`, () => {
    assert.equal(lockfile.version, 3);
    const installed = lockfile.installed();
    assert.ok(installed.length > 50);
    const unpinned = installed.filter(
      ({ integrity = '' }) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity),
    );
    assert.deepEqual(
      unpinned.map(({ path }) => path),
      [],
    );
  });

  test(`${path} names no registry: it is the same whoever makes it`, () => {
    const named = lockfile.installed().filter(({ resolved }) => resolved !== undefined);
    assert.deepEqual(
      named.map(({ path, resolved }) => `${path}: ${resolved}`),
      [],
      'npm leaves these away by .npmrc: npm install --package-lock-only',
    );
  });
}

test('the lockfile repeats what each package.json says', () => {
  const lockfile = new LockfileView();
  for (const directory of ['', 'clients/typescript']) {
    const own = readManifest(join(directory, 'package.json'));
    const repeated = lockfile.manifest(directory);
    assert.ok(repeated);
    const fields = [
      'name',
      'version',
      'license',
      'engines',
      'dependencies',
      'devDependencies',
      'optionalDependencies',
      'peerDependencies',
    ] as const;
    for (const field of fields) assert.deepEqual(repeated[field], own[field], `${directory}: ${field}`);
  }
});

test('only packages that are known to need it run scripts when they are installed', () => {
  const lockfile = new LockfileView();
  const scripts = lockfile.installed().filter(({ hasInstallScript }) => hasInstallScript === true);
  assert.deepEqual(
    scripts
      .map(({ path, dev }) => `${path.replace('node_modules/', '')}${dev === true ? ' (dev)' : ''}`)
      .sort(),
    // The first three choose a binary for the platform, and bring those along; the last looks at versions.
    ['@bufbuild/buf (dev)', 'classic-level', 'esbuild (dev)', 'protobufjs'],
  );
  // The image runs none of them: what is in the packages is enough.
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  for (const line of dockerfile.match(/npm ci.*/g) ?? []) assert.match(line, /--ignore-scripts/);
});

const allowedLicences = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD']);

test('what runs in production may be used and passed on under Apache-2.0', () => {
  const foreign = new LockfileView().production().filter(
    ({ license = '' }) =>
      !license
        .replace(/^\((.*)\)$/, '$1')
        .split(' AND ')
        .every((each) => allowedLicences.has(each)),
  );
  assert.deepEqual(
    foreign.map(({ path, license }) => `${path}: ${license}`),
    [],
  );
});

test('no package of production has a NOTICE that ours would have to repeat', () => {
  const notices = new LockfileView().production().flatMap(({ path }) => {
    const directory = join(root, path);
    return existsSync(directory)
      ? readdirSync(directory)
          .filter((name) => /^notice/i.test(name))
          .map((name) => `${path}/${name}`)
      : [];
  });
  assert.deepEqual(notices, []);
});

test('NOTICE names what is there, and every file with a copyright of others', () => {
  const notice = readFileSync(join(root, 'NOTICE'), 'utf8');
  const named = [...notice.matchAll(/^- (\S+):/gm)].map((match) => match[1]!);
  for (const path of named) assert.ok(existsSync(join(root, path)), path);
  const foreign: string[] = [];
  for (const directory of ['server', 'proto', 'clients/typescript/src', 'clients/python/src', '.ci']) {
    for (const entry of readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })) {
      const path = `${directory}/${entry.replaceAll('\\', '/')}`;
      if (/(^|\/)(gen|node_modules|__pycache__)\/|\.egg-info\//.test(path) || !/\.\w+$/.test(path)) continue;
      if (/\bcopyright\b/i.test(readFileSync(join(root, path), 'utf8'))) foreign.push(path);
    }
  }
  assert.ok(foreign.length > 0);
  for (const path of foreign)
    assert.ok(
      named.some((each) => path === each || path.startsWith(`${each}/`)),
      `${path} is not in NOTICE`,
    );
});
