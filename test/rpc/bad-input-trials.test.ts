import { test } from 'node:test';
import { TrialState } from '../../server/gen/wazir/v1/trial.js';
import { invalid, refusal, refuseAll, type BadInput } from './bad-input.js';
import { look, prepare, study, type World } from './bad-input-world.js';
import { owner } from './study-requests.js';

const mebibyte = 'n'.repeat(2 ** 20);

type Row = BadInput<World>;

test('names, suggestions and lists', async (t) => {
  const malformed = {
    empty: '',
    'of a study': study,
    'trial 0': `${study}/trials/0`,
    'trial −1': `${study}/trials/-1`,
    'trial 1.5': `${study}/trials/1.5`,
    'trial 01': `${study}/trials/01`,
    'trial 1e0': `${study}/trials/1e0`,
    'trial 2^53': `${study}/trials/9007199254740992`,
    'trial 2^63': `${study}/trials/9223372036854775808`,
    'no trial': `${study}/trials/`,
    'extra slash': `${study}/trials/1/`,
    NUL: `${study}/trials/1\0`,
    '1 MiB': `${study}/trials/${'1'.repeat(2 ** 20)}`,
  };
  const suggest = (name: string, given: object, ...fields: string[]): Row =>
    invalid(
      `SuggestTrials: ${name}`,
      ({ client }) => client.suggestTrials({ parent: study, clientId: 'new', ...given }),
      ...fields,
    );
  const list = (name: string, given: object, ...fields: string[]): Row =>
    invalid(`ListTrials: ${name}`, ({ client }) => client.listTrials({ parent: study, ...given }), ...fields);
  await refuseAll(
    t,
    prepare,
    look,
    [
      ...Object.entries(malformed).map(([name, text]): Row =>
        invalid(`GetTrial: ${name}`, ({ client }) => client.getTrial({ name: text }), 'name'),
      ),
      ...(
        ['completeTrial', 'stopTrial', 'deleteTrial', 'renewLease', 'releaseTrial', 'updateMetadata'] as const
      ).map((method): Row =>
        invalid(`${method}: name`, ({ client }) => client[method]({ name: 'x' }), 'name'),
      ),
      refusal<World>('an unknown trial', 'NOT_FOUND', 'TRIAL_NOT_FOUND', ({ client }) =>
        client.getTrial({ name: `${study}/trials/99` }),
      ),
      refusal<World>('a deleted trial', 'NOT_FOUND', 'TRIAL_NOT_FOUND', ({ client, deleted }) =>
        client.getTrial({ name: deleted.name }),
      ),
      refusal<World>('a trial of an unknown study', 'NOT_FOUND', 'STUDY_NOT_FOUND', ({ client }) =>
        client.getTrial({ name: `${owner}/studies/there/trials/1` }),
      ),
      suggest('no client', { clientId: '' }, 'client_id'),
      suggest('a client of 257 bytes', { clientId: 'x'.repeat(257) }, 'client_id'),
      suggest('count −1', { count: -1 }, 'count'),
      suggest('count 1,001', { count: 1001 }, 'count'),
      suggest('holding trial 0', { holding: [{ trial: 0, attempt: 1 }] }, 'holding[0].trial'),
      suggest(
        'holding attempt 0',
        { holding: [{ trial: 1, attempt: 1 }, { trial: 1 }] },
        'holding[1].attempt',
      ),
      suggest('long request id', { requestId: 'é'.repeat(65) }, 'request_id'),
      suggest('request id of another method', { requestId: 'known' }, 'request_id'),
      invalid<World>(
        'SuggestTrials: name',
        ({ client }) => client.suggestTrials({ clientId: 'w' }),
        'parent',
      ),
      refusal<World>('SuggestTrials: unknown study', 'NOT_FOUND', 'STUDY_NOT_FOUND', ({ client }) =>
        client.suggestTrials({ parent: `${owner}/studies/there`, clientId: 'w' }),
      ),
      list('negative page', { pageSize: -1 }, 'page_size'),
      list('an unknown state', { states: [TrialState.ACTIVE, 99] }, 'states[1]'),
      list('state unspecified', { states: [0] }, 'states[0]'),
      list('an unknown order', { orderBy: 'name' }, 'order_by'),
      list('an order of 1 MiB', { orderBy: mebibyte }, 'order_by'),
      list('garbage token', { pageToken: 'AAAA' }, 'page_token'),
      list('a token of 1 MiB', { pageToken: mebibyte }, 'page_token'),
    ].map((row) => (row.name.endsWith('another method') ? { ...row, reason: 'REQUEST_ID_REUSED' } : row)),
  );
});
