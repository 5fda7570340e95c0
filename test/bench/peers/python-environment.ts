/**
 * Virtual environments for the Python of each contender, since their needs do not
 * agree. They lie in the cache of node_modules, where no other tool looks, and are
 * made anew only when their list of requirements changes.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../../..');
const cache = path.join(root, 'node_modules/.cache/wazir-peers');
/** Where the drivers and the servers in Python lie. */
export const pythonFolder = path.join(import.meta.dirname, 'python');

export type EnvironmentName = 'vizier' | 'optuna' | 'wazir';

/** Makes an environment where there is none yet; returns its interpreter. */
export async function pythonOf(name: EnvironmentName): Promise<string> {
  const folder = path.join(cache, name);
  const python = path.join(folder, 'bin/python');
  const stamp = path.join(folder, 'made-from');
  const requirements = path.join(pythonFolder, `requirements-${name}.txt`);
  const client = path.join(root, 'clients/python');
  const parts = name === 'wazir' ? [requirements, path.join(client, 'pyproject.toml')] : [requirements];
  const wanted = createHash('sha256');
  for (const part of parts) wanted.update(readFileSync(part));
  const digest = wanted.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return python;
  rmSync(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  const own = name === 'wazir' ? ['--editable', client] : [];
  await run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements, ...own]);
  writeFileSync(stamp, digest);
  return python;
}

/** The versions of packages in an environment, and of its Python. */
export async function versionsIn(
  python: string,
  packages: readonly string[],
): Promise<Record<string, string>> {
  const script =
    'import importlib.metadata as m, json, platform, sys; ' +
    'print(json.dumps({"python": platform.python_version()} | {p: m.version(p) for p in sys.argv[1:]}))';
  const { stdout } = await run(python, ['-c', script, ...packages]);
  return JSON.parse(stdout) as Record<string, string>;
}
