import { onAbort, sleep } from './clock.js';
import { WazirError } from './error.js';
import { StudyServiceService, type WatchStudyResponse } from './gen/wazir/v1/study.js';
import { Backoff } from './retry.js';
import type { Rpc } from './rpc.js';

export interface WatchOptions {
  /** The last sequence number already seen. Default 0: everything. */
  readonly after?: number;
  /** Ends the watch when it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * The latest state of each record of a study that changed, then every change;
 * goes on where it was after a failure. Throws NOT_FOUND when the study is
 * deleted, also where another has taken its name.
 */
export async function* watchStudy(
  rpc: Rpc,
  name: string,
  { after = 0, signal }: WatchOptions,
): AsyncGenerator<WatchStudyResponse, void, undefined> {
  const { uid } = await rpc.call(StudyServiceService.getStudy, { name });
  const backoff = new Backoff();
  let seen = after;
  let failingSince: number | undefined;
  while (!signal?.aborted) {
    const request = { name, afterSequence: seen, studyUid: uid };
    const stream = rpc.serverStream(StudyServiceService.watchStudy, request);
    // A stream that is cancelled says so once more, when nobody iterates it any longer.
    stream.on('error', () => {});
    const forget = onAbort([rpc.closing, signal], () => stream.cancel());
    let error = new WazirError('UNAVAILABLE', 'the server ended the stream');
    try {
      for await (const change of stream as AsyncIterable<WatchStudyResponse>) {
        backoff.reset();
        failingSince = undefined;
        seen = change.sequence;
        yield change;
      }
    } catch (thrown) {
      error = WazirError.from(thrown);
    } finally {
      forget();
      stream.cancel();
    }
    if (signal?.aborted) return;
    failingSince ??= rpc.clock.now();
    const wait = backoff.next(error);
    const mayPass = error.transient || rpc.tokenReplaced(stream, error);
    if (!mayPass || rpc.closing.aborted || rpc.clock.now() + wait - failingSince > rpc.retryForMs) {
      throw error;
    }
    rpc.onRetry?.(error, wait);
    await sleep(rpc.clock, wait, [rpc.closing, signal]);
  }
}
