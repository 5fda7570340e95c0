import type { ClientDuplexStream } from '@grpc/grpc-js';
import { sleep } from './clock.js';
import { readDirective, type Directive } from './directive.js';
import { WazirError } from './error.js';
import {
  MeasurementServiceService,
  type StreamMeasurementsRequest,
  type StreamMeasurementsResponse,
} from './gen/wazir/v1/measurement.js';
import { Backoff } from './retry.js';
import type { Rpc } from './rpc.js';

/** A report, or a renewal where it has no measurement. */
export type Report = Omit<StreamMeasurementsRequest, 'messageId'>;

interface Outstanding {
  readonly request: StreamMeasurementsRequest;
  readonly resolve: (directive: Directive) => void;
  readonly reject: (error: WazirError) => void;
}

type Call = ClientDuplexStream<StreamMeasurementsRequest, StreamMeasurementsResponse>;

/**
 * The one stream on which all trials of a client report.
 *
 * It opens with the first report, stays open while somebody `retain`s it, and
 * comes back after a failure: what was not acknowledged is sent again, in the
 * same order, under the same number. That has no second effect, since reports
 * are idempotent by (trial, attempt, step).
 */
export class ReportStream {
  readonly #rpc: Rpc;
  readonly #outstanding = new Map<number, Outstanding>();
  readonly #listeners = new Map<string, (directive: Directive) => void>();
  readonly #backoff = new Backoff();
  #call: Call | undefined;
  #reopening = false;
  #failingSince: number | undefined;
  #lastId = 0;
  #users = 0;

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  /** Keeps the stream open between reports, until `release`. */
  retain(): void {
    this.#users++;
  }

  release(): void {
    this.#users--;
    this.#endIfIdle();
  }

  /** Calls `listener` with the directives that come unasked for an attempt; returns what ends that. */
  listen(trial: string, attempt: number, listener: (directive: Directive) => void): () => void {
    const key = listenerKey(trial, attempt);
    this.#listeners.set(key, listener);
    return () => this.#listeners.delete(key);
  }

  /** Sends a report and resolves once it is durable. */
  send(report: Report): Promise<Directive> {
    if (this.#rpc.closing.aborted) throw new WazirError('CANCELLED', 'the client is closed');
    const request = { messageId: ++this.#lastId, ...report };
    return new Promise((resolve, reject) => {
      this.#outstanding.set(request.messageId, { request, resolve, reject });
      if (this.#call !== undefined) this.#call.write(request);
      else if (!this.#reopening) this.#open();
    });
  }

  /** Rejects what is outstanding and ends the stream. */
  close(): void {
    this.#rejectAll(new WazirError('CANCELLED', 'the client is closed'));
    this.#call?.cancel();
    this.#call = undefined;
  }

  #open(): void {
    const call = this.#rpc.bidi(MeasurementServiceService.streamMeasurements);
    this.#call = call;
    call.on('data', (response: StreamMeasurementsResponse) => {
      if (call === this.#call) this.#receive(response);
    });
    call.on('error', (error) => this.#lose(call, WazirError.from(error)));
    call.on('end', () => this.#lose(call, new WazirError('UNAVAILABLE', 'the server ended the stream')));
    for (const { request } of this.#outstanding.values()) call.write(request);
  }

  #receive({ messageId, trial, attempt, directive, error: status }: StreamMeasurementsResponse): void {
    if (messageId === 0) {
      this.#listeners.get(listenerKey(trial, attempt))?.(readDirective(directive));
      return;
    }
    const entry = this.#outstanding.get(messageId);
    if (entry === undefined) return;
    const error = status && WazirError.fromStatus(status);
    if (error?.transient) {
      // Whether it was written is unknown, and the server is about to recover or to go: begin anew.
      this.#call?.cancel();
      this.#lose(this.#call, error);
      return;
    }
    this.#backoff.reset();
    this.#failingSince = undefined;
    this.#outstanding.delete(messageId);
    if (error === undefined) entry.resolve(readDirective(directive));
    else entry.reject(error);
    this.#endIfIdle();
  }

  #lose(call: Call | undefined, error: WazirError): void {
    if (call === undefined || call !== this.#call) return;
    this.#call = undefined;
    // With nothing to send again, the next report or renewal opens it.
    if (this.#outstanding.size === 0) return;
    const now = this.#rpc.clock.now();
    this.#failingSince ??= now;
    const wait = this.#backoff.next(error);
    const mayPass = mayReopen(error) || this.#rpc.tokenReplaced(call, error);
    if (!mayPass || now + wait - this.#failingSince > this.#rpc.retryForMs) {
      this.#rejectAll(error);
      return;
    }
    this.#rpc.onRetry?.(error, wait);
    void this.#reopenAfter(wait);
  }

  async #reopenAfter(ms: number): Promise<void> {
    this.#reopening = true;
    await sleep(this.#rpc.clock, ms, [this.#rpc.closing]);
    this.#reopening = false;
    if (this.#outstanding.size > 0) this.#open();
  }

  #rejectAll(error: WazirError): void {
    this.#backoff.reset();
    this.#failingSince = undefined;
    const rejected = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const { reject } of rejected) reject(error);
  }

  #endIfIdle(): void {
    if (this.#users > 0 || this.#outstanding.size > 0) return;
    this.#call?.end();
    this.#call = undefined;
  }
}

/** A single request never ends the stream, so what ends it concerns the connection, or who may use it. */
function mayReopen(error: WazirError): boolean {
  return error.transient || ['INTERNAL', 'UNKNOWN', 'ABORTED', 'RESOURCE_EXHAUSTED'].includes(error.code);
}

function listenerKey(trial: string, attempt: number): string {
  return `${attempt} ${trial}`;
}
