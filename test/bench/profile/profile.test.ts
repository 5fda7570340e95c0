import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = (...flags: string[]) => {
  const script = fileURLToPath(new URL('./run.ts', import.meta.url));
  return promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), script, ...flags]);
};

describe('the profile command', () => {
  const out = mkdtempSync(path.join(tmpdir(), 'wazir-profile-test-'));
  after(() => rmSync(out, { recursive: true, force: true }));

  it('leaves two profiles of the server under load, and sums them up', { timeout: 120_000 }, async () => {
    const { stdout } = await run('--quick', '--of', 'suggest', '--out', out, '--top', '500');
    assert.deepEqual(readdirSync(out).sort(), [
      'suggest-64-in-flight.cpuprofile',
      'suggest-64-in-flight.heapprofile',
    ]);
    const parts = stdout.split(/^(?=CPU time|Bytes allocated)/m);
    assert.equal(parts.length, 2);
    for (const part of parts) {
      // The server's own code has been seen at work, not the measuring one's.
      assert.match(part, /^server\/engine +\d/m);
      assert.match(part, /^@grpc\/grpc-js +\d/m);
      assert.doesNotMatch(part, /raw-connection/);
      // Lines as they are written: tsx makes one of each file.
      assert.match(part, /server\/engine\/[-a-z/]+\.ts:\d{2,} /);
    }
  });

  it('tells which loads there are', async () => {
    await assert.rejects(run('--of', 'nonsense'), /--of is part of one of: suggest, 64 in flight; /);
  });
});
