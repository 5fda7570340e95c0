/** What a test has been told by servers that it kills: kept outside of them, to hold them to it. */
import assert from 'node:assert/strict';
import type { Directive } from '../../server/gen/wazir/v1/measurement.js';
import type { Trial } from '../../server/gen/wazir/v1/trial.js';
import { reportOf } from '../rpc/study-requests.js';
import type { TestClient } from '../test-client.js';

/** A call that was acknowledged, and may be made again. */
interface Acknowledged {
  readonly what: string;
  readonly answer: unknown;
  readonly again: (client: TestClient) => Promise<unknown>;
}

interface Reported {
  readonly trial: Trial;
  readonly step: number;
  readonly loss: number;
  readonly directive: Directive;
}

export class Ledger {
  /** How many calls were acknowledged. */
  acknowledged = 0;
  /** Called at each acknowledgement. */
  onAcknowledged: (count: number) => void = () => undefined;
  readonly #calls: Acknowledged[] = [];
  readonly #reports: Reported[] = [];
  readonly #handOuts = new Map<string, string>();
  readonly #trials = new Map<string, Trial>();
  readonly #metadata = new Map<string, string[]>();

  /** Makes a call that carries a request id, and enters its answer. */
  async call<T>(what: string, client: TestClient, make: (client: TestClient) => Promise<T>): Promise<T> {
    const answer = await make(client);
    this.enter(what, answer, make);
    return answer;
  }

  /** Enters the answer to a call that carries a request id. */
  enter(what: string, answer: unknown, again: (client: TestClient) => Promise<unknown>): void {
    this.#calls.push({ what, answer, again });
    this.#count();
  }

  /** Enters trials that a call of this id was handed. */
  handOut(requestId: string, trials: readonly Trial[]): void {
    for (const trial of trials) {
      const key = `${trial.name} attempt ${trial.assignment!.attempt}`;
      assert.equal(this.#handOuts.get(key) ?? requestId, requestId, `${key} is handed out once`);
      this.#handOuts.set(key, requestId);
      this.#trials.set(trial.name, trial);
    }
  }

  report(trial: Trial, step: number, loss: number, directive: Directive): void {
    this.#reports.push({ trial, step, loss, directive });
    this.#count();
  }

  metadata(study: string, key: string): void {
    this.#metadata.set(study, [...(this.#metadata.get(study) ?? []), key]);
  }

  #count(): void {
    this.onAcknowledged(++this.acknowledged);
  }

  /** Compares all that was ever acknowledged with what a server has. */
  async check(client: TestClient): Promise<void> {
    for (const { what, answer, again } of this.#calls)
      assert.deepEqual(await again(client), answer, `${what}, sent again`);
    await this.#checkReports(client);
    for (const trial of this.#trials.values()) {
      const now = await client.getTrial({ name: trial.name });
      assert.ok(now.attempts >= trial.assignment!.attempt, `${trial.name} knows its attempts`);
      assert.deepEqual(now.parameters, trial.parameters);
      const rungs = now.scheduling!.results.map(({ rung }) => rung);
      assert.deepEqual(
        rungs,
        rungs.map((_, i) => i),
        `${trial.name} has each rung once`,
      );
    }
    for (const [study, keys] of this.#metadata) {
      const { metadata } = await client.getStudy({ name: study });
      const there = new Set(metadata.map(({ key }) => key));
      assert.deepEqual(
        keys.filter((key) => !there.has(key)),
        [],
      );
    }
  }

  async #checkReports(client: TestClient): Promise<void> {
    const byTrial = groupByTrial(this.#reports);
    for (const [parent, reports] of byTrial) {
      const { measurements } = await client.listMeasurements({ parent, showSuperseded: true });
      const there = new Map(
        measurements.map(({ attempt, step, metrics }) => [`${attempt}/${step}`, metrics[0]!.value]),
      );
      for (const { trial, step, loss, directive } of reports) {
        const { attempt } = trial.assignment!;
        assert.equal(there.get(`${attempt}/${step}`), loss, `${parent}: step ${step} of attempt ${attempt}`);
        const again = await client.reportMeasurement(reportOf(trial, step, loss));
        assert.equal(again.directive!.kind, directive.kind, `${parent}: step ${step}, sent again`);
      }
    }
  }
}

function groupByTrial(reports: readonly Reported[]): Map<string, Reported[]> {
  const groups = new Map<string, Reported[]>();
  for (const report of reports) {
    const group = groups.get(report.trial.name);
    if (group) group.push(report);
    else groups.set(report.trial.name, [report]);
  }
  return groups;
}
