/** The lockfile, as its own tests read it. */
import { readFileSync } from 'node:fs';

/** An entry of `packages`: what is installed at a place. */
export interface Locked {
  /** Where it is installed, such as `node_modules/log-update/node_modules/string-width`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  /** A workspace, linked into `node_modules`. */
  readonly link?: boolean;
  /** Only development needs it. */
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

/** What `package.json` says of itself and of what it needs, and the lockfile repeats. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly engines: { readonly node: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Lockfile {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, Omit<Locked, 'path' | 'name'> & Manifest>>;
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
}

export function readManifest(path: string): Manifest {
  return readJson(path) as Manifest;
}

export class LockfileView {
  readonly #lockfile: Lockfile;

  constructor(path = 'package-lock.json') {
    this.#lockfile = readJson(path) as Lockfile;
  }

  get version(): number {
    return this.#lockfile.lockfileVersion;
  }

  /** What it repeats of a `package.json`: the root's under the empty name, a workspace's under its directory. */
  manifest(directory: string): Manifest | undefined {
    return this.#lockfile.packages[directory];
  }

  /** Every installed copy of every package, nested ones too, without links to workspaces. */
  installed(): Locked[] {
    return Object.entries(this.#lockfile.packages)
      .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
      .map(([path, entry]) => ({ ...entry, path, name: path.split('node_modules/').at(-1)! }));
  }

  /** Those of `installed` that run in production. */
  production(): Locked[] {
    return this.installed().filter(({ dev, devOptional }) => dev !== true && devOptional !== true);
  }
}
