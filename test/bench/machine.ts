/** Where figures were taken. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);

/** Packages whose speed is measured along with ours. */
const libraries = ['@grpc/grpc-js', 'classic-level', '@bufbuild/protobuf'];

/** Lines for the head of the results. */
export function machine(): string[] {
  const processors = cpus();
  return [
    `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
    `Node ${process.version}, ${libraries.map((name) => `${name} ${versionOf(name)}`).join(', ')}`,
    `Commit ${commit()}, ${new Date().toISOString().slice(0, 10)}`,
  ];
}

function versionOf(name: string): string {
  // Not through `exports`, which hides the file in some.
  const [root] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(resolve(name)) ?? [];
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };
  return version;
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      encoding: 'utf8',
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const hash = git('rev-parse', '--short', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no', '--', '../../server') === ''
      ? hash
      : `${hash} and changes`;
  } catch {
    return 'unknown';
  }
}
