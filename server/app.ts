/** The composition root: puts store, engine and services together. Tests and embedders start the server here. */
import { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import { parseAddress } from './address.js';
import { systemClock, type Clock } from './engine/clock.js';
import { Engine } from './engine/engine.js';
import { MeasurementServiceService } from './gen/wazir/v1/measurement.js';
import { StudyServiceService } from './gen/wazir/v1/study.js';
import { TrialServiceService } from './gen/wazir/v1/trial.js';
import { loadDescriptors } from './rpc/descriptors.js';
import { listen, ListenError } from './rpc/listen.js';
import { tolerant } from './rpc/malformed.js';
import { measurementService } from './rpc/measurement-service.js';
import { studyService } from './rpc/study-service.js';
import { trialService } from './rpc/trial-service.js';
import { openLevelStore } from './store/level.js';

export interface ServerOptions {
  /** `host:port` (port 0: any that is free) or `unix:/path`; at least one. */
  readonly listen: readonly string[];
  /** Made where it is missing. */
  readonly dataDir: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface RunningServer {
  /** Where it listens, as clients write it, in the order of `listen`. */
  readonly addresses: readonly string[];
  /**
   * Turns NOT_SERVING, answers all that wait, lets calls under way finish for so
   * long, and closes the store.
   */
  close(graceMs?: number): Promise<void>;
}

const services = ['', 'wazir.v1.StudyService', 'wazir.v1.TrialService', 'wazir.v1.MeasurementService'];
const defaultGraceMs = 5000;

/**
 * Starts a server.
 * @throws StoreOpenError where the data directory can not be used
 * @throws ListenError where an address can not be listened on
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { logger } = options;
  const store = await openLevelStore({ directory: options.dataDir, logger });
  const engine = new Engine(store, options.clock ?? systemClock, logger);
  const server = new Server();
  const health = new HealthImplementation();
  const setHealth = (serving: boolean) => {
    for (const service of services) health.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING');
  };
  try {
    await engine.open();
    const descriptors = loadDescriptors();
    const parts = { logger, descriptors };
    server.addService(tolerant(StudyServiceService), studyService(engine, parts));
    server.addService(tolerant(TrialServiceService), trialService(engine, parts));
    server.addService(tolerant(MeasurementServiceService), measurementService(engine, parts));
    health.addToServer(server);
    new ReflectionService(descriptors).addToServer(server);
    const addresses: string[] = [];
    for (const text of options.listen) {
      const address = parseAddress(text, 0);
      if (!address) throw new ListenError(text, 'must be host:port or unix:/path');
      addresses.push(await listen(server, address));
    }
    engine.onHealth((healthy) => setHealth(healthy && !engine.isDraining));
    setHealth(true);
    return {
      addresses,
      async close(graceMs = defaultGraceMs) {
        setHealth(false);
        await engine.drain();
        await shutDown(server, graceMs);
        await engine.close();
        await store.close();
      },
    };
  } catch (error) {
    server.forceShutdown();
    await engine.close();
    await store.close();
    throw error;
  }
}

/** Lets calls under way finish; what has not finished after the grace period is cut off. */
async function shutDown(server: Server, graceMs: number): Promise<void> {
  const finished = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  let timer: NodeJS.Timeout | undefined;
  const cutOff = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
  });
  await Promise.race([finished, cutOff]);
  clearTimeout(timer);
}
