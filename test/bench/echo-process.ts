/**
 * The yardstick: the least that a server on the same libraries can do. It decodes
 * each request, encodes one constant answer and keeps nothing. Argument: `wazir`
 * for the settings of grpc-js that Wazir has, `defaults` for the library's own.
 */
import {
  Server,
  ServerCredentials,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  MeasurementServiceService,
  type StreamMeasurementsRequest,
  type StreamMeasurementsResponse,
} from '../../server/gen/wazir/v1/measurement.js';
import { TrialServiceService } from '../../server/gen/wazir/v1/trial.js';
import { limitsFrom } from '../../server/domain/limits.js';
import { grpcOptions } from '../../server/front/grpc-options.js';
import { answerQuestions } from './serving.js';

const services: ServiceDefinition[] = [TrialServiceService, MeasurementServiceService];
const decoders = new Map(
  services
    .flatMap((service) => Object.values(service))
    .map(({ path, responseDeserialize }) => [path, responseDeserialize]),
);
const answers = new Map<string, unknown>();
let answered = 0;

const echo: handleUnaryCall<unknown, unknown> = (call, callback) => {
  answered++;
  callback(null, answers.get(call.getPath()));
};

const echoStream: handleBidiStreamingCall<StreamMeasurementsRequest, StreamMeasurementsResponse> = (call) => {
  const answer = answers.get(call.getPath()) as StreamMeasurementsResponse;
  call.on('data', ({ messageId }: StreamMeasurementsRequest) => {
    answered++;
    call.write({ ...answer, messageId });
  });
  call.on('end', () => call.end());
};

const server = new Server(process.argv[2] === 'defaults' ? {} : grpcOptions(limitsFrom()));
for (const service of services) {
  const handlers: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(service))
    handlers[name] = method.requestStream ? echoStream : echo;
  server.addService(service, handlers);
}
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  answerQuestions({
    port,
    answer: (path, bytes) => answers.set(path, decoders.get(path)!(bytes)),
    answered: () => answered,
    close: async () => server.forceShutdown(),
  });
});
