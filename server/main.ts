#!/usr/bin/env -S node --max-semi-space-size=64
/** The process: the one place that touches `process`. Everything else is handed what it needs. */
import { ExitCode, signalExitCodes } from './cli/exit-code.js';
import { run } from './cli/program.js';
import type { EndSignal, Surroundings } from './cli/surroundings.js';

let firstSignal: Promise<EndSignal> | undefined;

/** Handlers are set on first use: a command that does not ask is ended by its signal, as usual. */
function interrupted(): Promise<EndSignal> {
  firstSignal ??= new Promise((resolve) => {
    let seen = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (seen) process.exit(signalExitCodes[signal]);
        seen = true;
        resolve(signal);
      });
    }
  });
  return firstSignal;
}

const surroundings: Surroundings = {
  arguments: process.argv.slice(2),
  environment: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  interrupted,
};

process.on('uncaughtException', (error) => {
  process.stderr.write(`wazir: this is a bug: ${error.stack ?? error.message}\n`);
  process.exit(ExitCode.internal);
});
// Writers hear of a reader that went away by their own write; unheard, the event would end the process.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const exitCode = await run(surroundings);
// Not by running out of work: a handle that somebody left open must not keep a finished command alive.
process.stdout.write('', () => process.exit(exitCode));
