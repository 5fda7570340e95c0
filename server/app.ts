/** The composition root: puts store, engine and services together. Tests and embedders start the server here. */
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import { AccessSource } from './access/access-source.js';
import type { TlsFiles } from './config.js';
import { limitsFrom, type Limits } from './domain/limits.js';
import { systemClock, type Clock } from './engine/clock.js';
import { draining, Engine } from './engine/engine.js';
import { endpointOf, endpointsOf, refuseExposed } from './front/endpoint.js';
import { GrpcFront } from './front/grpc-front.js';
import { Tls } from './front/tls.js';
import { AdminServiceService } from './gen/wazir/v1/admin.js';
import {
  MeasurementServiceService,
  ReportMeasurementResponse,
  StreamMeasurementsResponse,
} from './gen/wazir/v1/measurement.js';
import { StudyServiceService } from './gen/wazir/v1/study.js';
import {
  RenewLeaseResponse,
  SuggestTrialsResponse,
  Trial,
  TrialServiceService,
} from './gen/wazir/v1/trial.js';
import { adminService } from './rpc/admin-service.js';
import { loadDescriptors } from './rpc/descriptors.js';
import { Guard } from './rpc/guard.js';
import { guarded, requireRules } from './rpc/guard-services.js';
import { tolerant } from './rpc/malformed.js';
import { sendingEncoded } from './rpc/encoded-answers.js';
import { hearLivingStreams } from './rpc/living-streams.js';
import { measurementService } from './rpc/measurement-service.js';
import { OpenStreams } from './rpc/open-streams.js';
import { studyService } from './rpc/study-service.js';
import { trialService } from './rpc/trial-service.js';
import { openLevelStore, type LevelStoreOptions } from './store/level.js';
import type { Store } from './store/store.js';

export interface ServerOptions {
  /** `host:port` (port 0: any that is free) or `unix:/path`; at least one. */
  readonly listen: readonly string[];
  /** Made where it is missing. */
  readonly dataDir: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Those that are not given have their defaults. */
  readonly limits?: Partial<Limits>;
  readonly store?: Pick<
    LevelStoreOptions,
    'acceptLoss' | 'freeSpaceFloorBytes' | 'ballastBytes' | 'lockWaitMs'
  >;
  /** Paths of PEM files; plain text where they are not given. */
  readonly tls?: TlsFiles | undefined;
  /** Path of the access file; without one everybody may do everything. */
  readonly access?: string | undefined;
  /** Whether to listen in plain text beyond this machine, where there is no `tls`. */
  readonly insecure?: boolean;
  /** Where health alone is served, in plain text and to everybody. */
  readonly healthListen?: string | undefined;
  /** Whether the server describes itself; it does unless told. */
  readonly reflection?: boolean;
  /** How long a new connection may take until it speaks HTTP/2. */
  readonly handshakeTimeoutMs?: number;
}

export interface RunningServer {
  /** Where it listens, as clients write it, in the order of `listen`. */
  readonly addresses: readonly string[];
  /** Where health alone is served. */
  readonly healthAddress: string | undefined;
  /**
   * Turns NOT_SERVING, answers all that wait, lets calls under way finish for so
   * long, and closes the store.
   */
  close(graceMs?: number): Promise<void>;
}

const services = [
  '',
  'wazir.v1.StudyService',
  'wazir.v1.TrialService',
  'wazir.v1.MeasurementService',
  'wazir.v1.AdminService',
];
const defaultGraceMs = 5000;
const defaultHandshakeTimeoutMs = 5000;
const healthGraceMs = 1000;

/** Of the listener for health alone: probes, a few at a time. */
const healthLimits = { maxConnections: 128, maxCallsPerConnection: 16, maxMessageBytes: 4096 };

/**
 * Starts a server.
 * @throws StoreOpenError where the data directory can not be used
 * @throws ListenError where an address can not be listened on, or may not be in plain text
 * @throws CertificateError where the files of `tls` can not be used
 * @throws AccessFileError where the access file can not be used
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { logger, handshakeTimeoutMs = defaultHandshakeTimeoutMs } = options;
  // What can be refused before anything is touched.
  const endpoints = await endpointsOf(options.listen);
  if (!options.tls && !options.insecure) refuseExposed(endpoints);
  const healthEndpoint =
    options.healthListen === undefined ? undefined : await endpointOf(options.healthListen);
  const tls = options.tls && (await Tls.open({ files: options.tls, handshakeTimeoutMs, logger }));
  const limits = limitsFrom(options.limits);
  const clock = options.clock ?? systemClock;
  const front = new GrpcFront({ limits, handshakeTimeoutMs, tls, logger });
  const healthFront = new GrpcFront({ limits: healthLimits, handshakeTimeoutMs, logger });
  for (const { server } of [front, healthFront]) hearLivingStreams(server);
  let access: AccessSource | undefined;
  let store: Store | undefined;
  let engine: Engine | undefined;
  const release = async () => {
    for (const each of [front, healthFront]) each.destroy();
    tls?.close();
    access?.close();
    await engine?.close();
    await store?.close();
  };
  try {
    store = await openLevelStore({ ...options.store, directory: options.dataDir, logger });
    const opened = (engine = new Engine(store, clock, logger, limits));
    if (options.access !== undefined)
      access = await AccessSource.open({ path: options.access, clock, logger });
    await opened.open();
    const health = new HealthImplementation();
    const setHealth = (serving: boolean) => {
      for (const service of services) health.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING');
    };
    const guests = new OpenStreams();
    addServices(front.server, opened, { logger, guard: new Guard(access), guests, health, options });
    health.addToServer(guests.over(healthFront.server));
    const addresses: string[] = [];
    for (const endpoint of endpoints) addresses.push(await front.listen(endpoint));
    const healthAddress = healthEndpoint && (await healthFront.listen(healthEndpoint));
    opened.onHealth((healthy) => setHealth(healthy && !opened.isDraining));
    setHealth(true);
    return {
      addresses,
      healthAddress,
      async close(graceMs = defaultGraceMs) {
        setHealth(false);
        const drained = opened.drain();
        guests.endAll(draining());
        const cutOff = await front.shutDown(graceMs);
        if (cutOff > 0)
          logger.warn({ connections: cutOff, graceMs }, 'connections cut off: calls took too long');
        await drained;
        // Last, so that whoever probes is told until then that this server does not serve.
        await healthFront.shutDown(Math.min(graceMs, healthGraceMs));
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

interface Services {
  readonly logger: Logger;
  readonly guard: Guard;
  readonly guests: OpenStreams;
  readonly health: HealthImplementation;
  readonly options: ServerOptions;
}

function addServices(
  server: Server,
  engine: Engine,
  { logger, guard, guests, health, options }: Services,
): void {
  const descriptors = loadDescriptors();
  const parts = { logger, descriptors, guard };
  const own = [StudyServiceService, TrialServiceService, MeasurementServiceService, AdminServiceService];
  own.forEach(requireRules);
  server.addService(tolerant(StudyServiceService), studyService(engine, parts));
  const trials = sendingEncoded(TrialServiceService, {
    suggestTrials: SuggestTrialsResponse,
    completeTrial: Trial,
    releaseTrial: Trial,
    renewLease: RenewLeaseResponse,
  });
  server.addService(tolerant(trials), trialService(engine, parts));
  const measurements = sendingEncoded(MeasurementServiceService, {
    reportMeasurement: ReportMeasurementResponse,
    streamMeasurements: StreamMeasurementsResponse,
  });
  server.addService(tolerant(measurements), measurementService(engine, parts));
  server.addService(tolerant(AdminServiceService), adminService(engine, parts));
  const others = guests.over(guarded(server, guard));
  health.addToServer(others);
  if (options.reflection ?? true) new ReflectionService(descriptors).addToServer(others);
}
