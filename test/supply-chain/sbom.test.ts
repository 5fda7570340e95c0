/** The software bill of materials lists what runs in production: all of it, and nothing else. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LockfileView, readManifest } from './lockfile.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Component {
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly {
    readonly license?: { readonly id?: string };
    readonly expression?: string;
  }[];
}

interface Bom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
}

const nameOf = ({ group, name }: Component) => (group === undefined ? name : `${group}/${name}`);
const licenceOf = ({ licenses = [] }: Component) =>
  licenses.map(({ license, expression }) => license?.id ?? expression).join(' AND ');

test('the bill of materials and the production part of the lockfile are the same', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'wazir-sbom-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const make = async (name: string) => {
    const path = join(directory, name);
    await promisify(execFile)('npm', ['run', '--silent', 'sbom', '--', path], { cwd: root });
    return readFileSync(path, 'utf8');
  };
  const text = await make('one.json');
  const bom = JSON.parse(text) as Bom;
  assert.deepEqual([bom.bomFormat, bom.specVersion], ['CycloneDX', '1.6']);
  const own = readManifest('package.json');
  assert.equal(
    `${nameOf(bom.metadata.component)} ${bom.metadata.component.version}`,
    `${own.name} ${own.version}`,
  );
  const listed = bom.components.map((each) => `${nameOf(each)} ${each.version} ${licenceOf(each)}`);
  const locked = new LockfileView()
    .production()
    .map(({ name, version, license }) => `${name} ${version} ${license}`);
  // Copies of one version in several places are one package.
  assert.deepEqual([...new Set(listed)].sort(), [...new Set(locked)].sort());
  for (const each of bom.components)
    assert.equal(each.purl, `pkg:npm/${nameOf(each).replace('@', '%40')}@${each.version}`);
  assert.equal(await make('two.json'), text, 'the same whenever it is made');
});
