import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeAccess } from '../../../test/access/people.js';
import { FakeClock } from '../../../test/engine/fake-clock.js';
import { Authority } from '../../../test/tls/certificates.js';
import { settings, startLive } from './live-server.js';

test('a job goes on while its token is replaced, over mutual TLS', async (t) => {
  const authority = await Authority.create(t);
  const certificate = await authority.server();
  const own = await authority.issue({ name: 'worker', use: 'client' });
  const tokenFile = join(authority.directory, 'token');
  writeFileSync(tokenFile, 'first');
  const worker = { name: 'worker', role: 'work', owners: ['team-a'] } as const;
  const access = writeAccess(authority.directory, [{ ...worker, token: 'first' }]);
  const clock = new FakeClock();
  const tls = { cert: certificate.certFile, key: certificate.keyFile, clientCa: authority.certFile };
  const live = await startLive(t, { clock, tls, access });
  const files = { ca: authority.certFile, cert: own.certFile, key: own.keyFile };
  const options = { owner: 'team-a', tls: files };
  const client = live.connect({ ...options, tokenFile });
  const study = await client.createStudy('s', settings);

  const withoutToken = live.connect(options);
  await assert.rejects(withoutToken.study('s').get(), { code: 'UNAUTHENTICATED', reason: 'UNAUTHENTICATED' });
  await assert.rejects(study.delete(), { code: 'PERMISSION_DENIED', reason: 'PERMISSION_DENIED' });
  await assert.rejects(
    live
      .connect({ ...options, owner: 'team-b', tokenFile })
      .study('s')
      .get(),
    {
      code: 'NOT_FOUND',
    },
  );

  let replaced = false;
  for await (const trial of study.trials({ checkpointDir: join(live.directory, 'checkpoints') })) {
    for await (const epoch of trial.steps()) {
      await trial.report(epoch, { score: trial.parameters['x'] as number });
      if (replaced) continue;
      replaced = true;
      await writeFile(`${tokenFile}.new`, 'next');
      await rename(`${tokenFile}.new`, tokenFile);
      writeAccess(authority.directory, [{ ...worker, token: 'next' }]);
      // Once the server knows the next token, it has ended the stream that the one before had opened.
      const next = live.connect({ ...options, token: 'next', retryForSeconds: 0 });
      const known = () =>
        next
          .study('s')
          .get()
          .then(
            () => true,
            () => false,
          );
      while (!(await known())) await clock.advance(1_000);
    }
    await writeFile(trial.checkpointPathToWrite, '');
  }
  assert.ok(replaced);
  const trials = [];
  for await (const trial of study.listTrials()) trials.push(trial);
  assert.equal(trials.length, 9);
  assert.deepEqual(new Set(trials.map(({ expiries }) => expiries)), new Set([0]));
  renameSync(tokenFile, `${tokenFile}.away`);
  assert.ok(await study.best());
});
