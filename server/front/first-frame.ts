/**
 * The first words of HTTP/2 (RFC 9113, 3.4): a fixed preface, then a SETTINGS
 * frame. A client sends both at once, before it hears anything; whoever has not
 * is not worth the memory of a session.
 */
import type { Duplex } from 'node:stream';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const headerBytes = 9;
const settingsType = 4;
// Far more settings, of six bytes each, than there are.
const mostSettingsBytes = 6 * 128;

/** What the first bytes of a connection say: it speaks HTTP/2, it does not, or more must come. */
export function judge(bytes: Uint8Array): 'speaks' | 'does not' | 'more' {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, preface.length));
  if (!start.equals(preface.subarray(0, start.length))) return 'does not';
  if (bytes.length < preface.length + headerBytes) return 'more';
  const header = Buffer.from(bytes.buffer, bytes.byteOffset + preface.length, headerBytes);
  const length = header.readUIntBE(0, 3);
  if (header[3] !== settingsType || length > mostSettingsBytes) return 'does not';
  return bytes.length < preface.length + headerBytes + length ? 'more' : 'speaks';
}

/**
 * Reads until a connection has said whether it speaks HTTP/2, and puts back what
 * was read: nobody else may have read from it.
 */
export function firstFrame(socket: Duplex, told: (speaks: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const take = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const verdict = judge(seen);
    if (verdict === 'more') return;
    socket.off('data', take);
    socket.pause();
    socket.unshift(seen);
    told(verdict === 'speaks');
  };
  socket.on('data', take);
}
