import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startServer } from '../../server/app.js';
import { connect, type Clients } from '../../server/cli/clients.js';
import { createLogger } from '../../server/logger.js';
import { Directive_Kind, Measurement } from '../../server/gen/wazir/v1/measurement.js';
import { SuggestTrialsRequest, Trial } from '../../server/gen/wazir/v1/trial.js';
import { wazir, type Outcome, type Setting } from './wazir.js';

/** A server of the test's own, with a worker's view of it and `wazir` pointed at it. */
export class TestServer {
  readonly directory: string;
  address = '';
  #close: (() => Promise<void>) | undefined;
  #clients: Clients | undefined;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async start(t: TestContext): Promise<TestServer> {
    const directory = mkdtempSync(join(tmpdir(), 'wazir-cli-'));
    const server = new TestServer(directory);
    t.after(async () => {
      await server.stop();
      rmSync(directory, { recursive: true });
    });
    await server.start();
    return server;
  }

  /** Starts, or starts again on the same data and port. */
  async start(): Promise<void> {
    const listen = [this.address === '' ? '127.0.0.1:0' : this.address];
    const logger = createLogger({ level: 'silent' });
    const running = await startServer({ listen, dataDir: join(this.directory, 'data'), logger });
    this.address = running.addresses[0]!;
    this.#close = () => running.close(1_000);
  }

  async stop(): Promise<void> {
    this.#clients?.close();
    this.#clients = undefined;
    await this.#close?.();
    this.#close = undefined;
  }

  /** Connections of a worker. */
  get clients(): Clients {
    return (this.#clients ??= connect(this.address, 10_000));
  }

  /** Runs a client command against this server. */
  wazir(given: readonly string[], setting: Setting = {}): Promise<Outcome> {
    return wazir(given, { ...setting, environment: { WAZIR_SERVER: this.address, ...setting.environment } });
  }

  /** Creates a study from the text of a file. */
  async create(source: string, id: string): Promise<void> {
    const { code, stderr } = await this.wazir(['study', 'create', '-f', '-', '--id', id], { input: source });
    if (code !== 0) throw new Error(stderr);
  }

  /** Gets a trial of a study in `owners/default`; undefined where there is none to be had. */
  async suggest(study: string): Promise<Trial | undefined> {
    const request = { parent: `owners/default/studies/${study}`, clientId: 'worker', recover: false };
    const { trials } = await this.clients.trials.suggestTrials(SuggestTrialsRequest.fromPartial(request));
    return trials[0];
  }

  /** Reports the metric `accuracy` of a trial, and gives the trial back when it is to pause. */
  async report(trial: Trial, step: number, accuracy: number): Promise<void> {
    const measurement = measured(step, accuracy);
    const { attempt = 0, studyUid = '' } = trial.assignment ?? {};
    const report = { trial: trial.name, attempt, measurement, studyUid };
    const { directive } = await this.clients.measurements.reportMeasurement(report);
    if (directive?.kind !== Directive_Kind.PAUSE) return;
    const released = {
      name: trial.name,
      attempt,
      studyUid,
      checkpoint: { step, uri: 'x', trial: 0 },
      requestId: '',
    };
    await this.clients.trials.releaseTrial(released);
  }

  /** Adds trials of the user's own that have already ended. */
  async warmStart(
    study: string,
    count: number,
    make: (index: number) => Parameters<typeof Trial.fromPartial>[0],
  ) {
    const parent = `owners/default/studies/${study}`;
    const one = async (index: number) => {
      await this.clients.trials.createTrial({ parent, trial: Trial.fromPartial(make(index)), requestId: '' });
    };
    // Many at once: they share the store's synced writes.
    await Promise.all(Array.from({ length: count }, (_, index) => one(index)));
  }
}

export function measured(step: number, accuracy: number): Measurement {
  return Measurement.fromPartial({ step, metrics: [{ name: 'accuracy', value: accuracy }] });
}

/** A study of one parameter, nine steps, and rungs at 1, 3 and 9. */
export const ashaStudy = `
parameters:
  - {name: lr, double: {min: 1e-4, max: 1}, scale: LOG}
metrics: [{name: accuracy, goal: MAXIMIZE}]
resource: {name: epoch, max: 9}
scheduler: asha
limits: {max_trials: 4}
`;
