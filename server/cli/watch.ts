import { setTimeout as sleep } from 'node:timers/promises';
import { status, type ServiceError } from '@grpc/grpc-js';
import type { Command } from 'commander';
import type { WatchStudyResponse } from '../gen/wazir/v1/study.js';
import { clientCommand, type ClientContext } from './client-command.js';
import { signalExitCodes } from './exit-code.js';
import { Failure } from './failure.js';
import { studyName } from './names.js';
import { serverFailure } from './server-error.js';
import { redraws, type Surroundings } from './surroundings.js';
import { barDisplay } from './watch-bars.js';
import { jsonDisplay, lineDisplay, type WatchDisplay } from './watch-display.js';
import { WatchState } from './watch-state.js';

/** Milliseconds before a lost connection is tried again: at first, and at the most. */
const retryMs = { first: 250, most: 5_000 } as const;
/** Milliseconds after which a server that does not come back is given up. */
const patienceMs = 600_000;

export function watch(surroundings: Surroundings): Command {
  const summary = 'follow a study until it is completed';
  return clientCommand(surroundings, 'watch <study>', summary, async (context, [given]) => {
    const name = studyName(given!, context.owner);
    // Also finds out at once whether there is such a study and a server at all.
    const state = new WatchState(await context.clients.studies.getStudy({ name }));
    const onTerminal = redraws(surroundings.stdout, surroundings.environment) && !context.json;
    const display = context.json
      ? jsonDisplay(context)
      : (onTerminal ? barDisplay : lineDisplay)(context, state);
    const stop = new AbortController();
    const signal = surroundings.interrupted().then((name) => {
      stop.abort();
      return name;
    });
    try {
      await follow(context, state, display, stop.signal);
    } finally {
      await display.end();
    }
    if (stop.signal.aborted) throw new Failure(signalExitCodes[await signal], '');
  });
}

/** Reads the stream to the study's end; a stream that breaks is taken up again where it broke. */
async function follow(
  context: ClientContext,
  state: WatchState,
  display: WatchDisplay,
  stop: AbortSignal,
): Promise<void> {
  let lostAt: number | undefined;
  let waitMs: number = retryMs.first;
  while (!stop.aborted) {
    const { name, uid } = state.study;
    const token = context.clients.token();
    const stream = context.clients.studyStreams.watchStudy({
      name,
      studyUid: uid,
      afterSequence: state.sequence,
    });
    // The iteration below hears of errors; those that come after it must not end the process.
    stream.on('error', () => undefined);
    const cancel = () => stream.cancel();
    stop.addEventListener('abort', cancel);
    try {
      for await (const message of stream as AsyncIterable<WatchStudyResponse>) {
        if (lostAt !== undefined) display.connected(true);
        lostAt = undefined;
        waitMs = retryMs.first;
        state.apply(message);
        await display.changed(message);
        if (state.completed && message.caughtUp) return;
      }
    } catch (error) {
      if (stop.aborted) return;
      if (error instanceof Failure || !isServiceError(error)) throw error;
      // The server ends what a token had let in that it knows no longer: its file may have the next by now.
      const renewed = error.code === status.UNAUTHENTICATED && context.clients.token() !== token;
      if (error.code !== status.UNAVAILABLE && !renewed) throw serverFailure(error, context.server);
      if (lostAt === undefined) {
        lostAt = performance.now();
        display.connected(false);
      } else if (performance.now() - lostAt > patienceMs) {
        throw serverFailure(error, context.server);
      }
    } finally {
      stop.removeEventListener('abort', cancel);
      stream.cancel();
    }
    await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
    waitMs = Math.min(2 * waitMs, retryMs.most);
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}
