/** Runs tables of bad requests: each is refused as said, and leaves everything as it was. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startTestServer, storeDigest, type TestServer } from '../app/test-server.js';
import { refused } from './refusal.js';

export interface BadInput<World> {
  readonly name: string;
  readonly call: (world: World) => Promise<unknown>;
  /** Name of the gRPC code; INVALID_ARGUMENT where not given. */
  readonly code?: string;
  /** `ErrorInfo.reason`; INVALID_FIELD where not given, '' where the transport refuses and there are no details. */
  readonly reason?: string;
  /** Paths of `google.rpc.BadRequest`. */
  readonly fields?: readonly string[];
}

/** A row of INVALID_ARGUMENT naming fields. */
export function invalid<World>(
  name: string,
  call: (world: World) => Promise<unknown>,
  ...fields: string[]
): BadInput<World> {
  return { name, call, fields };
}

/** A row of another refusal. */
export function refusal<World>(
  name: string,
  code: string,
  reason: string,
  call: (world: World) => Promise<unknown>,
): BadInput<World> {
  return { name, call, code, reason };
}

/** A row of LIMIT_EXCEEDED naming fields. */
export function overLimit<World>(
  name: string,
  call: (world: World) => Promise<unknown>,
  ...fields: string[]
): BadInput<World> {
  return { name, call, code: 'RESOURCE_EXHAUSTED', reason: 'LIMIT_EXCEEDED', fields };
}

/**
 * @param prepare makes what the requests are about
 * @param look what of the server's memory can be seen; must not change
 */
export async function refuseAll<World>(
  t: TestContext,
  prepare: (server: TestServer) => Promise<World>,
  look: (server: TestServer) => Promise<unknown>,
  rows: readonly BadInput<World>[],
): Promise<void> {
  const server = await startTestServer(t);
  const world = await prepare(server);
  const seen = JSON.stringify(await look(server));
  const before = await storeDigest(server.dataDir);
  for (const { name, call, code = 'INVALID_ARGUMENT', reason = 'INVALID_FIELD', fields = [] } of rows)
    await t.test(name, async () => {
      const got = await refused(call(world));
      assert.deepEqual(
        { code: got.code, reason: got.reason ?? '', fields: got.fields },
        { code, reason, fields },
        got.message,
      );
      if (reason !== '') assert.equal(got.domain, 'wazir');
      for (const text of [got.message, ...got.descriptions]) assert.notEqual(text, '');
      assert.equal(await storeDigest(server.dataDir), before, 'the store is as it was');
    });
  assert.equal(JSON.stringify(await look(server)), seen, 'what clients see is as it was');
}
