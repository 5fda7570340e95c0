/** A disk on which no file can grow, until it is mended. */
import { execFileSync } from 'node:child_process';
import { once, EventEmitter } from 'node:events';
import type { TestContext } from 'node:test';
import type { EngineWorld } from './engine-world.js';

const minute = 60_000;

/** Writes past so many bytes of a file fail with EFBIG; node ignores the signal that comes with it. */
export function limitFileSize(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', `${process.pid}`, `--fsize=${bytes}:unlimited`]);
}

/** No file can grow until what is returned is called, which also brings the engine back. */
export function breakDisk(t: TestContext, world: EngineWorld): () => Promise<void> {
  const health = new EventEmitter();
  world.engine.onHealth((healthy) => health.emit(healthy ? 'well' : 'ill'));
  t.after(() => Promise.resolve(limitFileSize('unlimited')));
  limitFileSize(1);
  return async () => {
    limitFileSize('unlimited');
    const well = once(health, 'well');
    await world.clock.advance(minute);
    await well;
  };
}
