/** A peer of a server that says what it likes, byte by byte. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { parseAddress } from '../../server/address.js';
import { FrameReader } from '../bench/frame-reader.js';
import { CallHeaders, Flag, frame, FrameType, settingsFrame } from '../bench/http2-frames.js';

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export class RawPeer {
  /** All that came, unless it does not read. */
  readonly frames: Frame[] = [];
  /** Resolves when the connection is gone. */
  readonly gone: Promise<void>;
  #nextStream = 1;
  #woken: (() => void)[] = [];

  private constructor(readonly socket: Socket) {
    const reader = new FrameReader((type, flags, stream, payload) => {
      this.frames.push({ type, flags, stream, payload: Buffer.from(payload) });
    });
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      reader.take(chunk);
      this.#wake();
    });
    this.gone = new Promise((resolve) => {
      socket.once('close', () => {
        resolve();
        this.#wake();
      });
    });
  }

  /** Connects, and says nothing yet. */
  static async connect(t: Pick<TestContext, 'after'>, address: string): Promise<RawPeer> {
    const parsed = parseAddress(address, 1)!;
    const socket = parsed.kind === 'unix' ? connect(parsed.path) : connect(parsed.port, parsed.host);
    const peer = new RawPeer(socket);
    t.after(() => socket.destroy());
    await Promise.race([once(socket, 'connect').catch(() => undefined), peer.gone]);
    return peer;
  }

  /** Connects, and has said and heard the first words. */
  static async greeted(
    t: Pick<TestContext, 'after'>,
    address: string,
    settings: ReadonlyMap<number, number> = new Map(),
  ): Promise<RawPeer> {
    const peer = await RawPeer.connect(t, address);
    peer.send(preface, settingsFrame(settings));
    await peer.until(({ type, flags }) => type === FrameType.settings && (flags & Flag.ack) === 0);
    peer.send(frame(FrameType.settings, Flag.ack, 0, Buffer.alloc(0)));
    return peer;
  }

  #wake(): void {
    for (const wake of this.#woken.splice(0)) wake();
  }

  get isGone(): boolean {
    return this.socket.destroyed;
  }

  send(...bytes: Uint8Array[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** Sends, and waits until the system has taken it: a server that does not read holds it up. */
  async sendAll(bytes: Uint8Array): Promise<void> {
    if (this.socket.write(bytes) || this.socket.destroyed) return;
    await Promise.race([once(this.socket, 'drain').catch(() => undefined), this.gone]);
  }

  /** Opens a stream by the headers of a call, and gives its number. */
  open(path: string, flags = 0): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const headers = new CallHeaders('test', path).for(stream);
    headers[4] = Flag.endHeaders | flags;
    this.send(headers);
    return stream;
  }

  /** Opens a stream with just these fields besides POST and http, and bytes after them. */
  openWith(
    fields: Readonly<Record<string, string>>,
    more: Uint8Array = Buffer.alloc(0),
    flags: number = Flag.endHeaders,
  ): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const head = Buffer.from([0x83, 0x86]);
    this.send(frame(FrameType.headers, flags, stream, Buffer.concat([head, literals(fields), more])));
    return stream;
  }

  /** The first frame that fits, of those that came and will come; fails where the connection ends before. */
  async until(fits: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(fits);
      if (found) return found;
      if (this.isGone) throw new Error('the connection has ended');
      await new Promise<void>((resolve) => this.#woken.push(resolve));
    }
  }

  /**
   * Waits until the server has had enough: it says goodbye, or the connection is gone.
   * After some faults Node says goodbye and then reads no more; keepalive ends what is left.
   */
  async isGivenUp(): Promise<void> {
    await Promise.race([
      this.until(({ type }) => type === FrameType.goAway).catch(() => undefined),
      this.gone,
    ]);
  }

  /** Waits for a PING of its own to come back: whatever was sent before has been dealt with. */
  async ping(): Promise<void> {
    const number = this.frames.length;
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(number);
    this.send(frame(FrameType.ping, 0, 0, payload));
    await this.until(
      ({ type, flags, payload: its }) => type === FrameType.ping && flags === Flag.ack && its.equals(payload),
    );
  }
}

/** Fields that enter no table and are not compressed (RFC 7541, 6.2.2). */
export function literals(fields: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(fields).map(([name, value]) =>
    Buffer.concat([Buffer.from([0]), text(name), text(value)]),
  );
  return Buffer.concat(parts);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const length = [Math.min(bytes.length, 127)];
  if (bytes.length >= 127) {
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
