/** A worker as clients are to be written: trains to the target, reports, saves and gives back when told to pause. */
import { Directive_Kind as Kind } from '../../server/gen/wazir/v1/measurement.js';
import { TrialState, type Trial } from '../../server/gen/wazir/v1/trial.js';
import type { TestClient } from '../test-client.js';
import { reportOf } from './study-requests.js';

export class Worker {
  /** What it was lent last, by number. */
  readonly held = new Map<number, Trial>();
  #names = 0;

  constructor(
    readonly client: TestClient,
    readonly study: string,
    readonly name = 'worker',
  ) {}

  /** Asks once, under a name of its own, so that it never gets a lease of its own back. */
  async ask(count = 1): Promise<Trial[]> {
    const clientId = `${this.name}-${++this.#names}`;
    const { trials } = await this.client.suggestTrials(
      { parent: this.study, clientId, count },
      // Where there is nothing the test is to fail, not to wait.
      { deadline: Date.now() + 5000 },
    );
    return trials;
  }

  /** Asks for one; its job as `trial@target`. */
  async job(): Promise<string> {
    const [trial] = await this.ask();
    if (!trial) return 'nothing';
    return jobName(this.keep(trial));
  }

  /** Remembers what it has been lent, so that it can report by number. */
  keep(trial: Trial): Trial {
    this.held.set(trial.id, trial);
    return trial;
  }

  trial(id: number): Trial {
    const trial = this.held.get(id);
    if (!trial) throw new Error(`trial ${id} has not been lent here`);
    return trial;
  }

  /** Reports one step; after PAUSE it gives the trial back with a checkpoint of that step. */
  async report(id: number, step: number, loss: number): Promise<Kind> {
    const trial = this.trial(id);
    const { directive } = await this.client.reportMeasurement(reportOf(trial, step, loss));
    if (directive!.kind === Kind.PAUSE) {
      const { attempt, studyUid } = trial.assignment!;
      const given = await this.client.releaseTrial({
        name: trial.name,
        attempt,
        studyUid,
        checkpoint: { step, uri: `/checkpoints/${id}/${step}` },
      });
      if (given.state !== TrialState.PAUSED && given.state !== TrialState.STOPPED)
        throw new Error(`trial ${id} is ${TrialState[given.state]} after PAUSE`);
    }
    return directive!.kind;
  }

  /** Reports its target. */
  async finish(id: number, loss: number): Promise<Kind> {
    return this.report(id, this.trial(id).assignment!.toResource, loss);
  }
}

/** A job as `trial@target`. */
export function jobName({ id, assignment }: Trial): string {
  return `${id}@${assignment!.toResource}`;
}
