// Loaded into the server before it starts (NODE_OPTIONS): on SIGUSR2 it collects garbage and appends one line of
// figures to the file that WAZIR_PROBE_FILE names. The server itself knows nothing of it.
import { appendFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('SIGUSR2', () => {
  collect();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  const resources = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const line = JSON.stringify({ heapUsed, external, arrayBuffers, rss, resources });
  appendFileSync(process.env.WAZIR_PROBE_FILE, `${line}\n`);
});
