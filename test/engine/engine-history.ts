/**
 * Random histories of one study: what workers, users, time and crashes can do, as
 * commands that name trials by a number that is taken modulo those that there are.
 */
import fc from 'fast-check';

export type Command =
  | { readonly kind: 'ask'; readonly client: number; readonly recover: boolean }
  | {
      readonly kind: 'report';
      readonly pick: number;
      readonly where: 'next' | 'target' | 'jump' | 'end' | 'low';
      readonly loss: number;
      readonly ranked: boolean;
      /** Whether it comes from a worker that has been told to pause. */
      readonly paused: boolean;
    }
  /** A report that has been acknowledged, sent again. */
  | { readonly kind: 'again'; readonly pick: number; readonly which: number }
  /** A call under the attempt before the newest. */
  | {
      readonly kind: 'stale';
      readonly pick: number;
      readonly call: 'report' | 'renew' | 'release' | 'complete';
    }
  | {
      readonly kind: 'release' | 'renew';
      readonly pick: number;
      readonly saves: boolean;
      readonly paused: boolean;
    }
  | { readonly kind: 'complete'; readonly pick: number; readonly how: 'ended' | 'failed' | 'infeasible' }
  | { readonly kind: 'stop'; readonly pick: number }
  /** Time passes, in leases. */
  | { readonly kind: 'pass'; readonly leases: number }
  /** The study leaves memory and is read anew, or the whole process does. */
  | { readonly kind: 'restart'; readonly process: boolean };

/** What users do beside the workers. */
export type UserCommand =
  | { readonly kind: 'queue'; readonly x: number }
  | { readonly kind: 'warm'; readonly x: number; readonly loss: number }
  | { readonly kind: 'delete' | 'annotate'; readonly pick: number }
  | { readonly kind: 'limit'; readonly maxTrials: number; readonly maxTotalResource: number }
  | { readonly kind: 'pause'; readonly on: boolean };

const pick = fc.nat({ max: 1000 });

/** Few numbers, so that there are ties, and everything that is not a number. */
const loss = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -4, max: 4 }) },
  { weight: 3, arbitrary: fc.double({ noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, -0) },
);

const where = fc.oneof(
  { weight: 6, arbitrary: fc.constant('target' as const) },
  { weight: 3, arbitrary: fc.constant('next' as const) },
  { weight: 1, arbitrary: fc.constantFrom('jump' as const, 'end' as const, 'low' as const) },
);

/** True so many times out of ten. */
function often(times: number) {
  return fc.oneof(
    { weight: times, arbitrary: fc.constant(true) },
    { weight: 10 - times, arbitrary: fc.constant(false) },
  );
}

/** Weighted so that trials get far: deaths and ends are rare beside reports and savings. */
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      client: fc.nat({ max: 5 }),
      recover: often(1),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      ...{ kind: fc.constant('report' as const), pick, where, loss },
      ...{ ranked: often(9), paused: often(1) },
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), pick, which: pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('stale' as const),
      pick,
      call: fc.constantFrom('report' as const, 'renew' as const, 'release' as const, 'complete' as const),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({ kind: fc.constant('release' as const), pick, saves: often(8), paused: often(9) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('renew' as const), pick, saves: often(5), paused: often(5) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('complete' as const),
      pick,
      how: fc.constantFrom('ended' as const, 'failed' as const, 'infeasible' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      leases: fc.constantFrom(0.3, 0.4, 0.5, 1, 2.5),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), process: often(3) }) },
);

/** Histories of up to so many commands, and half as many at the least. */
export function histories(maxLength: number): fc.Arbitrary<Command[]> {
  return fc.array(command, { minLength: maxLength / 2, maxLength, size: 'max' });
}

const x = fc.double({ min: 0, max: 1, noNaN: true });

const userCommand: fc.Arbitrary<UserCommand> = fc.oneof(
  fc.record({ kind: fc.constant('queue' as const), x }),
  fc.record({ kind: fc.constant('warm' as const), x, loss: fc.integer({ min: -4, max: 4 }) }),
  fc.record({ kind: fc.constantFrom('delete' as const, 'annotate' as const), pick }),
  fc.record({
    kind: fc.constant('limit' as const),
    maxTrials: fc.integer({ min: 0, max: 20 }),
    maxTotalResource: fc.integer({ min: 0, max: 100 }),
  }),
  fc.record({ kind: fc.constant('pause' as const), on: fc.boolean() }),
);

/** Histories with users in them, and without restarts of their own. */
export function storiedHistories(maxLength: number): fc.Arbitrary<(Command | UserCommand)[]> {
  const workers = command.filter(({ kind }) => kind !== 'restart');
  const any = fc.oneof({ weight: 5, arbitrary: workers }, { weight: 1, arbitrary: userCommand });
  return fc.array<Command | UserCommand>(any, { minLength: maxLength / 2, maxLength, size: 'max' });
}
