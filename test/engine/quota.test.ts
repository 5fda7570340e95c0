/** Places for a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsFrom } from '../../server/domain/limits.js';
import { Quota } from '../../server/engine/quota.js';

function quota(maxStreams: number, maxStreamsPerOwner: number): Quota {
  const names = { whole: 'maxStreams', ofOwner: 'maxStreamsPerOwner', retryAfterSeconds: 10 } as const;
  return new Quota(limitsFrom({ maxStreams, maxStreamsPerOwner }), names);
}

const wholeFull = { metadata: { limit: 'max-streams', max: '3' }, resource: 'server', retryAfterSeconds: 10 };
const ownerFull = { metadata: { limit: 'max-streams-per-owner', max: '2' }, resource: 'owners/a' };

test('an owner has its part, all together the whole, and what is refused takes none', () => {
  const places = quota(3, 2);
  const [first] = [places.takeFor('a'), places.takeFor('a')];
  assert.throws(() => places.takeFor('a'), ownerFull);
  assert.deepEqual([places.total, places.of('a')], [2, 2]);
  const last = places.takeFor('b');
  assert.throws(() => places.take(), wholeFull);
  assert.throws(() => places.takeFor('b'), wholeFull);
  last.leave();
  assert.throws(() => places.takeFor('a'), ownerFull);
  first.leave();
  places.takeFor('a');
  assert.deepEqual([places.total, places.of('a'), places.of('b')], [2, 2, 0]);
});

test('a place is given back once, however often it is left', () => {
  const places = quota(3, 2);
  const [one, other] = [places.takeFor('a'), places.takeFor('a')];
  for (let i = 0; i < 3; i++) one.leave();
  assert.deepEqual([places.total, places.of('a')], [1, 1]);
  other.leave();
  assert.deepEqual([places.total, places.of('a')], [0, 0]);
});

test('a place may be taken before it is known whose it is', () => {
  const places = quota(3, 2);
  const open = [places.take(), places.take(), places.take()];
  assert.throws(() => places.take(), wholeFull);
  open[0]!.claim('a');
  open[1]!.claim('a');
  assert.throws(() => open[2]!.claim('a'), ownerFull);
  assert.deepEqual([places.total, places.of('a')], [3, 2]);
  for (const place of open) place.leave();
  assert.deepEqual([places.total, places.of('a')], [0, 0]);
});
