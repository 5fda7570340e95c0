/**
 * The parent of a server of several processes: takes the connections of the one
 * port and deals them out in turn (node:cluster). Argument: `Member[]`.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Member } from './member-process.js';

cluster.schedulingPolicy = cluster.SCHED_RR;
const members = JSON.parse(process.argv[2]!) as Member[];
const exec = fileURLToPath(new URL('./member-process.ts', import.meta.url));
const workers: Worker[] = [];
const told: Promise<unknown[]>[] = [];
for (const member of members) {
  cluster.setupPrimary({ exec, args: [JSON.stringify(member)] });
  const worker = cluster.fork();
  workers.push(worker);
  told.push(once(worker, 'message'));
}
const fail = (code: number) => process.exit(code || 1);
for (const worker of workers) worker.on('exit', fail);
process.on('disconnect', () => {
  for (const worker of workers) worker.process.kill('SIGKILL');
  process.exit(1);
});
await Promise.all(told);
const listening = workers.map(async (worker) => {
  const said = once(worker, 'message');
  worker.send('go');
  const [{ port }] = (await said) as [{ port?: number }];
  return port;
});
const ports = (await Promise.all(listening)).filter((port) => port !== undefined);
process.send!({ port: ports[0], pids: workers.map((worker) => worker.process.pid) });
await once(process, 'message');
await Promise.all(
  workers.map(async (worker) => {
    worker.off('exit', fail);
    const exited = once(worker, 'exit');
    worker.send('close');
    await exited;
  }),
);
process.removeAllListeners('disconnect');
process.disconnect();
