/**
 * Encoded bytes that serve twice: a trial's in its record, in the answer that is kept
 * under the request id, and on the wire. Three encodings and their garbage were half of
 * a suggestion.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';

/**
 * The first field of a message, with its tag and without. Generated code writes the
 * fields by rising number.
 * @param message whose first field is there, and a message
 */
export function firstField(message: Buffer): { readonly field: Buffer; readonly value: Buffer } {
  const reader = new BinaryReader(message);
  reader.uint32();
  const length = reader.uint32();
  const { pos } = reader;
  return { field: message.subarray(0, pos + length), value: message.subarray(pos, pos + length) };
}

// No enumerable property, so that an answer made of it compares as any other.
const encodedForm = Symbol('encoded form');

/** The message, with its encoded form kept beside it. */
export function withEncoded<Message extends object>(message: Message, bytes: Buffer): Message {
  return Object.defineProperty(message, encodedForm, { value: bytes });
}

/** The encoded form of a message, where it is kept beside it. */
export function encodedOf(message: object): Buffer | undefined {
  return (message as { readonly [encodedForm]?: Buffer })[encodedForm];
}
