/** Whoever looks after the studies of a load: makes and deletes them, adds, stops and deletes trials, annotates. */
import { StudyState } from '../../server/gen/wazir/v1/trial.js';
import { owner } from '../rpc/study-requests.js';
import { quietStudy, specOfStudy, studyIds, studyName } from './load-studies.js';
import type { Hands } from './load-world.js';

export class LoadOperator {
  constructor(private readonly hands: Hands) {}

  async run(): Promise<void> {
    const { world, random } = this.hands;
    let hasBuried = false;
    while (!world.over) {
      const missing = studyIds.find((id) => world.uid(id) === undefined);
      if (missing !== undefined) {
        await this.#create(missing);
        continue;
      }
      if (!hasBuried) await this.#bury();
      hasBuried = true;
      const study = random.pick(world.studies);
      if (study === undefined) continue;
      await this.#doSomething(study, random.next());
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 4)));
    }
  }

  /** Deletes a study; it will be made anew. */
  async replace(study: string): Promise<void> {
    const { world, connection } = this.hands;
    const uid = world.uids.get(study);
    world.uids.delete(study);
    const request = { name: study, requestId: world.requestId() };
    await world.ledger.call(connection, 'deleteStudy', request, { uid });
  }

  /** Adds a trial and deletes it: its number must not be given again, whatever becomes of the server. */
  async #bury(): Promise<void> {
    const { world, connection } = this.hands;
    const study = studyName(quietStudy);
    const trial = await this.#add(study, false);
    const name = `${study}/trials/${trial}`;
    const request = { name, requestId: world.requestId() };
    if (trial !== undefined)
      await world.ledger.call(connection, 'deleteTrial', request, { uid: world.uids.get(study) });
  }

  async #doSomething(study: string, draw: number): Promise<void> {
    const { random } = this.hands;
    if (draw < 0.006) await this.replace(study);
    else if (draw < 0.25) await this.#add(study, random.chance(0.5));
    else if (draw < 0.3) await this.#stop(study);
    else if (draw < 0.5) await this.#deleteTrial(study);
    else if (draw < 0.85) await this.#annotate(study);
    else await this.#update(study);
  }

  async #create(id: string): Promise<void> {
    const { world, connection } = this.hands;
    const requestId = world.requestId();
    const study = { spec: specOfStudy(id), labels: { made: requestId } };
    const { ok } = await world.ledger.call(connection, 'createStudy', {
      parent: owner,
      studyId: id,
      study,
      requestId,
    });
    if (ok) world.uids.set(ok.name, ok.uid);
    // Somebody's deletion is still under way, or its outcome open.
    else await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async #add(study: string, isWarm: boolean): Promise<number | undefined> {
    const { world, connection, random } = this.hands;
    const requestId = world.requestId();
    const x = { kind: { $case: 'doubleValue' as const, value: random.next() } };
    const final = { step: 1, metrics: [{ name: 'loss', value: random.next() }] };
    const { ok } = await world.ledger.call(
      connection,
      'createTrial',
      {
        parent: study,
        trial: {
          parameters: [{ name: 'x', value: x }],
          labels: { made: requestId },
          finalMeasurement: isWarm ? final : undefined,
        },
        requestId,
      },
      { uid: world.uids.get(study) },
    );
    if (ok) world.learn(ok.studyUid, ok.id);
    return ok?.id;
  }

  #target(study: string): { name: string; requestId: string } {
    const { world, random } = this.hands;
    return { name: `${study}/trials/${world.someTrial(study, random)}`, requestId: world.requestId() };
  }

  async #stop(study: string): Promise<void> {
    const { world, connection } = this.hands;
    await world.ledger.call(connection, 'stopTrial', this.#target(study), { uid: world.uids.get(study) });
  }

  async #deleteTrial(study: string): Promise<void> {
    const { world, connection } = this.hands;
    await world.ledger.call(connection, 'deleteTrial', this.#target(study), { uid: world.uids.get(study) });
  }

  /** Several records in one call: all of it is to be there, or nothing. */
  async #annotate(study: string): Promise<void> {
    const { world, connection, random } = this.hands;
    const requestId = world.requestId();
    const metadata = { key: requestId, value: { $case: 'text' as const, value: requestId } };
    const first = world.someTrial(study, random);
    const second = world.someTrial(study, random);
    const targets = [...new Set(random.chance(0.3) ? [0, first] : [first, second])];
    const updates = targets.map((trial) => ({ trial, metadata }));
    await world.ledger.call(
      connection,
      'updateMetadata',
      { name: study, updates, requestId },
      { uid: world.uids.get(study) },
    );
  }

  async #update(study: string): Promise<void> {
    const { world, connection, random } = this.hands;
    const requestId = world.requestId();
    const pauses = random.chance(0.2);
    const request = pauses
      ? {
          study: {
            name: study,
            state: random.pick([StudyState.PAUSED, StudyState.ACTIVE, StudyState.ACTIVE])!,
          },
          updateMask: ['state'],
        }
      : {
          study: { name: study, displayName: requestId, labels: { last: requestId } },
          updateMask: ['display_name', 'labels'],
        };
    const call = { ...request, requestId };
    const uid = world.uids.get(study);
    await world.ledger.call(connection, 'updateStudy', call, { uid });
    // A paused study must not stay so: nobody would work on it.
    if (pauses)
      await world.ledger.call(
        connection,
        'updateStudy',
        {
          study: { name: study, state: StudyState.ACTIVE },
          updateMask: ['state'],
          requestId: world.requestId(),
        },
        { uid },
      );
  }
}
