/** The checks that there are, in the order in which they tell. */
import type { Check } from './check.js';
import { changes } from './checks/changes.js';
import { counters } from './checks/counters.js';
import { identity } from './checks/identity.js';
import { journal } from './checks/journal.js';
import { leftovers } from './checks/leftovers.js';
import { log } from './checks/log.js';
import { measurements } from './checks/measurements.js';
import { names } from './checks/names.js';
import { records } from './checks/records.js';
import { requests } from './checks/requests.js';
import { rungs } from './checks/rungs.js';
import { states } from './checks/states.js';
import { trials } from './checks/trials.js';

export const checks: readonly Check[] = [
  identity,
  log,
  journal,
  records,
  names,
  leftovers,
  trials,
  states,
  rungs,
  measurements,
  changes,
  requests,
  counters,
];
