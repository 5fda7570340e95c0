/** The names that a certificate bears, out of the text that Node makes of its subjectAltName extension. */

// A value that holds a comma or a quote comes as a JSON string, so that no name can pass for two.
const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/**
 * Its SPIFFE ids, and its DNS names in lower case; wildcards are no names. What
 * can not be read whole has none: a misread name would be somebody else's.
 * @param text as in `PeerCertificate.subjectaltname`, for instance `DNS:a.example, URI:spiffe://example/a`
 */
export function certificateNames(text: string | undefined): string[] {
  const names: string[] = [];
  entry.lastIndex = 0;
  while (text !== undefined && entry.lastIndex < text.length) {
    const match = entry.exec(text);
    if (!match) return [];
    const [, kind, value] = match;
    if (kind === 'DNS' && isDnsName(value!)) names.push(value!.toLowerCase());
    if (kind === 'URI' && isSpiffeId(value!)) names.push(value!);
  }
  return names;
}

export function isDnsName(text: string): boolean {
  return /^(?!.{254})[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i.test(text);
}

/** By the SPIFFE standard: a trust domain in lower case, then a path of plain segments. */
export function isSpiffeId(text: string): boolean {
  return (
    text.length <= 2048 &&
    /^spiffe:\/\/[a-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(text) &&
    !/\/\.\.?(\/|$)/.test(text)
  );
}
