/** Damages to what is of no study alone: its upkeep, its names, any record. */
import {
  ChangeRecord,
  DatabaseRecord,
  NameRecord,
  PurgeRecord,
  StudyRecord,
} from '../../server/gen/wazir/internal/v1/records.js';
import { readIdentity, replaceIdentity } from '../../server/store/identity.js';
import { keys } from '../../server/store/keys.js';
import { damagedStudy, type DamageCase } from './damage-case.js';

export const damagedDirectories: readonly DamageCase[] = [
  {
    what: 'a flipped bit in a trial',
    damage: async (damage, { uid }) => {
      const sealed = Buffer.from((await damage.raw(keys.trial(uid, 2)))!);
      sealed[9]! ^= 4;
      await damage.putRaw(keys.trial(uid, 2), sealed);
    },
    check: 'records',
    says: /does not have its checksum/,
    also: ['counters'],
  },
  {
    what: 'a value that does not decode',
    damage: (damage, { uid }) => damage.put(keys.trial(uid, 2), Buffer.from([0x0a, 0xff])),
    check: 'records',
    says: /does not decode/,
    also: ['counters'],
  },
  {
    what: 'an unknown key',
    damage: (damage) => damage.put('zebra/1', Buffer.from('x')),
    check: 'records',
    says: /key that this release does not know/,
  },
  {
    what: 'a key before all others',
    damage: (damage) => damage.put(' ', Buffer.from('x')),
    check: 'records',
    says: /key that this release does not know/,
  },
  {
    what: 'a gap in the journal',
    damage: async (damage) => {
      const all = await damage.keys(keys.journals());
      await damage.delete(all[all.length >> 1]!);
    },
    check: 'journal',
    says: /batches are missing/,
  },
  {
    what: 'an opening that is lost',
    damage: async (_, __, directory) => {
      const identity = (await readIdentity(directory))!;
      await replaceIdentity(directory, { ...identity, openings: identity.openings + 1 });
    },
    check: 'journal',
    says: /knows of \d+ openings, the identity file of \d+/,
  },
  {
    what: 'the identity of another database',
    damage: async (_, __, directory) => {
      const identity = (await readIdentity(directory))!;
      await replaceIdentity(directory, { ...identity, id: 'another' });
    },
    check: 'identity',
    says: /is of database another/,
  },
  {
    what: 'no record of the database',
    damage: (damage) => damage.delete(keys.database),
    check: 'identity',
    says: /is missing/,
  },
  {
    what: 'a migration that has not ended',
    damage: async (damage) => {
      const record = DatabaseRecord.decode((await damage.raw(keys.database))!);
      const half = { ...record, migration: { to: 1, next: 'x' } };
      await damage.putRaw(keys.database, DatabaseRecord.encode(half).finish());
    },
    check: 'identity',
    says: /start the server once/,
  },
  {
    what: 'a name that leads nowhere',
    damage: (damage) => damage.put(keys.name('test', 'lost'), NameRecord.encode({ uid: 'abc' }).finish()),
    check: 'names',
    says: /leads to study abc, which does not exist/,
  },
  {
    what: 'a second name',
    damage: (damage, { uid }) => damage.put(keys.name('test', 'zz'), NameRecord.encode({ uid }).finish()),
    check: 'names',
    says: /leads to the study of owners\/test\/studies\/asha/,
  },
  {
    what: 'a study without a name',
    damage: (damage) => damage.delete(keys.name('test', damagedStudy)),
    check: 'names',
    says: /is led to by no name/,
  },
  {
    what: 'a study that calls itself otherwise',
    damage: (damage, { uid }) =>
      damage.change(keys.study(uid), StudyRecord, (record) => ({
        ...record,
        study: { ...record.study!, uid: 'other' },
      })),
    check: 'names',
    says: /calls itself study other/,
    also: ['counters'],
  },
  {
    what: 'a purge of a study that is there',
    damage: (damage, { uid, name }) => damage.put(keys.purge(uid), PurgeRecord.encode({ name }).finish()),
    check: 'names',
    says: /still there/,
  },
  {
    what: 'records of a study that is gone',
    damage: async (damage, { uid }) => {
      await damage.put(keys.change('gone', 7), ChangeRecord.encode({ trial: 0 }).finish());
      await damage.put(keys.trial('gone', 1), await damage.value(keys.trial(uid, 1)));
    },
    check: 'leftovers',
    says: /holds 1 records of a study that does not exist/,
  },
];
