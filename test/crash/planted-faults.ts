/** Bugs that somebody might make, and the test that must find each. */

export interface PlantedFault {
  readonly what: string;
  /** Below `server/`. */
  readonly file: string;
  /** What stands there, exactly once, and what is put in its place. */
  readonly from: string;
  readonly to: string;
  /** The test file below `test/`, and, where not all of it is meant, part of a test's name. */
  readonly test: string;
  readonly only?: string;
}

const crash = 'crash/crash.test.ts';
const power = 'crash/power.test.ts';
const fault = 'crash/fault.test.ts';

export const plantedFaults: readonly PlantedFault[] = [
  {
    what: 'acknowledge before the sync',
    file: 'store/group-commit.ts',
    from: '      try {\n        await this.#write(',
    to: '      for (const waiting of group) waiting.resolve();\n      try {\n        await this.#write(',
    test: power,
  },
  {
    what: 'write without a sync',
    file: 'store/level.ts',
    from: 'sync: true',
    to: 'sync: false',
    test: power,
  },
  {
    what: 'the name of the database not synced',
    file: 'store/opening.ts',
    from: '    await syncDirectory(databaseDirectory(directory));\n',
    to: '',
    test: power,
    only: 'cut back',
  },
  {
    what: 'no record of answers',
    file: 'engine/request-log.ts',
    from: 'run((batch, response) => this.#record(batch, method, id, hash, response))',
    to: 'run(undefined)',
    test: crash,
  },
  {
    what: 'the record of an answer not in the batch of its effect',
    file: 'engine/transaction.ts',
    from: '    record?.(this, response);\n',
    to: `    const effects = this.#ops.length;
    record?.(this, response);
    const apart = this.#ops.splice(effects);
    if (apart.length > 0)
      this.afterwards(() => {
        const { store, epoch, uid, sequence } = study;
        const studyUid = \`\${uid}/\${sequence}\`;
        setTimeout(() => {
          store
            .commit({ studyUid, epoch, expectedSequence: sequence, sequence, ops: apart })
            .catch(() => undefined);
        }, 50);
      });
`,
    test: crash,
  },
  {
    what: 'no check of the attempt',
    file: 'engine/fence.ts',
    from: '  if (attempt < live.attempt)\n',
    to: '  if (attempt < 0)\n',
    test: crash,
  },
  {
    what: 'a promotion that is not recorded',
    file: 'engine/hand-out.ts',
    from: 'transaction.change(live, { scheduling: study.scheduler.promote(trial, live.scheduling) });',
    to: `study.scheduler.promote(trial, live.scheduling);
  transaction.change(live, { scheduling: { ...live.scheduling, promoted: true } });`,
    test: crash,
  },
  {
    what: 'the number of a deleted trial given again after a restart',
    file: 'engine/load.ts',
    from: '  study.nextTrial = Math.max(study.nextTrial, id + 1);',
    to: '  if (!trial.deleted) study.nextTrial = Math.max(study.nextTrial, id + 1);',
    test: crash,
  },
  {
    what: 'measurements of a deleted study left behind',
    file: 'store/keys.ts',
    from: '    keys.measurementsOfStudy(uid),\n',
    to: '',
    test: crash,
  },
  {
    what: 'reports since the last record forgotten by a restart',
    file: 'engine/load.ts',
    from: '      live.observe(measurement!, loss, (known) => study.lossIn(known) ?? Number.NaN);\n',
    to: '',
    test: crash,
  },
  {
    what: 'a failed write taken for a success',
    file: 'store/group-commit.ts',
    from: 'for (const waiting of [...group, ...this.#waiting.splice(0)]) waiting.reject(reason);',
    to: 'void reason;\n        for (const waiting of [...group, ...this.#waiting.splice(0)]) waiting.resolve();',
    test: fault,
    only: 'a write to the log that fails',
  },
  {
    what: 'a log that can not be read taken for a short one',
    file: 'store/opening.ts',
    from: '  await refuseUnreadableLogs(directory);\n',
    to: '',
    test: fault,
    only: 'a log that can not be read',
  },
  {
    what: 'a hole in the journal served',
    file: 'store/journal.ts',
    from: 'if (gap !== undefined && !acceptLoss) {',
    to: 'if (gap !== undefined && !acceptLoss && gap[0] < 0) {',
    test: 'store/damage.test.ts',
    only: 'in the middle of the log',
  },
  {
    what: 'a lost end of the log served',
    file: 'store/opening.ts',
    from: '    if (!acceptLoss) refuseLostOpening(directory, identity, stored, journal);\n',
    to: '    void refuseLostOpening;\n',
    test: 'crash/damaged-files.test.ts',
    only: 'a log that was deleted',
  },
  {
    what: 'a checksum not looked at',
    file: 'store/checksum.ts',
    from: 'if (view.getUint32(0, true) === checksum(key, value)) return value;',
    to: 'if (view.getUint32(0, true) >= 0) return value;',
    test: 'store/table-damage.test.ts',
  },
  {
    what: 'a trial listed as it was before its reports',
    file: 'engine/queries.ts',
    from: 'else if (hasEnded(trial.state)) yield [trial, value.length];',
    to: 'else if (hasEnded(trial.state) || trial.id > 0) yield [trial, value.length];',
    test: 'engine/list-while-ending.test.ts',
  },
  {
    what: 'leases counted on the wall clock',
    file: 'engine/clock.ts',
    from: 'monotonic: () => performance.now(),',
    to: 'monotonic: () => Date.now(),',
    test: 'crash/clock.test.ts',
    only: 'a wall clock that jumps',
  },
  {
    what: 'leases cut short by a restart',
    file: 'engine/load.ts',
    from: '  } else if (!record.released) study.leases.grant(id, trial.attempts, trial.clientId, now);',
    to: '  } else if (!record.released) study.leases.grant(id, trial.attempts, trial.clientId, now - 1500);',
    test: 'crash/clock.test.ts',
    only: 'after a restart',
  },
];
