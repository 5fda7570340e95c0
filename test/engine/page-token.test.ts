import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { WazirError } from '../../server/domain/errors.js';
import { pageTokenKey } from '../../server/engine/page-token-key.js';
import { PageTokens, pageSize } from '../../server/engine/page-token.js';
import { SecretRecord } from '../../server/gen/wazir/internal/v1/records.js';
import { backupPieces } from '../../server/store/backup-writer.js';
import { keys } from '../../server/store/keys.js';
import { EngineWorld } from './engine-world.js';

const key = randomBytes(32);
const text = 'page_token: is not a token of this list; use next_page_token of its page before';

function refuses(tokens: PageTokens, scope: readonly unknown[], token: string): void {
  assert.throws(
    () => tokens.read(scope, token),
    (error) => {
      assert.ok(error instanceof WazirError);
      // Always the same: what is wrong with it is nobody's business.
      assert.deepEqual([error.reason, error.message, error.metadata], ['INVALID_FIELD', text, {}]);
      return true;
    },
  );
}

const scopes = fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string())), {
  maxLength: 4,
});
const cursors = fc.string({ unit: 'grapheme' });

test('a token gives its cursor to its list, and nothing to another list, reach or key', () => {
  fc.assert(
    fc.property(scopes, scopes, cursors, fc.string(), fc.string(), (scope, other, cursor, reach, another) => {
      const tokens = new PageTokens(key, reach);
      const token = tokens.after(scope, cursor);
      assert.match(token, /^[\w-]+$/);
      assert.equal(tokens.read(scope, token), cursor);
      assert.equal(
        new PageTokens(Buffer.from(key), reach).read(scope, token),
        cursor,
        'also of the next process',
      );
      fc.pre(JSON.stringify(scope) !== JSON.stringify(other) && reach !== another);
      refuses(tokens, other, token);
      refuses(new PageTokens(key, another), scope, token);
      refuses(new PageTokens(randomBytes(32), reach), scope, token);
    }),
  );
  assert.equal(new PageTokens(key, '*').read([], ''), undefined);
});

const scope = ['trials', 'a1b2c3', [1, 2], 'id'];
const tokens = new PageTokens(key, '["default"]');
const token = tokens.after(scope, '1024');

test('a changed token is none', () => {
  const letters = fc.constantFrom(...'ABCXYZabcxyz0189-_+/= \n\0é'.split(''));
  const at = fc.nat({ max: token.length });
  const mutation = fc.oneof(
    fc.tuple(at, letters).map(([i, letter]) => token.slice(0, i) + letter + token.slice(i + 1)),
    fc.tuple(at, letters).map(([i, letter]) => token.slice(0, i) + letter + token.slice(i)),
    fc.tuple(at, at).map(([i, j]) => token.slice(0, Math.min(i, j)) + token.slice(Math.max(i, j))),
    at.map((i) => token.slice(i) + token.slice(0, i)),
    fc.tuple(fc.nat({ max: 19 }), fc.nat({ max: 7 })).map(([i, bit]) => {
      const bytes = Buffer.from(token, 'base64url');
      bytes[i]! ^= 1 << bit;
      return bytes.toString('base64url');
    }),
    fc.base64String(),
    fc.string(),
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  );
  fc.assert(
    fc.property(mutation, (changed) => {
      fc.pre(changed !== token && changed !== '');
      refuses(tokens, scope, changed);
    }),
    { numRuns: 5000 },
  );
});

test('each letter counts, to the last bit', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (let i = 0; i < token.length; i++)
    for (const letter of alphabet)
      if (letter !== token[i]) refuses(tokens, scope, token.slice(0, i) + letter + token.slice(i + 1));
  for (const same of [
    `${token}=`,
    `${token}==`,
    ` ${token}`,
    `${token}\n`,
    token.replaceAll('-', '+').replaceAll('_', '/'),
  ])
    if (same !== token) refuses(tokens, scope, same);
});

test('the key is drawn once for a database, and no two have the same', async (t) => {
  const world = await EngineWorld.open(t);
  const other = await EngineWorld.open(t);
  const stored = SecretRecord.decode((await world.store.get(keys.secret))!).pageTokenKey;
  assert.equal(stored.length, 32);
  assert.notDeepEqual(stored, SecretRecord.decode((await other.store.get(keys.secret))!).pageTokenKey);
  const given = world.engine.pageTokens('*').after(scope, '7');
  await world.restart();
  assert.equal(world.engine.pageTokens('*').read(scope, given), '7');
  assert.deepEqual(Buffer.from(await pageTokenKey(world.store)), Buffer.from(stored));
  refuses(other.engine.pageTokens('*'), scope, given);
});

test('the key is in no backup', async (t) => {
  const { store } = await EngineWorld.open(t);
  const { pageTokenKey: kept } = SecretRecord.decode((await store.get(keys.secret))!);
  const source = { databaseFormat: store.format, databaseId: store.id, epoch: store.epoch, time: undefined };
  const pieces: Buffer[] = [];
  for await (const piece of backupPieces(store, source)) pieces.push(piece);
  const file = Buffer.concat(pieces);
  assert.ok(file.length > 0);
  assert.equal(file.indexOf(kept), -1);
  assert.equal(file.indexOf(keys.secret), -1);
});

test('where there is no space to keep a key there is one all the same', async (t) => {
  const world = await EngineWorld.open(t);
  await world.restart(Number.MAX_SAFE_INTEGER);
  // As a database of an earlier release has it: no key.
  const { store } = world;
  const empty = {
    ...store,
    epoch: store.epoch,
    get: async () => undefined,
    commit: store.commit.bind(store),
  };
  assert.equal((await pageTokenKey(empty as unknown as typeof store)).length, 32);
});

test('page sizes: 0 means the usual, more than the most means the most', () => {
  assert.deepEqual(
    [0, 1, 50, 1000, 1001].map((given) => pageSize(given, 50, 1000)),
    [50, 1, 50, 1000, 1000],
  );
  assert.throws(() => pageSize(-1, 50, 1000), { reason: 'INVALID_FIELD' });
});
