/**
 * Texts that come from users, made safe to show: names of studies, labels and
 * failure messages could otherwise move the cursor, hide text or retitle the
 * window of whoever lists them.
 */

// Controls, line separators, and what reorders text (Trojan Source, CVE-2021-42574).
const unsafe = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
// JSON escapes C0 by itself; terminals act on DEL and C1 too.
const unsafeInJson = /[\u007f-\u009f\p{Bidi_Control}\u2028\u2029]/gu;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The text with every control character shown as an escape. */
export function safeText(text: string): string {
  return text.replace(unsafe, (character) => short[character] ?? escaped(character));
}

/** JSON text with the control characters escaped that `JSON.stringify` leaves; the same document. */
export function safeJson(json: string): string {
  return json.replace(unsafeInJson, escaped);
}
