import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '../../server/codec/encode.js';
import { encodedOf, firstField, withEncoded } from '../../server/codec/encoded-form.js';
import { TrialRecord } from '../../server/gen/wazir/internal/v1/records.js';
import { StudyState, SuggestTrialsResponse, Trial } from '../../server/gen/wazir/v1/trial.js';

const trialOf = (clientId: string) =>
  Trial.fromPartial({
    name: 'owners/o/studies/s/trials/7',
    id: 7,
    clientId,
    attempts: 2,
    labels: { a: 'é' },
  });
const recordOf = (clientId: string) =>
  TrialRecord.fromPartial({ trial: trialOf(clientId), point: [0.25, NaN], spentBefore: 3 });

test('the trial of a record is its first field, and the first field of an answer', () => {
  for (const length of [1, 200, 20_000]) {
    const record = recordOf('x'.repeat(length));
    const { field, value } = firstField(encode(TrialRecord, record));
    assert.deepEqual(value, Buffer.from(Trial.encode(record.trial!).finish()));
    const rest = SuggestTrialsResponse.fromPartial({ studyState: StudyState.ACTIVE });
    const whole = SuggestTrialsResponse.fromPartial({ ...rest, trials: [record.trial!, record.trial!] });
    assert.deepEqual(
      encode(SuggestTrialsResponse, rest, [field, field]),
      Buffer.from(SuggestTrialsResponse.encode(whole).finish()),
    );
  }
});

test('a message with its encoded form compares and copies as without it', () => {
  const bytes = Buffer.from('x');
  const message = withEncoded(trialOf('a'), bytes);
  assert.equal(encodedOf(message), bytes);
  assert.deepEqual(message, trialOf('a'));
  assert.equal(encodedOf({ ...message, attempts: 3 }), undefined);
});
