/** An engine over a view that nobody is to change, for loading studies as a server would. */
import type { Clock } from '../engine/clock.js';
import { Engine } from '../engine/engine.js';
import { createLogger } from '../logger.js';
import type { Store } from '../store/store.js';
import type { StillView } from '../store/still-view.js';

export function stillEngine(view: StillView): Engine {
  return new Engine(stillStore(view), stillClock, createLogger({ level: 'silent' }));
}

const refused = () => Promise.reject(new Error('a still view takes no changes'));

function stillStore({ get, getMany, iterate, chunks, identity }: StillView): Store {
  return {
    id: identity.id,
    format: identity.format,
    epoch: identity.openings,
    healthy: true,
    get,
    getMany,
    iterate,
    chunks,
    commit: refused,
    onFailure: () => undefined,
    reopen: refused,
    close: () => Promise.resolve(),
  };
}

/** Stands still: no lease ends while a study is looked at. */
const stillClock: Clock = {
  monotonic: () => 0,
  wall: () => 0,
  after: () => ({ cancel: () => undefined }),
};
