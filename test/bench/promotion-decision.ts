/** What does one promotion decision cost in a rung of a million results? No target of Wazir's depends on a wire here. */
import { asha } from '../../server/policy/schedulers/asha.js';
import { StudySpec } from '../../server/gen/wazir/v1/study.js';
import type { Scheduling } from '../../server/domain/spec.js';
import { median } from './statistics.js';
import type { TargetRow } from './target-row.js';

const runs = 7;
const decisionsOfRun = 10_000;

/** Losses in no order, always the same: the generator of Park and Miller. */
function* losses(): Generator<number, never> {
  for (let state = 1; ; yield state / 0x7fff_ffff) state = (state * 48_271) % 0x7fff_ffff;
}

/**
 * Fills the lowest rung, then times a report that enters it, the decision, and the
 * promotion where there is one: all that a scheduler does for a paused trial.
 */
export async function promotionDecision({ quick }: { readonly quick: boolean }): Promise<TargetRow[]> {
  const results = quick ? 1000 : 1_000_000;
  const spec = asha.withDefaults(StudySpec.fromPartial({ resource: { name: 'epoch', min: 1, max: 64 } }));
  const scheduler = asha.create(spec);
  const loss = losses();
  const places = new Map<number, Scheduling>();
  let trial = 0;
  let promoted = 0;
  const next = () => {
    trial++;
    const place = scheduler.start(trial);
    const score = { loss: loss.next().value, sequence: trial };
    places.set(trial, scheduler.report(trial, place, place.target, score).scheduling);
    const decision = scheduler.decide(false);
    if (decision?.kind !== 'promote') return;
    scheduler.promote(decision.trial, places.get(decision.trial)!);
    promoted++;
  };
  while (trial < results) next();
  const micros: number[] = [];
  const decisions = quick ? 100 : decisionsOfRun;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    for (let i = 0; i < decisions; i++) next();
    micros.push(((performance.now() - start) * 1000) / decisions);
  }
  if (promoted < trial / 5) throw new Error(`only ${promoted} of ${trial} trials were promoted`);
  return [
    {
      question: 'promotion decision in a rung of 1e6',
      ratio: median(micros),
      low: Math.min(...micros),
      high: Math.max(...micros),
      target: '<= 5 µs',
    },
  ];
}
