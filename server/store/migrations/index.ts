/** The migrations that there are, each from the format before it: format 1 has none. */
import type { Migration } from './migration.js';

export const migrations: readonly Migration[] = [];
