/**
 * A gRPC client's connection on a bare socket: frames that were encoded
 * beforehand go out, answers are cut from what comes in. It costs a tenth of a
 * library's client, so that what is measured is the server.
 *
 * It keeps the server's flow control, and gives the server all the room there is.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FrameReader } from './frame-reader.js';
import { MessageReader } from './message-reader.js';
import {
  address,
  CallHeaders,
  Flag,
  frame,
  frameHeaderBytes,
  FrameType,
  Setting,
  settingsFrame,
  windowUpdateFrame,
} from './http2-frames.js';

export interface CallListener {
  /** Takes an answer. */
  message(answer: Buffer): void;
  /** Takes the end of the call. A call that failed ends without an answer: gRPC puts its status in the trailers. */
  end(): void;
}

export interface RawCall {
  readonly stream: number;
  readonly listener: CallListener;
  readonly reader: MessageReader;
  /** Bytes that the server takes on the call before it grants more. */
  window: number;
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const usualWindow = 65_535;
const largestWindow = 2 ** 31 - 1;

export class RawConnection {
  readonly #headers: CallHeaders;
  readonly #calls = new Map<number, RawCall>();
  readonly #reader = new FrameReader((...frame) => this.#takeFrame(...frame));
  readonly #blocked: { readonly call: RawCall; readonly body: Buffer }[] = [];
  #out: Buffer[] = [];
  #nextStream = 1;
  #window = usualWindow;
  #callWindow = usualWindow;

  private constructor(
    private readonly socket: Socket,
    path: string,
    private readonly failed: (error: Error) => void,
  ) {
    this.#headers = new CallHeaders(`127.0.0.1:${socket.remotePort}`, path);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', failed);
    socket.on('close', () => failed(new Error('the server closed the connection')));
    const settings = new Map([
      [Setting.enablePush, 0],
      [Setting.initialWindowSize, largestWindow],
    ]);
    // No answer waits for room: no test here sends 2 GiB over one connection.
    const room = windowUpdateFrame(0, largestWindow - usualWindow);
    this.#write(Buffer.from(preface), settingsFrame(settings), room);
  }

  /**
   * @param path the method called on it, `/package.Service/Method`
   * @param failed told of whatever ends the connection before `close`
   */
  static async open(port: number, path: string, failed: (error: Error) => void): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawConnection(socket, path, failed);
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  call(listener: CallListener): RawCall {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const reader = new MessageReader((answer) => listener.message(answer));
    const call: RawCall = { stream, listener, reader, window: this.#callWindow };
    this.#calls.set(stream, call);
    this.#write(this.#headers.for(stream));
    return call;
  }

  /**
   * Sends a message made by `messageFrame`, which is changed: it serves one
   * connection at a time.
   * @param last whether the call sends no more
   */
  send(call: RawCall, body: Buffer, last: boolean): void {
    this.#blocked.push({ call, body: address(body, last ? Flag.endStream : 0, call.stream) });
    this.#sendBlocked();
  }

  /** Ends the client's side of a call. */
  end(call: RawCall): void {
    this.#write(frame(FrameType.data, Flag.endStream, call.stream, Buffer.alloc(0)));
  }

  #sendBlocked(): void {
    for (;;) {
      const first = this.#blocked[0];
      if (!first) return;
      const bytes = first.body.length - frameHeaderBytes;
      if (bytes > this.#window || bytes > first.call.window) return;
      this.#window -= bytes;
      first.call.window -= bytes;
      this.#blocked.shift();
      this.#write(first.body);
    }
  }

  /** All that is written in one turn of the event loop leaves at once. */
  #write(...frames: Buffer[]): void {
    if (this.#out.length === 0)
      setImmediate(() => {
        const bytes = Buffer.concat(this.#out);
        this.#out = [];
        if (this.socket.writable) this.socket.write(bytes);
      });
    this.#out.push(...frames);
  }

  #take(chunk: Buffer): void {
    try {
      this.#reader.take(chunk);
    } catch (error) {
      this.failed(error as Error);
    }
  }

  #takeFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    switch (type) {
      case FrameType.data:
      case FrameType.headers: {
        const call = this.#calls.get(stream);
        if (!call) throw new Error(`a frame for stream ${stream}, which is over`);
        if ((flags & Flag.padded) !== 0) throw new Error('a padded frame, which is not understood here');
        if (type === FrameType.data) call.reader.take(payload);
        if ((flags & Flag.endStream) === 0) return;
        this.#calls.delete(stream);
        call.listener.end();
        return;
      }
      case FrameType.settings:
        if ((flags & Flag.ack) !== 0) return;
        this.#applySettings(payload);
        this.#write(frame(FrameType.settings, Flag.ack, 0, Buffer.alloc(0)));
        return;
      case FrameType.ping:
        if ((flags & Flag.ack) === 0) this.#write(frame(FrameType.ping, Flag.ack, 0, payload));
        return;
      case FrameType.windowUpdate: {
        const increment = payload.readUInt32BE();
        const call = this.#calls.get(stream);
        if (stream === 0) this.#window += increment;
        else if (call) call.window += increment;
        this.#sendBlocked();
        return;
      }
      case FrameType.resetStream:
        if (this.#calls.has(stream))
          throw new Error(`the server reset a call, code ${payload.readUInt32BE()}`);
        return;
      case FrameType.goAway:
        throw new Error(`the server wants no more calls, code ${payload.readUInt32BE(4)}`);
    }
  }

  #applySettings(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== Setting.initialWindowSize) continue;
      const before = this.#callWindow;
      this.#callWindow = payload.readUInt32BE(at + 2);
      for (const call of this.#calls.values()) call.window += this.#callWindow - before;
    }
  }
}
