import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WazirError } from '../src/index.js';
import { Backoff, retrying, type RetryOptions } from '../src/retry.js';
import { FakeClock } from './fake-clock.js';

const away = new WazirError('UNAVAILABLE', 'away');

/** Options whose waits pass at once on a fake clock, and what was waited. */
function options(retryForMs: number, signals: AbortSignal[] = []) {
  const clock = new FakeClock();
  const waits: number[] = [];
  const onRetry = (_: WazirError, wait: number) => {
    waits.push(wait);
    setImmediate(() => clock.advance(wait));
  };
  return { clock, waits, options: { clock, retryForMs, signals, onRetry } satisfies RetryOptions };
}

test('waits double from 100 ms to 5 s, shortened by up to a half', () => {
  const backoff = new Backoff();
  for (const most of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
    const wait = backoff.next(away);
    assert.ok(wait > most / 2 && wait <= most, `${wait} ms of ${most}`);
  }
  backoff.reset();
  assert.ok(backoff.next(away) <= 100);
});

test('a wait is at least what the server asks for', () => {
  const error = new WazirError('UNAVAILABLE', 'busy', { retryAfterSeconds: 2 });
  assert.equal(new Backoff().next(error), 2_000);
});

test('a failure that may pass is tried again until it has', async () => {
  const world = options(600_000);
  let tries = 0;
  const result = await retrying(
    () => (++tries < 5 ? Promise.reject(away) : Promise.resolve('done')),
    world.options,
  );
  assert.equal(result, 'done');
  assert.equal(tries, 5);
  assert.equal(world.waits.length, 4);
});

test('a refusal is thrown at once', async () => {
  const world = options(600_000);
  const refusal = new WazirError('NOT_FOUND', 'no such study');
  await assert.rejects(
    retrying(() => Promise.reject(refusal), world.options),
    refusal,
  );
  assert.deepEqual(world.waits, []);
});

test('trying ends when the time allowed is over, with the last error', async () => {
  const world = options(60_000);
  await assert.rejects(
    retrying(() => Promise.reject(away), world.options),
    away,
  );
  assert.ok(
    world.clock.now() <= 60_000 && world.clock.now() > 50_000,
    `gave up after ${world.clock.now()} ms`,
  );
});

test('an abort ends the wait at once', async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const onRetry = () => setImmediate(() => controller.abort());
  const signals = [controller.signal];
  const tried = retrying(() => Promise.reject(away), { clock, retryForMs: 600_000, signals, onRetry });
  await assert.rejects(tried, away);
  assert.equal(clock.waiting, 0);
});
