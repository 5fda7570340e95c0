/** Profiles of the process that this runs in, for as long as its load lasts. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { findSourceMap } from 'node:module';

export const profileKinds = ['cpu', 'heap'] as const;
export type ProfileKind = (typeof profileKinds)[number];

export interface RunningProfile {
  /** Ends it and writes it, in the form that Chrome's developer tools read. */
  end(file: string): Promise<void>;
}

const cpuIntervalMicros = 500;
/** About how many bytes are allocated between two samples. */
const heapIntervalBytes = 32_768;

export async function beginProfile(kind: ProfileKind): Promise<RunningProfile> {
  const session = new Session();
  session.connect();
  const write = (file: string, profile: object) => {
    session.disconnect();
    writeFileSync(file, JSON.stringify(profile, asWritten));
  };
  if (kind === 'cpu') {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: cpuIntervalMicros });
    await session.post('Profiler.start');
    return { end: async (file) => write(file, (await session.post('Profiler.stop')).profile) };
  }
  // All that was allocated, not only what is left: garbage is what costs. Node's types lag behind V8's protocol.
  const all = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
  await session.post('HeapProfiler.startSampling', { samplingInterval: heapIntervalBytes, ...all });
  return { end: async (file) => write(file, (await session.post('HeapProfiler.stopSampling')).profile) };
}

interface CallFrame {
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** For JSON: lines of TypeScript as it is written. What tsx makes of a file is one long line. */
function asWritten(key: string, value: unknown): unknown {
  if (key !== 'callFrame') return value;
  const frame = value as CallFrame;
  const entry = findSourceMap(frame.url)?.findEntry(frame.lineNumber, frame.columnNumber);
  if (!entry || !('originalLine' in entry)) return frame;
  return { ...frame, lineNumber: entry.originalLine, columnNumber: entry.originalColumn };
}
