/** Which commands the model tests play, and how often each comes. */
import type fc from 'fast-check';
import type { Action } from './action.js';
import {
  asking,
  reporting,
  repeating,
  training,
  renewing,
  releasing,
  completing,
} from './worker-commands.js';
import {
  stopping,
  deletingTrial,
  creatingTrial,
  annotating,
  updating,
  paging,
  reading,
  retrying,
  passing,
  jumping,
  restarting,
  creatingStudy,
  deletingStudy,
} from './user-commands.js';

const weighted = (weight: number, arbitrary: fc.Arbitrary<Action<never>>) =>
  Array.from({ length: weight }, () => arbitrary);
const any = (arbitrary: unknown) => arbitrary as fc.Arbitrary<Action<never>>;

/** What happens to a server, weighted so that every interesting state comes up. */
export const everything = [
  ...weighted(8, any(asking)),
  ...weighted(9, any(training)),
  ...weighted(7, any(reporting)),
  ...weighted(3, any(repeating)),
  ...weighted(2, any(renewing)),
  ...weighted(3, any(releasing)),
  ...weighted(4, any(completing)),
  ...weighted(2, any(stopping)),
  ...weighted(2, any(deletingTrial)),
  ...weighted(2, any(creatingTrial)),
  ...weighted(2, any(annotating)),
  ...weighted(3, any(updating)),
  ...weighted(2, any(paging)),
  ...weighted(3, any(reading)),
  ...weighted(3, any(retrying)),
  ...weighted(4, any(passing)),
  ...weighted(1, any(jumping)),
  ...weighted(2, any(restarting)),
  ...weighted(1, any(creatingStudy)),
  ...weighted(1, any(deletingStudy)),
];

/** Of these the same decisions must follow whether or not the server restarts, and whichever way the goal points. */
export const withoutTime = [
  ...weighted(5, any(asking)),
  ...weighted(9, any(training)),
  ...weighted(6, any(reporting)),
  ...weighted(2, any(repeating)),
  ...weighted(3, any(releasing)),
  ...weighted(3, any(completing)),
  ...weighted(1, any(stopping)),
  ...weighted(1, any(deletingTrial)),
  ...weighted(1, any(creatingTrial)),
  ...weighted(2, any(updating)),
  ...weighted(3, any(restarting)),
];
