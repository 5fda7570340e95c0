/** What a server is to answer in one turn, and the turn itself. */
import { RawConnection } from './raw-connection.js';

export interface Load {
  /** The method, `/package.Service/Method`. */
  readonly path: string;
  readonly connections: number;
  /** One list a lane, each request a `messageFrame`; the requests of a lane keep their order. */
  readonly lanes: readonly (readonly Buffer[])[];
  /**
   * On a lane of unary calls the next leaves when the one before is answered. A
   * streaming lane is one stream, with so many requests unanswered at the most.
   */
  readonly streaming?: { readonly unanswered: number };
  /** Throws what is wrong with an answer. */
  check(answer: Buffer): void;
}

export interface Turn {
  /** Milliseconds from the first request to the last answer. */
  readonly ms: number;
  /** The last answer. */
  readonly answer: Buffer;
  /** Milliseconds that each unary call took, from its request to its end; empty for streams. */
  readonly latencies: Float64Array;
}

/** Lets a server answer all of a load. Rejects if any request is not answered as it should be. */
export async function drive(port: number, load: Load): Promise<Turn> {
  const { path, lanes, streaming } = load;
  let fail!: (error: Error) => void;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined);
  const connections: RawConnection[] = [];
  let answer: Buffer | undefined;
  const check = (bytes: Buffer) => {
    load.check(bytes);
    answer = bytes;
  };
  try {
    while (connections.length < load.connections)
      connections.push(await RawConnection.open(port, path, fail));
    const latencies = new Latencies(streaming ? 0 : requestsOf(load));
    const start = performance.now();
    const done = lanes.map((requests, i) => {
      const connection = connections[i % connections.length]!;
      return streaming
        ? driveStream(connection, requests, streaming.unanswered, check)
        : driveCalls(connection, requests, latencies, check);
    });
    await Promise.race([Promise.all(done), failed]);
    const ms = performance.now() - start;
    if (!answer) throw new Error('an empty load');
    return { ms, answer: Buffer.from(answer), latencies: latencies.all };
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** How many requests a load has. */
export function requestsOf({ lanes }: Pick<Load, 'lanes'>): number {
  return lanes.reduce((sum, lane) => sum + lane.length, 0);
}

class Latencies {
  readonly all: Float64Array;
  #count = 0;

  constructor(calls: number) {
    this.all = new Float64Array(calls);
  }

  add(ms: number): void {
    this.all[this.#count++] = ms;
  }
}

function driveCalls(
  connection: RawConnection,
  requests: readonly Buffer[],
  latencies: Latencies,
  check: (answer: Buffer) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let next = 0;
    const callNext = () => {
      const request = requests[next++];
      if (!request) return resolve();
      let answers = 0;
      const start = performance.now();
      const call = connection.call({
        message(answer) {
          check(answer);
          answers++;
        },
        end() {
          if (answers !== 1) throw new Error(`a call ended with ${answers} answers instead of one`);
          latencies.add(performance.now() - start);
          callNext();
        },
      });
      connection.send(call, request, true);
    };
    callNext();
  });
}

function driveStream(
  connection: RawConnection,
  requests: readonly Buffer[],
  unanswered: number,
  check: (answer: Buffer) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let sent = 0;
    let answered = 0;
    const call = connection.call({
      message(answer) {
        check(answer);
        answered++;
        if (sent < requests.length) connection.send(call, requests[sent++]!, false);
        else if (answered === requests.length) connection.end(call);
      },
      end() {
        if (answered !== requests.length)
          throw new Error(`a stream ended after ${answered} answers to ${requests.length} requests`);
        resolve();
      },
    });
    while (sent < Math.min(unanswered, requests.length)) connection.send(call, requests[sent++]!, false);
  });
}
