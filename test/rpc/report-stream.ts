/** One stream of measurements, looked at message by message. */
import { status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import {
  StreamMeasurementsRequest,
  StreamMeasurementsResponse,
} from '../../server/gen/wazir/v1/measurement.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import type { Partially, TestClient } from '../test-client.js';
import { refusalOf, type Refusal } from './refusal.js';
import { reportOf } from './study-requests.js';

export const streamPath = '/wazir.v1.MeasurementService/StreamMeasurements';

export function encodeRequest(request: Partially<StreamMeasurementsRequest>): Buffer {
  const message = StreamMeasurementsRequest.fromPartial(request as object);
  return Buffer.from(StreamMeasurementsRequest.encode(message).finish());
}

export class ReportStream {
  readonly call: ClientDuplexStream<Buffer, StreamMeasurementsResponse>;
  /** How the server ended it; 'OK', or the refusal. */
  readonly ended: Promise<Refusal | 'OK'>;
  readonly #arrived: StreamMeasurementsResponse[] = [];
  readonly #wanted: ((response: StreamMeasurementsResponse) => void)[] = [];

  constructor(client: TestClient) {
    // Bytes, so that a test can send what is no message.
    this.call = client.measurementStub.makeBidiStreamRequest(
      streamPath,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => StreamMeasurementsResponse.decode(bytes),
    );
    this.ended = new Promise((resolve) => {
      this.call.on('error', (error: ServiceError) => resolve(refusalOf(error)));
      this.call.on('status', ({ code }) => {
        if (code === status.OK) resolve('OK');
      });
    });
    this.call.on('data', (response: StreamMeasurementsResponse) => {
      const wanted = this.#wanted.shift();
      if (wanted) wanted(response);
      else this.#arrived.push(response);
    });
  }

  send(request: Partially<StreamMeasurementsRequest>): void {
    this.sendBytes(encodeRequest(request));
  }

  sendBytes(bytes: Buffer): void {
    this.call.write(bytes);
  }

  /** Sends a report under the attempt of the trial's assignment. */
  report(messageId: number, trial: Trial, step: number, loss: number): void {
    this.send({ messageId, ...reportOf(trial, step, loss) });
  }

  /** The next message of the server; fails where the stream ends instead. */
  async next(): Promise<StreamMeasurementsResponse> {
    const arrived = this.#arrived.shift();
    if (arrived) return arrived;
    return Promise.race([
      new Promise<StreamMeasurementsResponse>((resolve) => this.#wanted.push(resolve)),
      this.ended.then((how) => {
        throw new Error(`the stream has ended: ${JSON.stringify(how)}`);
      }),
    ]);
  }

  /** So many messages. */
  async take(count: number): Promise<StreamMeasurementsResponse[]> {
    const messages: StreamMeasurementsResponse[] = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  /** Says that nothing more will be sent. */
  finish(): void {
    this.call.end();
  }
}
