/**
 * One process of a server of several: a front, or an engine with its database, or
 * both. Requests for another's studies are passed on to it. Argument: `Member`.
 */
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { createLogger } from '../../../server/logger.js';
import { openEngine, type EnginePart, type Reply } from './engine-part.js';
import { listen } from './front-part.js';
import { Link } from './link.js';
import { placeOf } from './placement.js';

export interface Member {
  readonly directory: string;
  /** Whether it takes connections. */
  readonly isFront: boolean;
  /** The place of its engine among the engines, if it has one. */
  readonly place: number | undefined;
  readonly engines: number;
}

const ok = 0;
const failed = 1;

/** Another's engine: requests leave with a number, and answers come back by it, in any order. */
class Remote {
  readonly #waiting = new Map<number, Reply>();
  readonly #link: Link;
  #next = 0;

  constructor(socket: Socket) {
    this.#link = new Link(socket, (id, tag, bytes) => {
      const reply = this.#waiting.get(id)!;
      this.#waiting.delete(id);
      if (tag === ok) reply(null, bytes);
      else reply(Object.assign(new Error(bytes.toString()), { code: 13 }) as never, bytes);
    });
  }

  call(method: number, request: Buffer, reply: Reply): void {
    const id = (this.#next = (this.#next + 1) % 2 ** 32);
    this.#waiting.set(id, reply);
    this.#link.send(id, method, request);
  }
}

const { directory, isFront, place, engines } = JSON.parse(process.argv[2]!) as Member;
const logger = createLogger({ level: 'warn' });
const socketOf = (engine: number) => path.join(directory, `engine-${engine}.sock`);

let own: EnginePart | undefined;
if (place !== undefined) {
  const engine = (own = await openEngine(path.join(directory, `data-${place}`), logger));
  const server = createServer((socket) => {
    const link: Link = new Link(socket, (id, method, request) =>
      engine.call(method, request, (error, bytes) =>
        link.send(id, error ? failed : ok, error ? Buffer.from(error.message) : bytes),
      ),
    );
  });
  // Its own, not shared by the cluster.
  server.listen({ path: socketOf(place), exclusive: true });
  await once(server, 'listening');
}
process.send!({ ready: true });
// Once all engines are there.
await once(process, 'message');
let port: number | undefined;
if (isFront) {
  const all: Pick<EnginePart, 'call'>[] = [];
  for (let engine = 0; engine < engines; engine++) {
    if (engine === place) {
      all.push(own!);
      continue;
    }
    const socket = connect(socketOf(engine));
    await once(socket, 'connect');
    all.push(new Remote(socket));
  }
  port = await listen(logger, (method, request, reply) =>
    all[placeOf(method, request, engines)]!.call(method, request, reply),
  );
}
process.send!({ port });
await once(process, 'message');
await own?.close();
process.exit(0);
