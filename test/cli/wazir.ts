import { Readable, Writable } from 'node:stream';
import { run } from '../../server/cli/program.js';
import type { EndSignal } from '../../server/cli/surroundings.js';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Setting {
  readonly environment?: Readonly<Record<string, string>>;
  /** What lies on standard input. */
  readonly input?: string;
  /** Whether the streams are terminals. */
  readonly terminal?: boolean;
  readonly interrupted?: Promise<EndSignal>;
  /** Called with all that standard output has, whenever it gets more. */
  readonly onOutput?: (stdout: string) => void;
}

/** Runs `wazir` with these arguments as the entry point would, in this process. */
export async function wazir(given: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const { environment = {}, input = '', terminal = false } = setting;
  const stdout = collector(terminal, setting.onOutput);
  const stderr = collector(terminal);
  const code = await run({
    arguments: given,
    environment,
    stdin: Object.assign(Readable.from([input]), { isTTY: terminal }),
    stdout: stdout.sink,
    stderr: stderr.sink,
    interrupted: () => setting.interrupted ?? new Promise(() => undefined),
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function collector(isTTY: boolean, onOutput?: (text: string) => void) {
  let text = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      onOutput?.(text);
      done();
    },
  });
  return { sink: Object.assign(sink, { isTTY, columns: 100, rows: 40 }), text: () => text };
}
