/** Time as the client sees it. Tests put their own in its place. */
export interface Clock {
  /** Milliseconds on a clock that never jumps; only differences mean anything. */
  now(): number;
  /**
   * Calls `action` once after `ms` milliseconds and returns what takes that
   * back. A timer alone keeps no process alive unless `hold` is set.
   */
  after(ms: number, action: () => void, hold?: boolean): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, action, hold = false) {
    const timer = setTimeout(action, ms);
    if (!hold) timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Calls `action` when one of the signals aborts, at once if one has; returns what takes that back. */
export function onAbort(signals: readonly (AbortSignal | undefined)[], action: () => void): () => void {
  // Not AbortSignal.any: a signal that lives as long as the client would gather one dependant a call.
  const given = signals.filter((signal) => signal !== undefined);
  if (given.some((signal) => signal.aborted)) {
    action();
    return () => {};
  }
  for (const signal of given) signal.addEventListener('abort', action, { once: true });
  return () => {
    for (const signal of given) signal.removeEventListener('abort', action);
  };
}

/** Resolves after `ms` milliseconds, or as soon as one of the signals aborts. Keeps the process alive. */
export function sleep(
  clock: Clock,
  ms: number,
  signals: readonly (AbortSignal | undefined)[],
): Promise<void> {
  return new Promise((resolve) => {
    const takeBack: (() => void)[] = [];
    const wake = () => {
      for (const undo of takeBack) undo();
      resolve();
    };
    takeBack.push(clock.after(ms, wake, true));
    takeBack.push(onAbort(signals, wake));
  });
}
