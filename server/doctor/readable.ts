import { keys } from '../store/keys.js';
import type { Range } from '../store/store.js';
import { faultOf } from './checks/records.js';
import { unseal } from '../store/checksum.js';
import type { Patient } from './check.js';

/** The records of a range that are well by themselves; the check `records` tells of the others. */
export async function* readable(
  { view }: Pick<Patient, 'view'>,
  range: Range,
): AsyncGenerator<[key: string, value: Uint8Array]> {
  for await (const [key, value] of view.raw.iterator({ ...range }))
    if (key !== keys.database && faultOf(key, value) === undefined) yield [key, unseal(key, value)];
}
