/** Plays a history to an engine and to the model, which must agree after every command. */
import assert from 'node:assert/strict';
import { WazirError } from '../../server/domain/errors.js';
import { Directive_Kind as Kind, type Directive } from '../../server/gen/wazir/v1/measurement.js';
import { StudyState, TrialState } from '../../server/gen/wazir/v1/trial.js';
import type { Command } from './engine-history.js';
import { Invariants } from './engine-invariants.js';
import { EngineModel, type ModelTrial } from './engine-model.js';
import type { EngineWorld } from './engine-world.js';
import { jobOf, measurementOf, type StudyDriver } from './study-driver.js';

/** What a report looks like; `time` is a metric that nobody ranks by. */
function metricsOf(loss: number | undefined): Record<string, number> {
  return loss === undefined ? { time: 1 } : { loss, time: 1 };
}

export class EnginePlayer {
  constructor(
    private readonly world: EngineWorld,
    private readonly study: StudyDriver,
    readonly model: EngineModel,
    private readonly max: number,
    private readonly leaseMs: number,
  ) {}

  async play(commands: readonly Command[]): Promise<void> {
    const invariants = new Invariants((await this.study.study()).space);
    for (const command of commands) {
      await this.#run(command);
      await this.study.settled();
      const trials = await this.study.trials();
      const study = await this.study.get();
      invariants.check(study, trials);
      assert.equal(study.state === StudyState.COMPLETED, this.model.completed, 'completed');
      assert.equal(trials.length, this.model.trials.length);
      trials.forEach((trial, i) => {
        const it = this.model.trials[i]!;
        const { state, attempts, expiries, assignment, scheduling } = trial;
        const lent = it.hold === 'lease' ? [it.attempt, it.from, it.to] : undefined;
        assert.deepEqual(
          [state, attempts, expiries, trial.checkpoint?.step ?? 0, scheduling!.promoted],
          [it.state, it.attempt, it.expiries, it.checkpoint, it.promoted],
          `trial ${it.id}`,
        );
        assert.deepEqual(
          assignment && [assignment.attempt, assignment.fromResource, assignment.toResource],
          lent,
        );
        if (state === TrialState.STOPPED) return;
        const { round, bracket, rung, target } = scheduling!;
        assert.deepEqual({ round, bracket, rung, target }, this.model.place(it.id), `place of ${it.id}`);
      });
    }
  }

  async #run(command: Command): Promise<void> {
    const { model, study } = this;
    switch (command.kind) {
      case 'ask': {
        const client = `w${command.client}`;
        const expected = model.ask(client, command.recover);
        const { trials, studyState } = await study.ask(client, { recover: command.recover });
        assert.deepEqual(trials.map(jobOf), expected ? [expected] : [], 'job');
        if (model.completed) assert.equal(studyState, StudyState.COMPLETED);
        return;
      }
      case 'report': {
        const it = this.#held(command);
        if (it) await this.#report(it, command);
        return;
      }
      case 'again': {
        const it = chosen(model.trials, command.pick);
        const known = it && chosen([...it.known], command.which);
        if (!known) return;
        const [attempt, step] = known[0].split(':').map(Number);
        const held = { trial: it.id, attempt: attempt! };
        assert.equal(
          (await study.report(held, step!, metricsOf(known[1].loss))).kind,
          known[1].kind,
          'again',
        );
        return;
      }
      case 'stale': {
        const it = chosen(model.live, command.pick);
        if (it && it.attempt > 1) await this.#stale(it, command.call);
        return;
      }
      case 'release':
      case 'renew': {
        const it = this.#held(command);
        if (!it) return;
        const checkpoint = command.saves && it.last > 0 ? it.last : undefined;
        const held = { trial: it.id, attempt: it.attempt };
        if (command.kind === 'release') {
          model.release(it, checkpoint);
          await study.release(held, checkpoint);
          return;
        }
        const kind = model.renew(it, checkpoint);
        assert.equal((await study.renew(held, checkpoint)).directive!.kind, kind, 'renew');
        return;
      }
      case 'complete': {
        const it = chosen(model.held, command.pick);
        if (!it) return;
        const held = { trial: it.id, attempt: it.attempt };
        model.complete(it, command.how);
        if (command.how === 'failed') await study.fail(held);
        else if (command.how === 'infeasible') await study.infeasible(held);
        else await study.complete(held, { finalMeasurement: measurementOf(0, { loss: 0 }) });
        return;
      }
      case 'stop': {
        const it = chosen(model.live, command.pick);
        if (!it) return;
        model.stop(it);
        await study.stop(it.id);
        return;
      }
      case 'pass':
        model.advance(command.leases * this.leaseMs);
        await this.world.clock.advance(command.leases * this.leaseMs);
        return;
      case 'restart':
        model.restart();
        if (command.process) await this.world.restart();
        else await this.study.reload();
        return;
    }
  }

  async #report(it: ModelTrial, command: Extract<Command, { kind: 'report' }>): Promise<void> {
    const loss = command.ranked ? command.loss : undefined;
    const step = this.#stepOf(it, command.where);
    const held = { trial: it.id, attempt: it.attempt };
    const known = it.known.get(`${it.attempt}:${step}`);
    const report = () => this.study.report(held, step, metricsOf(loss));
    if (known && loss !== undefined && known.loss !== undefined && !Object.is(known.loss + 0, loss + 0)) {
      await assert.rejects(report, { reason: 'MEASUREMENT_CONFLICT' });
      return;
    }
    // The same, or less than what is known.
    if (known && (loss === undefined || known.loss !== undefined)) {
      assert.equal((await report()).kind, known.kind, 'known');
      return;
    }
    const kind = this.model.report(it, step, loss);
    const expected: Directive = { kind, until: kind === Kind.CONTINUE ? it.to : 0 };
    assert.deepEqual(await report(), expected, 'directive');
  }

  #held({ pick, paused }: { pick: number; paused: boolean }): ModelTrial | undefined {
    const { held } = this.model;
    return chosen(
      held.filter(({ hold }) => hold === (paused ? 'saving' : 'lease')),
      pick,
    );
  }

  #stepOf(it: ModelTrial, where: Extract<Command, { kind: 'report' }>['where']): number {
    const { max } = this;
    const target = this.model.place(it.id).target;
    switch (where) {
      case 'next':
        return it.last + 1;
      case 'target':
        return target;
      case 'jump':
        return Math.min(target * 4, max);
      case 'end':
        return max + 1;
      case 'low':
        return Math.max(it.last - 1, 0);
    }
  }

  async #stale(it: ModelTrial, call: Extract<Command, { kind: 'stale' }>['call']): Promise<void> {
    const held = { trial: it.id, attempt: it.attempt - 1 };
    // Beyond all that was reported, so that it is no known report.
    const calls = {
      report: () => this.study.report(held, this.max * 10, 0),
      renew: () => this.study.renew(held),
      release: () => this.study.release(held),
      complete: () => this.study.fail(held),
    };
    await assert.rejects(calls[call](), (error: WazirError) => error.reason === 'STALE_ATTEMPT');
  }
}

function chosen<T>(among: readonly T[], at: number): T | undefined {
  return among[at % Math.max(among.length, 1)];
}
