import type { TestClient } from '../test-client.js';
import type { Load } from './load.js';

/** One thing to be known of the server's speed. */
export interface Question {
  /** As it is named in the table. */
  readonly name: string;
  /** Makes on a fresh server what the question needs. */
  prepare(client: TestClient): Promise<Session>;
}

/** A question put to one server. */
export interface Session {
  /** Makes a load of so many requests or a few more. Each is put to the server, and then to the echo. */
  load(count: number): Load;
  /** Throws where the server does not have all that it acknowledged. */
  verify(): Promise<void>;
}

/** Requests for each of so many lanes, so that together they are at least `count`. */
export function laneLength(count: number, lanes: number): number {
  return Math.ceil(count / lanes);
}
