import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatTrialName, idFault, parseTrialName, splitTrialName } from '../../server/domain/names.js';

const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !idFault(text));

describe('names of trials', () => {
  it('split into the name of the study and the number, as the parser has them', () => {
    fc.assert(
      fc.property(
        id,
        id,
        fc
          .maxSafeNat()
          .map((n) => n + 1)
          .filter(Number.isSafeInteger),
        (owner, study, trial) => {
          const name = formatTrialName({ owner, study }, trial);
          assert.deepEqual(parseTrialName('trial', name), { owner, study, trial });
          assert.deepEqual(splitTrialName(name), { study: `owners/${owner}/studies/${study}`, trial });
        },
      ),
    );
  });

  it('are whatever stands before the last number, where nobody has looked at it', () => {
    assert.deepEqual(splitTrialName('x/trials/1/trials/2'), { study: 'x/trials/1', trial: 2 });
    for (const name of [
      '',
      '/trials/',
      'x/trials/0',
      'x/trials/01',
      'x/trials/1/',
      'x/trials/1e3',
      'x/trials/9007199254740992',
    ])
      assert.equal(splitTrialName(name), undefined, name);
  });
});
