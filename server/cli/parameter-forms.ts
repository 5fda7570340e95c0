/**
 * The short forms of parameters: plain values (`default_value: 3`) take the kind
 * of their parameter, `default` stands for `default_value`, and a child may be
 * written in one piece: `{when: adam, name: beta, double: {min: 0, max: 1}}`.
 */
import { isScalar } from 'yaml';
import { messageType } from './contract.js';
import {
  findField,
  type Entry,
  type Fields,
  type MessageReader,
  type SpecialReader,
} from './message-reader.js';
import { readScalar } from './scalar-reader.js';

/** The kind of value that each domain has. */
const kinds: Readonly<Record<string, { readonly kind: string; readonly scalar: string }>> = {
  double: { kind: 'doubleValue', scalar: 'double' },
  discrete: { kind: 'doubleValue', scalar: 'double' },
  integer: { kind: 'integerValue', scalar: 'int64' },
  categorical: { kind: 'stringValue', scalar: 'string' },
};

/** Readers for the types that have short forms, for one document. */
export function parameterForms(): Readonly<Record<string, SpecialReader>> {
  // The domains of the parameters that the reading is within, innermost last.
  const domains: (string | undefined)[] = [];

  return {
    '.wazir.v1.ParameterSpec': (reader, node, path) => {
      const entries = reader.entries(node);
      return entries === undefined ? undefined : parameter(reader, entries, path);
    },

    '.wazir.v1.ConditionalParameter': (reader, node, path) => {
      const type = messageType('ConditionalParameter');
      const entries = reader.entries(node)?.map((entry) => renamed(entry, 'when', 'parent_values'));
      if (entries === undefined) return undefined;
      if (entries.some(({ key }) => key === 'parameter')) return reader.fields(type, entries, path);
      const conditions = entries.filter(({ key }) => findField(type, key) !== undefined);
      const rest = entries.filter((entry) => !conditions.includes(entry));
      return {
        ...reader.fields(type, conditions, path),
        parameter: parameter(reader, rest, `${path}.parameter`),
      };
    },

    '.wazir.v1.ParameterValue': (reader, node, path) => {
      if (!isScalar(node)) return undefined;
      const domain = domains.at(-1);
      const { kind, scalar } = kinds[domain ?? ''] ?? kindOf(node.value);
      const value = readScalar(scalar, node.value);
      if (typeof value !== 'object') return { kind: { $case: kind, value } };
      reader.problem(path, node, value.problem);
      return {};
    },
  };

  function parameter(reader: MessageReader, given: readonly Entry[], path: string): Fields {
    const entries = given.map((entry) => renamed(entry, 'default', 'default_value'));
    domains.push(entries.find(({ key }) => key in kinds)?.key);
    try {
      return reader.fields(messageType('ParameterSpec'), entries, path);
    } finally {
      domains.pop();
    }
  }
}

/** Where the parameter's domain is missing, which is a problem of its own, any kind will do. */
function kindOf(value: unknown): { readonly kind: string; readonly scalar: string } {
  return typeof value === 'string' ? kinds['categorical']! : kinds['double']!;
}

function renamed(entry: Entry, from: string, to: string): Entry {
  return entry.key === from ? { ...entry, key: to } : entry;
}
