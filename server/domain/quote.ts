/** Text of a client as it may stand in a message to people: quoted, escaped, at most 64 characters of it. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 63)}…` : text);
}
