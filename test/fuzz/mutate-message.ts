/** Mutations of a protobuf message: of its bytes, which mostly break it, and of its fields, which mostly do not. */
import { decodeFields, encodeField, encodeFields, varint, type Field } from './protobuf-fields.js';
import type { Random } from './random.js';

const oddIntegers = [
  0n,
  1n,
  -1n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  100n,
];
const oddDoubles = [Number.NaN, Infinity, -Infinity, -0, 5e-324, 1.7e308, -1.7e308, 0.5];
const oddTexts = ['', '/', '..', '\0', 'x'.repeat(300), 'owners/default', 'é\u202e\ufeff', '\ud800'];

type Mutation = (bytes: Buffer, random: Random, others: readonly Buffer[]) => Buffer;

const ofBytes: readonly Mutation[] = [
  function flipBits(bytes, random) {
    const copy = Buffer.from(bytes);
    for (let i = 0; i <= random.below(4) && copy.length > 0; i++) {
      const at = random.below(copy.length);
      copy[at] = copy[at]! ^ (1 << random.below(8));
    }
    return copy;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1));
  },
  function lieAboutALength(bytes, random) {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[random.below(copy.length)] = random.pick([0, 0x7f, 0x80, 0xff, 0xfe]);
    return copy;
  },
  function splice(bytes, random, others) {
    const other = random.pick(others);
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]);
  },
  function insert(bytes, random) {
    const at = random.below(bytes.length + 1);
    const added = random.bytes(1 + random.below(16));
    return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
  },
  function remove(bytes, random) {
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))]);
  },
  function repeatAll(bytes, random) {
    const times = Math.min(2 + random.below(500), Math.floor(100_000 / (bytes.length + 1)) + 1);
    return Buffer.concat(Array.from({ length: times }, () => bytes));
  },
];

function oddField(random: Random): Field {
  const number = random.pick([1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 200, 19_000, 2 ** 29 - 1]);
  const type = random.pick([0, 1, 2, 2, 5]);
  return { number, type, value: oddValue(type, random) };
}

function oddValue(type: number, random: Random): Buffer {
  const fixed = Buffer.alloc(8);
  fixed.writeDoubleLE(random.pick(oddDoubles));
  if (type === 0) return random.chance(10) ? Buffer.alloc(10, 0xff) : varint(random.pick(oddIntegers));
  if (type === 1) return fixed;
  if (type === 5) return fixed.subarray(4);
  return random.chance(30) ? random.bytes(random.below(40)) : Buffer.from(random.pick(oddTexts));
}

const ofFields: readonly ((fields: Field[], random: Random) => void)[] = [
  function repeat(fields, random) {
    const field = random.pick(fields);
    for (let i = 0; i <= random.below(30); i++) fields.push(field);
  },
  function drop(fields, random) {
    fields.splice(random.below(fields.length), 1);
  },
  function swap(fields, random) {
    fields.push(...fields.splice(random.below(fields.length), 1));
  },
  function add(fields, random) {
    fields.push(oddField(random));
  },
  function replace(fields, random) {
    const at = random.below(fields.length);
    const { number, type } = fields[at]!;
    fields[at] = { number, type, value: oddValue(type, random) };
  },
  function retype(fields, random) {
    const at = random.below(fields.length);
    const type = random.pick([0, 1, 2, 5]);
    fields[at] = { number: fields[at]!.number, type, value: oddValue(type, random) };
  },
  function renumber(fields, random) {
    const at = random.below(fields.length);
    fields[at] = { ...fields[at]!, number: 1 + random.below(20) };
  },
  function breakText(fields, random) {
    const at = random.below(fields.length);
    const field = fields[at]!;
    if (field.type !== 2 || field.value.length === 0) return;
    const value = Buffer.from(field.value);
    value[random.below(value.length)] = random.pick([0xff, 0xc0, 0xed, 0x00, 0x80]);
    fields[at] = { ...field, value };
  },
  function nest(fields, random) {
    const at = random.below(fields.length);
    const number = random.pick([fields[at]!.number, 1, 2, 3, 9]);
    let inner: Buffer = encodeField(fields[at]!);
    for (let depth = random.below(2000); depth > 0 && inner.length < 60_000; depth--)
      inner = encodeField({ number, type: 2, value: inner });
    fields.push({ number, type: 2, value: inner });
  },
];

/** One message made from another by one to three mutations. `others` lend their parts. */
export function mutate(bytes: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  let mutant = bytes;
  for (let i = 0; i <= random.below(3); i++)
    mutant = random.chance(35) ? random.pick(ofBytes)(mutant, random, others) : mutateFields(mutant, random);
  return mutant;
}

/** Changes a field, at the top or within; lengths around it stay true. */
function mutateFields(bytes: Buffer, random: Random): Buffer {
  const fields = decodeFields(bytes);
  if (!fields || fields.length === 0) return Buffer.concat([bytes, encodeField(oddField(random))]);
  const at = random.below(fields.length);
  const field = fields[at]!;
  if (field.type === 2 && random.chance(60) && decodeFields(field.value)) {
    fields[at] = { ...field, value: mutateFields(field.value, random) };
    return encodeFields(fields);
  }
  random.pick(ofFields)(fields, random);
  return encodeFields(fields);
}
