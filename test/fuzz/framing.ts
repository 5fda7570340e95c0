/** gRPC's own framing and headers, bent. */
import { deflateSync, gzipSync } from 'node:zlib';
import { frame } from '../rpc/raw-call.js';
import { headersFor, type FuzzCall } from './call.js';
import type { Random } from './random.js';

const timeouts = ['', '0', '1', '-1m', '1.5S', '99999999H', '999999999999S', '1n', '0u', 'soon', '1 S', '٣S'];
const encodings = ['gzip', 'deflate', 'identity', 'snappy', '', 'gzip,gzip', 'GZIP', '\u007f'];
const contentTypes = [
  'application/grpc+proto',
  'application/grpc-web',
  'application/grpc;x=y',
  'text/plain',
  '',
  'application/json',
];
const paths = [
  '/',
  '',
  '*',
  '/wazir.v1.StudyService',
  '/wazir.v1.StudyService/',
  '/wazir.v1.StudyService/GetStudy/x',
  '//GetStudy',
  '/wazir.v1.StudyService/getstudy',
  '/__proto__/constructor',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.health.v1.Health/Watch',
  `/${'x'.repeat(5000)}`,
];

/** A call whose message is framed as it must be: what is wrong is the message alone. */
export function wellFramed(path: string, messages: readonly Buffer[]): FuzzCall {
  return { headers: headersFor(path), body: Buffer.concat(messages.map((message) => frame(message))) };
}

/** A call that is wrong, or odd, around its message. */
export function oddlyFramed(path: string, message: Buffer, random: Random): FuzzCall {
  const headers = headersFor(path);
  let body = frame(message);
  for (let i = 0; i <= random.below(2); i++)
    switch (random.below(12)) {
      case 0:
        headers['grpc-timeout'] = random.pick(timeouts);
        break;
      case 1:
        headers['grpc-encoding'] = random.pick(encodings);
        body = frame(random.pick([gzipSync(message), deflateSync(message), message]), 1);
        break;
      case 2:
        headers['content-type'] = random.pick(contentTypes);
        break;
      case 3:
        headers[':path'] = random.pick(paths);
        break;
      case 4:
        headers[random.pick(['x-odd', 'grpc-tags-bin', 'authorization', 'user-agent'])] = random
          .bytes(random.below(200))
          .toString('base64');
        break;
      case 5:
        headers[random.pick(['x-bin', 'grpc-trace-bin', 'traceparent', 'grpc-accept-encoding'])] =
          random.pick(['%%%', '=', 'AAA', 'a b', ',,,', 'x'.repeat(7000)]);
        break;
      case 6:
        headers[':method'] = random.pick(['GET', 'PUT', 'OPTIONS', 'HEAD']);
        break;
      case 7:
        body = frame(
          message,
          random.below(256),
          random.pick([0, 1, message.length + 1, 2 ** 31, 2 ** 32 - 1]),
        );
        break;
      case 8:
        body = body.subarray(0, random.below(body.length + 1));
        break;
      case 9:
        body = Buffer.concat([body, random.chance(50) ? body : random.bytes(1 + random.below(12))]);
        break;
      case 10:
        delete headers['te'];
        headers['grpc-previous-rpc-attempts'] = '-1';
        break;
      case 11:
        headers['grpc-encoding'] = 'gzip';
        body = frame(gzipSync(Buffer.alloc(2 ** random.below(23))), 1);
        break;
    }
  return { headers, body };
}
