/** The limits of a server: all of them, with what they bound and their defaults. Each is a flag of `wazir serve`. */
import { WazirError } from './errors.js';

interface LimitRow {
  readonly unit: 'count' | 'bytes';
  readonly default: number;
  /** What is bounded, for `--help` and the documentation. */
  readonly what: string;
}

const MiB = 2 ** 20;

export const limitTable = {
  maxConnections: { unit: 'count', default: 4096, what: 'open connections' },
  maxCallsPerConnection: { unit: 'count', default: 1000, what: 'calls at a time on one connection' },
  maxMessageBytes: { unit: 'bytes', default: 4 * MiB, what: 'one message of a client' },
  maxStudies: { unit: 'count', default: 1_000_000, what: 'studies' },
  maxStudiesPerOwner: { unit: 'count', default: 100_000, what: 'studies of one owner' },
  maxTrialsPerStudy: { unit: 'count', default: 2_000_000, what: 'trials ever made in one study' },
  maxParameters: { unit: 'count', default: 1000, what: 'parameters of one study, children included' },
  maxMetadataBytes: { unit: 'bytes', default: MiB, what: 'metadata of one study or trial' },
  maxStreams: { unit: 'count', default: 20_000, what: 'open streams: watchers, measurement streams' },
  maxStreamsPerOwner: { unit: 'count', default: 10_000, what: 'open streams of one owner' },
  maxWaiters: { unit: 'count', default: 50_000, what: 'calls that wait for a trial' },
  maxWaitersPerOwner: { unit: 'count', default: 20_000, what: "calls that wait for one owner's trials" },
} as const satisfies Readonly<Record<string, LimitRow>>;

export type LimitName = keyof typeof limitTable;

export type Limits = Readonly<Record<LimitName, number>>;

export const limitNames = Object.keys(limitTable) as readonly LimitName[];

/** All limits: those that are given, the defaults for the rest. */
export function limitsFrom(given: Partial<Limits> = {}): Limits {
  const defaults = limitNames.map((name) => [name, limitTable[name].default] as const);
  return { ...(Object.fromEntries(defaults) as Record<LimitName, number>), ...given };
}

/** The limit's flag without its dashes, such as `max-studies`: errors name it so. */
export function flagOf(name: LimitName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export interface LimitFacts {
  /** Path of the field of the request that is too large. */
  readonly field?: string | undefined;
  /** Given where a retry may help. */
  readonly retryAfterSeconds?: number | undefined;
}

/**
 * The refusal of what goes beyond a limit of the server.
 * @param subject resource name of what has reached it; `server` where it is the whole server
 */
export function limitExceeded(
  name: LimitName,
  limits: Limits,
  subject: string,
  { field, retryAfterSeconds }: LimitFacts = {},
): WazirError {
  const max = limits[name];
  const flag = flagOf(name);
  return new WazirError(
    'LIMIT_EXCEEDED',
    `${subject}: over the server's limit on ${limitTable[name].what}, --${flag} = ${max}`,
    {
      metadata: { limit: flag, max: String(max) },
      resource: subject,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(field === undefined ? {} : { violations: [{ field, description: `must be at most ${max}` }] }),
    },
  );
}
