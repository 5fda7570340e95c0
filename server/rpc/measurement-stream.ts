/**
 * The bidirectional stream of measurements. Requests are applied as they come and
 * answered in their order, each when it is durable. A reader that does not take
 * its answers is not read from: what waits is bounded.
 */
import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { invalid } from '../domain/errors.js';
import { parseTrialName } from '../domain/names.js';
import { renew } from '../engine/commands/renew.js';
import { report } from '../engine/commands/report.js';
import { draining, type Engine } from '../engine/engine.js';
import type { DirectiveListener } from '../engine/directive-listeners.js';
import type { Place } from '../engine/quota.js';
import type { Study } from '../engine/study.js';
import {
  Directive_Kind as DirectiveKind,
  type Directive,
  type StreamMeasurementsRequest,
  type StreamMeasurementsResponse,
} from '../gen/wazir/v1/measurement.js';
import { drained } from './drained.js';
import type { Admission } from './guard.js';
import { logCall, type HandlerParts } from './handler.js';
import { explain, Malformed, messageIdOf } from './malformed.js';
import { toServiceError, toStatus } from './status.js';

type Call = ServerDuplexStream<StreamMeasurementsRequest, StreamMeasurementsResponse>;

/** Answers under way on one stream before it is no longer read from. */
const mostUnderWay = 1024;

export function streamMeasurements(
  engine: Engine,
  parts: HandlerParts,
): handleBidiStreamingCall<StreamMeasurementsRequest, StreamMeasurementsResponse> {
  return (call) => new MeasurementStream(engine, parts, call).run();
}

class MeasurementStream {
  /** By study and trial, what ends its being told of a stop. */
  readonly #heard = new Map<string, { readonly study: Study; readonly end: () => void }>();
  /** Directives that nobody asked for and that wait to be told, by study and trial. */
  readonly #untold = new Map<string, StreamMeasurementsResponse>();
  #admission: Admission | undefined;
  #place: Place | undefined;
  #owner: string | undefined;
  readonly #endings: (() => void)[] = [];
  readonly #startMs = performance.now();
  #underWay = 0;
  #last: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(
    private readonly engine: Engine,
    private readonly parts: HandlerParts,
    private readonly call: Call,
  ) {}

  run(): void {
    const { call } = this;
    try {
      this.#admission = this.parts.guard.admit(call);
      this.#admission.authoriseRole();
      this.#place = this.engine.streams.take();
    } catch (error) {
      this.#close(error);
      return;
    }
    call.on('data', (request: StreamMeasurementsRequest | Malformed) => this.#take(request));
    call.on('end', () => void this.#last.then(() => this.#close()));
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
    const place = this.#place;
    this.#endings.push(
      () => place.leave(),
      this.engine.onDrain(() => void this.#last.then(() => this.#close(draining()))),
      this.#admission.onRevoked((why) => this.#close(why)),
    );
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #close(error?: unknown): void {
    if (this.#closed) return;
    this.#closing.abort();
    for (const end of this.#endings) end();
    for (const { end } of this.#heard.values()) end();
    if (error === undefined) this.call.end();
    else this.call.emit('error', toServiceError(error));
    const principal = this.#admission?.principal.name;
    logCall(this.parts.logger, { path: this.call.getPath(), startMs: this.#startMs, principal }, error);
  }

  #take(request: StreamMeasurementsRequest | Malformed): void {
    if (this.#closed) return;
    if (++this.#underWay >= mostUnderWay) this.call.pause();
    const answer = this.#answer(request);
    this.#last = this.#last.then(async () => {
      await this.#write(await answer);
      if (--this.#underWay < mostUnderWay && this.call.isPaused()) this.call.resume();
    });
  }

  async #write(response: StreamMeasurementsResponse): Promise<void> {
    if (this.#closed || this.call.write(response)) return;
    await drained(this.call, this.#closing.signal);
  }

  /**
   * Tells a directive that nobody asked for, in its turn among the answers. Of each
   * trial the newest waits, so that a reader that takes nothing costs no more than that.
   */
  #tell(trial: string, told: StreamMeasurementsResponse): void {
    if (this.#closed) return;
    const waits = this.#untold.has(trial);
    this.#untold.set(trial, told);
    if (waits) return;
    this.#last = this.#last.then(() => {
      const newest = this.#untold.get(trial)!;
      this.#untold.delete(trial);
      return this.#write(newest);
    });
  }

  /** Never rejects: what is wrong with one request is told in its answer. */
  async #answer(request: StreamMeasurementsRequest | Malformed): Promise<StreamMeasurementsResponse> {
    const { descriptors } = this.parts;
    const path = this.call.getPath();
    const messageId =
      request instanceof Malformed ? messageIdOf(descriptors, path, request) : request.messageId;
    const response = { messageId, trial: '', attempt: 0, directive: undefined, error: undefined };
    try {
      if (request instanceof Malformed) throw explain(descriptors, path, request);
      this.#admission!.authorise(request);
      if (messageId < 1) throw invalid('message_id', 'must be positive');
      return { ...response, directive: await this.#apply(request) };
    } catch (error) {
      const told = toStatus(error);
      if (told.details.length === 0) this.parts.logger.error({ err: error }, 'call failed by a bug');
      return { ...response, error: told };
    }
  }

  async #apply(request: StreamMeasurementsRequest): Promise<Directive | undefined> {
    const { trial, ...studyName } = parseTrialName('trial', request.trial);
    this.#claim(studyName.owner);
    const study = await this.engine.study(studyName, request.studyUid);
    // Before the report is applied, so that no stop falls in between.
    const isNew = this.#listen(study, request.trial, trial);
    let directive: Directive | undefined;
    try {
      directive = request.measurement
        ? await report(study, trial, request.attempt, request.measurement)
        : (await renew(study, trial, request.attempt, undefined)).directive;
    } catch (error) {
      // Else a stream could make us listen to any number of trials that are not there.
      if (isNew) this.#unlisten(study, trial);
      throw error;
    }
    // Told to leave the trial, this stream need not hear of it any more.
    if (directive?.kind !== DirectiveKind.CONTINUE) this.#unlisten(study, trial);
    return directive;
  }

  /** The stream counts as its first trial's owner's; over the limit it ends. */
  #claim(owner: string): void {
    if (this.#owner !== undefined) return;
    try {
      this.#place!.claim(owner);
      this.#owner = owner;
    } catch (error) {
      this.#close(error);
      throw error;
    }
  }

  #unlisten(study: Study, trial: number): void {
    const key = `${study.uid}/${trial}`;
    this.#heard.get(key)?.end();
    this.#heard.delete(key);
  }

  /**
   * From a trial's first message on, its stream hears unasked when it is to stop.
   * @returns whether it did not do so before
   */
  #listen(study: Study, name: string, trial: number): boolean {
    const key = `${study.uid}/${trial}`;
    const known = this.#heard.get(key);
    if (this.#closed || known?.study === study) return false;
    // After a failed write the study has been read anew, and tells nothing to those who heard the old one.
    known?.end();
    const listener: DirectiveListener = (_trial, attempt, directive) =>
      this.#tell(key, { messageId: 0, trial: name, attempt, directive, error: undefined });
    study.listeners.add(trial, listener);
    this.#heard.set(key, { study, end: () => study.listeners.remove(trial, listener) });
    return true;
  }
}
