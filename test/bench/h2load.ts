/** h2load (nghttp2), a load generator in C: it sends one body over and over. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ConstantCall } from './constant-call.js';

const run = promisify(execFile);

export async function hasH2load(): Promise<boolean> {
  try {
    await run('h2load', ['--version']);
    return true;
  } catch {
    return false;
  }
}

export interface H2loadOptions {
  readonly port: number;
  readonly requests: number;
  readonly inFlight: number;
  /** Where the body may lie. */
  readonly directory: string;
}

/**
 * Makes the calls over one connection.
 * It sees HTTP's status alone, so who calls it counts on the server.
 * @returns milliseconds that it took, by its own clock
 */
export async function h2load(call: ConstantCall, options: H2loadOptions): Promise<number> {
  const { port, requests, inFlight, directory } = options;
  const body = path.join(directory, 'body');
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(call.request.length, 1);
  writeFileSync(body, Buffer.concat([prefix, call.request]));
  const headers = ['content-type: application/grpc', 'te: trailers', 'grpc-timeout: 60S'];
  const { stdout } = await run('h2load', [
    ...['-n', String(requests), '-c', '1', '-m', String(inFlight), '-d', body],
    ...headers.flatMap((header) => ['-H', header]),
    `http://127.0.0.1:${port}${call.path}`,
  ]);
  const [, amount, unit] = /^finished in ([\d.]+)(us|ms|s),/m.exec(stdout) ?? [];
  if (!amount || !stdout.includes(` ${requests} succeeded, 0 failed`))
    throw new Error(`h2load did not make ${requests} calls:\n${stdout}`);
  return Number(amount) * { us: 1e-3, ms: 1, s: 1e3 }[unit as 'us' | 'ms' | 's'];
}
