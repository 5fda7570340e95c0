/**
 * The contract's descriptors, read from the `.proto` files that ship beside the
 * code: for reflection, and for telling which field of a request did not decode.
 */
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';

const protoFolder = fileURLToPath(new URL('../../proto', import.meta.url));
const files = [
  'wazir/v1/study.proto',
  'wazir/v1/trial.proto',
  'wazir/v1/measurement.proto',
  'wazir/v1/admin.proto',
];

/** Loads the services of `wazir.v1`; 64-bit integers come as Long objects, names as in the files. */
export function loadDescriptors(): PackageDefinition {
  return loadSync(files, { includeDirs: [protoFolder], keepCase: true });
}
