import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FreeSpace } from '../../server/store/free-space.js';

function disk(floorBytes: number) {
  const state = { free: 1000, now: 0, asked: 0 };
  const space = new FreeSpace({
    floorBytes,
    freeBytes: () => {
      state.asked += 1;
      if (Number.isNaN(state.free)) throw new Error('not known');
      return state.free;
    },
    now: () => state.now,
  });
  return { state, space };
}

const refused = { reason: 'LIMIT_EXCEEDED', metadata: { limit: 'free_disk_space', floor_bytes: '800' } };

test('writes stop at the floor and go on above it', () => {
  const { state, space } = disk(800);
  space.admit(50);
  state.free = 799;
  state.now = 1000;
  assert.throws(() => space.admit(1), refused);
  state.free = 900;
  state.now = 1999;
  assert.throws(() => space.admit(1), refused, 'not asked again within a second');
  state.now = 2000;
  space.admit(100);
  assert.throws(() => space.admit(101), refused, 'a write must not go below the floor itself');
});

test('the disk is asked once a second, or sooner when much is written', () => {
  const { state, space } = disk(800);
  for (let write = 0; write < 10; write++) space.admit(10);
  assert.equal(state.asked, 1);
  space.admit(1);
  assert.equal(state.asked, 2, 'an eighth of the floor has been used up');
  state.now = 1000;
  space.admit(1);
  assert.equal(state.asked, 3);
});

test('what makes space may use half of the floor', () => {
  const { state, space } = disk(800);
  state.free = 500;
  assert.throws(() => space.admit(1), refused);
  assert.equal(space.isShort, true);
  space.admit(100, true);
  assert.throws(() => space.admit(101, true), refused);
  state.free = 900;
  state.now = 1000;
  space.admit(1);
  assert.equal(space.isShort, false);
});

test('a floor of 0, or a disk that does not tell, refuses nothing', () => {
  const off = disk(0);
  off.state.free = 0;
  off.space.admit(10);
  assert.equal(off.state.asked, 0);
  const silent = disk(800);
  silent.state.free = NaN;
  silent.space.admit(10);
  assert.equal(silent.state.asked, 1);
});
