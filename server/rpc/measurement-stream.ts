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
import { AnswersInTurn } from './answers-in-turn.js';
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

/** A trial that the stream trains. */
interface Heard {
  readonly study: Study;
  readonly trial: number;
  /** Ends its being told of a stop. */
  readonly end: () => void;
}

class MeasurementStream {
  /** By the trial's name, as the requests have it. */
  readonly #heard = new Map<string, Heard>();
  /** Directives that nobody asked for and that wait to be told, by the trial's name. */
  readonly #untold = new Map<string, StreamMeasurementsResponse>();
  readonly #answers: AnswersInTurn<StreamMeasurementsResponse>;
  #admission: Admission | undefined;
  #place: Place | undefined;
  #owner: string | undefined;
  readonly #endings: (() => void)[] = [];
  readonly #startMs = performance.now();
  #underWay = 0;
  #closed = false;
  readonly #written = () => {
    if (--this.#underWay < mostUnderWay && this.call.isPaused()) this.call.resume();
  };

  constructor(
    private readonly engine: Engine,
    private readonly parts: HandlerParts,
    private readonly call: Call,
  ) {
    this.#answers = new AnswersInTurn(call);
  }

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
    call.on('end', () => this.#answers.thenDo(() => this.#close()));
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
    const place = this.#place;
    this.#endings.push(
      () => place.leave(),
      this.engine.onDrain(() => this.#answers.thenDo(() => this.#close(draining()))),
      this.#admission.onRevoked((why) => this.#close(why)),
    );
  }

  #close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#answers.end();
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
    const turn = this.#answers.add(this.#written);
    const { descriptors } = this.parts;
    const path = this.call.getPath();
    const messageId =
      request instanceof Malformed ? messageIdOf(descriptors, path, request) : request.messageId;
    const answer = (directive?: Directive, error?: StreamMeasurementsResponse['error']) =>
      turn.give({ messageId, trial: '', attempt: 0, directive, error });
    const refuse = (cause: unknown) => answer(undefined, this.#told(cause));
    try {
      if (request instanceof Malformed) throw explain(descriptors, path, request);
      this.#admission!.authorise(request);
      if (messageId < 1) throw invalid('message_id', 'must be positive');
      this.#apply(request).then(answer, refuse);
    } catch (error) {
      refuse(error);
    }
  }

  /** What is wrong with one request, as it is told in its answer. */
  #told(error: unknown): StreamMeasurementsResponse['error'] {
    const told = toStatus(error);
    if (told.details.length === 0) this.parts.logger.error({ err: error }, 'call failed by a bug');
    return told;
  }

  /** Throws what can be said at once. */
  #apply(request: StreamMeasurementsRequest): Promise<Directive | undefined> {
    const { trial: name, studyUid } = request;
    const known = this.#heard.get(name);
    if (known && !known.study.gone && (studyUid === '' || studyUid === known.study.uid))
      return this.#applyTo(known.study, known.trial, request);
    const { trial, ...studyName } = parseTrialName('trial', name);
    this.#claim(studyName.owner);
    return this.engine.study(studyName, studyUid).then((study) => this.#applyTo(study, trial, request));
  }

  #applyTo(study: Study, trial: number, request: StreamMeasurementsRequest): Promise<Directive | undefined> {
    const { trial: name, attempt, measurement } = request;
    // Before the report is applied, so that no stop falls in between.
    const isNew = this.#listen(study, name, trial);
    const applied = measurement
      ? report(study, trial, attempt, measurement)
      : renew(study, trial, attempt, undefined).then(({ directive }) => directive);
    return applied.then(
      (directive) => {
        // Told to leave the trial, this stream need not hear of it any more.
        if (directive?.kind !== DirectiveKind.CONTINUE) this.#unlisten(name);
        return directive;
      },
      (error: unknown) => {
        // Else a stream could make us listen to any number of trials that are not there.
        if (isNew) this.#unlisten(name);
        throw error;
      },
    );
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

  #unlisten(name: string): void {
    this.#heard.get(name)?.end();
    this.#heard.delete(name);
  }

  /**
   * From a trial's first message on, its stream hears unasked when it is to stop.
   * @returns whether it did not do so before
   */
  #listen(study: Study, name: string, trial: number): boolean {
    const known = this.#heard.get(name);
    if (this.#closed || known?.study === study) return false;
    // After a failed write the study has been read anew, and tells nothing to those who heard the old one.
    known?.end();
    const listener: DirectiveListener = (_trial, attempt, directive) =>
      this.#tell({ messageId: 0, trial: name, attempt, directive, error: undefined });
    study.listeners.add(trial, listener);
    this.#heard.set(name, { study, trial, end: () => study.listeners.remove(trial, listener) });
    return true;
  }

  /**
   * Tells a directive that nobody asked for, in its turn among the answers. Of each
   * trial the newest waits, so that a reader that takes nothing costs no more than that.
   */
  #tell(told: StreamMeasurementsResponse): void {
    if (this.#closed) return;
    const { trial } = told;
    const waits = this.#untold.has(trial);
    this.#untold.set(trial, told);
    if (waits) return;
    this.#answers.add().give(() => {
      const newest = this.#untold.get(trial)!;
      this.#untold.delete(trial);
      return newest;
    });
  }
}
