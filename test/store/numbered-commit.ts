import type { Op } from '../../server/store/store.js';

/** Several write at once. */
export const studies = Array.from({ length: 16 }, (_, index) => `study${index}`);

/** The two values of a commit; of 0 to 12 KiB, so that logs fill and tables are written within a round. */
export function numberedValue(number: number): Uint8Array {
  return Buffer.alloc(8 + ((number * 7919) % 12_289), `${number}.`);
}

/** A commit of which all or nothing must be found: two values and the study's newest number. */
export function numberedOps(number: number, studyUid: string): Op[] {
  const value = numberedValue(number);
  return [
    { type: 'put', key: `k/${number}/a`, value },
    { type: 'put', key: `k/${number}/b`, value },
    { type: 'put', key: `last/${studyUid}`, value: Buffer.from(`${number}`) },
  ];
}
