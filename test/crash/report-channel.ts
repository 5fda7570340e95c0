/** A stream of reports, each entered in the ledger as it is sent and as it is acknowledged. */
import { Client, credentials, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import {
  MeasurementServiceService,
  ReportMeasurementRequest,
  ReportMeasurementResponse,
  StreamMeasurementsRequest,
  StreamMeasurementsResponse,
  type Directive,
} from '../../server/gen/wazir/v1/measurement.js';
import { refusalOfStatus } from '../rpc/refusal.js';
import type { Ledger } from './ledger.js';
import { outcomeOf, type Outcome } from './methods.js';

export class ReportChannel {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<StreamMeasurementsRequest, StreamMeasurementsResponse>;
  readonly #waiting = new Map<number, (directive: Directive | undefined) => void>();
  #over = false;

  constructor(
    address: string,
    private readonly ledger: Ledger,
  ) {
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    const { path } = MeasurementServiceService.streamMeasurements;
    this.#call = this.#client.makeBidiStreamRequest(
      path,
      (request: StreamMeasurementsRequest) => Buffer.from(StreamMeasurementsRequest.encode(request).finish()),
      (bytes: Buffer) => StreamMeasurementsResponse.decode(bytes),
    );
    this.#call.on('data', (response: StreamMeasurementsResponse) => this.#take(response));
    this.#call.on('error', (error: ServiceError) => this.#end(outcomeOf(error)));
    this.#call.on('end', () => this.#end({ kind: 'open', code: 'ended' }));
  }

  /** Sends a report; resolves with the directive, or with undefined where it was not taken. */
  report(given: object, uid: string): Promise<Directive | undefined> {
    const request = ReportMeasurementRequest.fromPartial(given);
    const body = Buffer.from(ReportMeasurementRequest.encode(request).finish());
    if (this.#over) return Promise.resolve(undefined);
    const number = this.ledger.sent('reportMeasurement', body, uid, true);
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#call.write({ messageId: number, ...request });
    });
  }

  close(): void {
    this.#end({ kind: 'open', code: 'closed' });
    this.#call.cancel();
    this.#client.close();
  }

  #take({ messageId, directive, error }: StreamMeasurementsResponse): void {
    // Unasked: the answer to the next report says the same.
    if (messageId === 0) return;
    const resolve = this.#waiting.get(messageId);
    this.#waiting.delete(messageId);
    if (error) this.ledger.ended(messageId, refused(refusalOfStatus(error)));
    else {
      const body = Buffer.from(ReportMeasurementResponse.encode({ directive }).finish());
      this.ledger.ended(messageId, { kind: 'ok', body });
    }
    resolve?.(directive);
  }

  #end(outcome: Outcome): void {
    this.#over = true;
    for (const [number, resolve] of this.#waiting) {
      this.ledger.ended(number, outcome);
      resolve(undefined);
    }
    this.#waiting.clear();
  }
}

function refused({ code, reason }: { code: string; reason: string | undefined }): Outcome {
  return reason === undefined || reason === 'COMMIT_OUTCOME_UNKNOWN'
    ? { kind: 'open', code }
    : { kind: 'refused', code, reason };
}
