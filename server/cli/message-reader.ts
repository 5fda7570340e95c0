/**
 * Reads messages of the contract from YAML (and so from JSON), by protobuf's JSON
 * mapping and somewhat beyond: fields by their name in the contract or in camel
 * case; enumerations with or without their prefix, in any case; durations such as
 * `5m`; a lone value where a list is asked for; a bare name where a message is
 * nothing but a choice (`scheduler: asha`); a list where it is nothing but a list
 * (`categorical: [sgd, adam]`). Whatever is not understood is a problem with its
 * path and its line, and all problems are found in one go.
 */
import type protobuf from 'protobufjs';
import { isAlias, isMap, isScalar, isSeq, type Document, type LineCounter, type Node, type Pair } from 'yaml';
import { durationForm, parseDuration } from '../duration.js';
import { camelCase, enumPrefix, oneofOf } from './contract.js';
import { readScalar, shown } from './scalar-reader.js';

/** Something that is wrong with a file. */
export interface Problem {
  /** Where in the document, such as `parameters[1].double.min`; empty for the whole of it. */
  readonly path: string;
  readonly description: string;
  /** From 1. */
  readonly line: number;
}

/** A message as the generated code has it. */
export type Fields = Record<string, unknown>;

/** Reads a type in a way of its own; undefined leaves the node to the general way. */
export type SpecialReader = (reader: MessageReader, node: Node, path: string) => Fields | undefined;

/** A map's entry with its key as text. */
export interface Entry {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node | null;
}

// Anchors can make a document contain itself.
const maxDepth = 200;

export class MessageReader {
  readonly problems: Problem[] = [];
  /** The line of each path that was read, for what the server finds fault with. */
  readonly lines = new Map<string, number>();
  readonly #document: Document;
  readonly #lineCounter: LineCounter;
  readonly #special: Readonly<Record<string, SpecialReader>>;
  #depth = 0;

  constructor(
    document: Document,
    lineCounter: LineCounter,
    special: Readonly<Record<string, SpecialReader>>,
  ) {
    this.#document = document;
    this.#lineCounter = lineCounter;
    this.#special = special;
  }

  /** Notes what is wrong with a node. */
  problem(path: string, node: Node | null, description: string): void {
    this.problems.push({ path, description, line: this.#lineOf(node) });
  }

  /** Reads a message in its type's own way, where it has one, or the general one. */
  message(type: protobuf.Type, node: Node, path: string): Fields {
    const target = this.resolve(node);
    if (this.#depth >= maxDepth) {
      this.problem(path, node, 'nested too deep');
      return {};
    }
    this.#depth += 1;
    try {
      return this.#special[type.fullName]?.(this, target, path) ?? this.generalMessage(type, target, path);
    } finally {
      this.#depth -= 1;
    }
  }

  /** Reads a message in the general way. */
  generalMessage(type: protobuf.Type, node: Node, path: string): Fields {
    if (type.fullName === '.google.protobuf.Duration') return this.#duration(node, path);
    const target = this.resolve(node);
    const entries = this.entries(target);
    if (entries !== undefined) return this.fields(type, entries, path);
    const [only, ...others] = type.fieldsArray;
    if (isSeq(target) && only?.repeated === true && others.length === 0) {
      return { [camelCase(only.name)]: this.#list(only, target, `${path}.${only.name}`) };
    }
    if (isScalar(target) && typeof target.value === 'string' && isChoice(type)) {
      const field = findField(type, target.value);
      if (field !== undefined) return this.#choose(field, {});
      this.problem(path, node, `no such choice: ${shown(target.value)}; there are ${fieldNames(type)}`);
      return {};
    }
    this.problem(path, node, `expected ${fieldNames(type)}, got ${shown(target.toJSON())}`);
    return {};
  }

  /** The entries of a map; undefined where the node is none. */
  entries(node: Node): Entry[] | undefined {
    const target = this.resolve(node);
    if (!isMap(target)) return undefined;
    return (target.items as Pair<Node, Node | null>[]).map(({ key, value }) => ({
      key: isScalar(key) ? String(key.value) : shown(key.toJSON()),
      keyNode: key,
      value: value === null ? null : this.resolve(value),
    }));
  }

  /** Reads the fields of a message from the entries of a map. */
  fields(type: protobuf.Type, entries: readonly Entry[], path: string): Fields {
    const read: Fields = {};
    const seen = new Map<string, string>();
    for (const { key, keyNode, value } of entries) {
      const field = findField(type, key);
      const at = joined(path, field?.name ?? key);
      this.lines.set(at, this.#lineOf(keyNode));
      if (field === undefined) {
        this.problem(at, keyNode, `no such field; there are ${fieldNames(type)}`);
        continue;
      }
      const oneof = oneofOf(field);
      const place = oneof?.name ?? field.name;
      const before = seen.get(place);
      if (before !== undefined) {
        const description =
          before === field.name ? 'given twice' : `can not be given together with ${before}`;
        this.problem(at, keyNode, description);
        continue;
      }
      // In protobuf's JSON null is "not set"; of a choice, a name without settings is meant.
      const empty = value === null || (isScalar(value) && value.value === null);
      if (empty && (oneof === undefined || !isMessage(field))) continue;
      seen.set(place, field.name);
      Object.assign(read, this.#choose(field, empty ? {} : this.#field(field, value, at)));
    }
    return read;
  }

  /** What an alias stands for; any other node itself. */
  resolve(node: Node): Node {
    return isAlias(node) ? (node.resolve(this.#document) ?? node) : node;
  }

  #choose(field: protobuf.Field, value: unknown): Fields {
    const oneof = oneofOf(field);
    const name = camelCase(field.name);
    return oneof === undefined ? { [name]: value } : { [camelCase(oneof.name)]: { $case: name, value } };
  }

  #field(field: protobuf.Field, node: Node, path: string): unknown {
    if (field.map) {
      const read: Fields = {};
      const entries = this.entries(node);
      if (entries === undefined) this.problem(path, node, 'expected names with values');
      for (const { key, keyNode, value } of entries ?? []) {
        read[key] = this.#value(field, value ?? keyNode, joined(path, key));
      }
      return read;
    }
    return field.repeated ? this.#list(field, node, path) : this.#value(field, node, path);
  }

  #list(field: protobuf.Field, node: Node, path: string): unknown[] {
    const items = isSeq(node) ? (node.items as Node[]) : [node];
    return items.map((item, index) => {
      const at = `${path}[${index}]`;
      this.lines.set(at, this.#lineOf(item));
      return this.#value(field, this.resolve(item), at);
    });
  }

  #value(field: protobuf.Field, node: Node, path: string): unknown {
    if (isMessage(field)) return this.message(field.resolvedType as protobuf.Type, node, path);
    const value: unknown = isScalar(node) ? node.value : node.toJSON();
    const read =
      field.resolvedType === null
        ? readScalar(field.type, value)
        : enumValue(field.resolvedType as protobuf.Enum, value);
    if (typeof read === 'object') {
      this.problem(path, node, read.problem);
      return undefined;
    }
    return read;
  }

  #duration(node: Node, path: string): Fields {
    const value: unknown = isScalar(node) ? node.value : undefined;
    const duration = typeof value === 'string' ? parseDuration(value) : undefined;
    if (duration !== undefined) return { ...duration };
    this.problem(path, node, `expected ${durationForm}, got ${shown(node.toJSON())}`);
    return {};
  }

  #lineOf(node: Node | null): number {
    const start = node?.range?.[0];
    return start === undefined ? 1 : this.#lineCounter.linePos(start).line;
  }
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function isMessage(field: protobuf.Field): boolean {
  return field.resolvedType !== null && 'fieldsArray' in field.resolvedType;
}

/** Whether a message is nothing but one choice between messages, as samplers and schedulers are. */
function isChoice(type: protobuf.Type): boolean {
  return type.fieldsArray.every((field) => isMessage(field) && oneofOf(field) === type.oneofsArray[0]);
}

export function findField(type: protobuf.Type, key: string): protobuf.Field | undefined {
  return type.fieldsArray.find((field) => field.name === key || camelCase(field.name) === key);
}

function fieldNames(type: protobuf.Type): string {
  return type.fieldsArray.map((field) => field.name).join(', ');
}

function enumValue(type: protobuf.Enum, value: unknown): number | { problem: string } {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && type.valuesById[number] !== undefined) return number;
  const prefix = enumPrefix(type);
  const name = String(value).toUpperCase().replaceAll('-', '_');
  const found = type.values[name] ?? type.values[prefix + name];
  if (typeof value === 'string' && found !== undefined) return found;
  const allowed = Object.values(type.values).filter((each) => each !== 0);
  const names = allowed.map((each) => type.valuesById[each]!.slice(prefix.length));
  return { problem: `expected one of ${names.join(', ')}, got ${shown(value)}` };
}
