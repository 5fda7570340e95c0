import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { EngineWorld } from './engine-world.js';
import { jobOf } from './study-driver.js';
import { single } from './study-specs.js';
test('probe', async (t) => {
  const world = await EngineWorld.open(t);
  const study = await world.create(single(2 ** 40));
  const { trials } = await study.ask('a', { count: 600 });
  const jobs = trials.map(jobOf);
  let ceased = false, reports = 0;
  const workers = jobs.map(async (job, i) => {
    for (let step = 1; !ceased; step++) {
      await new Promise((r) => setTimeout(r, (i * 7 + step * 13) % 6));
      await study.report(job, step, step); reports++;
    }
  });
  for (let k = 0; k < 20; k++) {
    for (let q = 0; q < 300; q++) await setImmediate();
    const b = reports; const t0 = performance.now();
    await study.get();
    console.log('get', reports - b, 'reports', (performance.now() - t0).toFixed(1));
    if (performance.now() - t0 > 20000) break;
  }
  ceased = true; await Promise.all(workers);
});
