/** What must hold from one listing of a study to a later one, restarts between or not. */
import { hasEnded } from '../../server/domain/trial.js';
import { Trial } from '../../server/gen/wazir/v1/trial.js';
import { RungResult } from '../../server/gen/wazir/v1/trial.js';
import type { Findings } from './findings.js';
import type { StudyListing } from './listing.js';

export function checkHistory(findings: Findings, before: StudyListing, now: StudyListing): void {
  const { name, uid } = now.study;
  const broken = (holds: boolean, what: string) =>
    findings.expect(holds, 'broken', () => `${name} (${uid}): ${what}`);
  broken(now.study.sequence >= before.study.sequence, 'the sequence number has fallen');
  for (const [id, was] of before.watched) {
    const is = now.watched.get(id);
    if (!broken(is !== undefined, `trial ${id} is gone without a trace`)) continue;
    broken(!was.deleted || is!.deleted, `trial ${id} had been deleted and is back`);
    broken(
      is!.attempts >= was.attempts,
      `trial ${id}: attempts went from ${was.attempts} to ${is!.attempts}`,
    );
    const results = is!.scheduling?.results.map(bytesOfResult) ?? [];
    for (const [i, result] of (was.scheduling?.results ?? []).entries())
      broken(bytesOfResult(result) === results[i], `trial ${id}: its result at rung ${result.rung} changed`);
    if (is!.deleted) continue;
    broken(is!.lastStep >= was.lastStep, `trial ${id}: its last step fell`);
    if (hasEnded(was.state))
      broken(
        lasting(was) === lasting(is!),
        `trial ${id} had ended and changed: ${lasting(was)} ${lasting(is!)}`,
      );
  }
}

function bytesOfResult(result: RungResult): string {
  return Buffer.from(RungResult.encode(result).finish()).toString('hex');
}

/** What never changes of a trial that has ended: all but metadata, and whether its checkpoint is still of use. */
function lasting(trial: Trial): string {
  const lasting = { ...trial, metadata: [], sequence: 0, checkpointNeeded: false };
  return Buffer.from(Trial.encode(lasting).finish()).toString('base64');
}
