/** A request id as clients make them, a UUID in form; the same number gives the same one. */
export function requestId(number: number): string {
  return `2c1f7a52-5b0e-4b57-9d6e-${String(number).padStart(12, '0')}`;
}
