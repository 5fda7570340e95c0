import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/**
 * The contract as data, from the `.proto` files that ship with the package: which
 * fields a message has, by the names that users write. Study files are read and
 * `--json` is written by it, so that a field added to the contract is in both.
 */
let loaded: protobuf.Root | undefined;

function contract(): protobuf.Root {
  if (loaded === undefined) {
    // `proto/` lies beside `server/` in a checkout as beside `dist/` in the package.
    const directory = fileURLToPath(new URL('../../proto/', import.meta.url));
    const root = new protobuf.Root();
    root.resolvePath = (_origin, target) => directory + target;
    root.loadSync('wazir/v1/study.proto', { keepCase: true });
    root.resolveAll();
    loaded = root;
  }
  return loaded;
}

/** A message of the contract by its name within `wazir.v1`. */
export function messageType(name: string): protobuf.Type {
  return contract().lookupType(`wazir.v1.${name}`);
}

/** An enumeration of the contract by its name within `wazir.v1`. */
export function enumType(name: string): protobuf.Enum {
  return contract().lookupEnum(`wazir.v1.${name}`);
}

/** The name of a field in JSON and in the generated messages: `lease_duration` is `leaseDuration`. */
export function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The name of a field in the contract and in study files: `leaseDuration` is `lease_duration`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The oneof that a field belongs to; none for a field that is only `optional`, for which protobuf makes one up. */
export function oneofOf(field: protobuf.Field): protobuf.OneOf | undefined {
  return field.partOf === null || field.partOf.name.startsWith('_') ? undefined : field.partOf;
}

/** What values of an enumeration share at the start of their names: `TrialState` has `TRIAL_STATE_`. */
export function enumPrefix(type: protobuf.Enum): string {
  return `${type.name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()}_`;
}

/** The full name of an enumeration's value; undefined for a number that the contract does not have. */
export function enumName(type: protobuf.Enum, value: number): string | undefined {
  return type.valuesById[value];
}
