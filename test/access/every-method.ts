/** Every method that there is, from the `.proto` files: ours, and of the two services that libraries bring. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import type { Method } from './raw-caller.js';

const packageFolder = (name: string) => {
  const { resolve } = createRequire(import.meta.url);
  return dirname(resolve(`${name}/package.json`));
};

const protoFolder = fileURLToPath(new URL('../../proto', import.meta.url));
const contract = readdirSync(join(protoFolder, 'wazir/v1'))
  .filter((name) => name.endsWith('.proto'))
  .map((name) => `wazir/v1/${name}`);
const reflection = join(packageFolder('@grpc/reflection'), 'build/proto/grpc/reflection');

function methodsOf(files: readonly string[], folder: string): Method[] {
  const loaded = loadSync([...files], { includeDirs: [folder], keepCase: true, longs: Number });
  return Object.values(loaded)
    .filter((entry) => !('format' in entry))
    .flatMap((service) => Object.values(service as Record<string, Method>));
}

/** By full method name, with the slash before it. */
export const everyMethod: ReadonlyMap<string, Method> = new Map(
  [
    ...methodsOf(contract, protoFolder),
    ...methodsOf(['v1/reflection.proto'], reflection),
    ...methodsOf(['v1alpha/reflection.proto'], reflection),
    ...methodsOf(['health/v1/health.proto'], join(packageFolder('grpc-health-check'), 'proto')),
  ].map((method) => [method.path, method]),
);
