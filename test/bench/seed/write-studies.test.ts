import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../../../server/app.js';
import { examine } from '../../../server/doctor/examine.js';
import { TrialState } from '../../../server/gen/wazir/v1/trial.js';
import { createLogger } from '../../../server/logger.js';
import { TestClient } from '../../test-client.js';
import { makeTemplate, type Template } from './template.js';
import { writeStudies, type Mix } from './write-studies.js';

describe('seeded studies', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'wazir-seed-'));
  let template: Template;
  before(async () => (template = await makeTemplate(path.join(root, 'template'))));
  after(() => rmSync(root, { recursive: true, force: true }));

  for (const mix of ['finished', 'paused'] satisfies Mix[])
    it(`are as a server writes them: ${mix}`, async () => {
      const directory = path.join(root, mix);
      const names = await writeStudies(directory, template, { studies: 2, trials: 60, mix });
      const { findings, studies, trials, measurements } = await examine(directory);
      assert.deepEqual(findings, []);
      assert.deepEqual({ studies, trials, measurements }, { studies: 2, trials: 120, measurements: 120 });
      const server = await startServer({
        listen: ['127.0.0.1:0'],
        dataDir: directory,
        logger: createLogger({ level: 'error' }),
      });
      const client = new TestClient(server.addresses[0]!);
      try {
        for (const parent of names) {
          // Nothing is left to promote: what there is to do is a new trial.
          const { trials: suggested } = await client.suggestTrials({ parent, clientId: 'worker' });
          assert.deepEqual(
            suggested.map(({ id, scheduling, state }) => ({ id, draw: scheduling?.draw, state })),
            [{ id: 61, draw: 60, state: TrialState.ACTIVE }],
          );
          const { progress } = await client.getStudy({ name: parent });
          assert.equal(progress?.paused, mix === 'paused' ? 40 : 0);
          assert.equal(progress?.succeeded, mix === 'paused' ? 20 : 60);
        }
      } finally {
        client.close();
        await server.close();
      }
      assert.deepEqual((await examine(directory)).findings, []);
    });
});
