import type { TestContext } from 'node:test';
import type { Store } from '../../server/store/store.js';

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens the same data anew, as the next process would. */
  readonly restart: () => Promise<Store>;
  /** How many batches have been written since the data were made. */
  readonly batches: (store: Store) => Promise<number>;
  /** Closes what is open and deletes the data. */
  readonly dispose: () => Promise<void>;
}

/** A store for one test, closed and deleted when the test ends. */
export type Use = (t: TestContext) => Promise<StoreUnderTest>;
