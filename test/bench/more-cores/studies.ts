/** The load: studies whose trials report, each trial waiting for its answer before its next report. */
import {
  Directive_Kind as DirectiveKind,
  MeasurementServiceService,
  ReportMeasurementRequest,
  ReportMeasurementResponse,
} from '../../../server/gen/wazir/v1/measurement.js';
import { TestClient } from '../../test-client.js';
import { messageFrame } from '../http2-frames.js';
import { drive, type Load } from '../load.js';
import { ReportedTrials } from '../reported-trials.js';
import type { Setup } from './setups.js';

export interface Size {
  /** Studies, of all ports together. */
  readonly studies: number;
  readonly trialsOfEach: number;
  readonly connections: number;
}

export class LoadedStudies {
  private constructor(
    private readonly clients: readonly TestClient[],
    private readonly ports: readonly { readonly port: number; readonly studies: readonly ReportedTrials[] }[],
    private readonly size: Size,
  ) {}

  static async make(setup: Setup, size: Size): Promise<LoadedStudies> {
    const clients = setup.ports.map((port) => new TestClient(`127.0.0.1:${port}`));
    const ports = setup.ports.map((port) => ({ port, studies: [] as ReportedTrials[] }));
    for (let i = 0; i < size.studies; i++) {
      const client = naming(clients[i % clients.length]!, `study-${i}`);
      ports[i % ports.length]!.studies.push(await ReportedTrials.borrow(client, size.trialsOfEach));
    }
    return new LoadedStudies(clients, ports, size);
  }

  /** Prepares so many reports, or a few less; what it returns sends them. */
  load(count: number): () => Promise<{ reports: number; ms: number; clientMicros: number }> {
    const lanes = this.size.studies * this.size.trialsOfEach;
    const ofEach = Math.floor(count / lanes);
    const loads = this.ports.map(({ port, studies }) => ({ port, load: this.#load(studies, ofEach) }));
    return async () => {
      const start = performance.now();
      const cpu = process.cpuUsage();
      await Promise.all(loads.map(({ port, load }) => drive(port, load)));
      const { user, system } = process.cpuUsage(cpu);
      return { reports: ofEach * lanes, ms: performance.now() - start, clientMicros: user + system };
    };
  }

  /** Throws where a server does not have every report that it acknowledged. */
  async close(): Promise<void> {
    for (const { studies } of this.ports) for (const study of studies) await study.verify();
    for (const client of this.clients) client.close();
  }

  #load(studies: readonly ReportedTrials[], ofEach: number): Load {
    return {
      path: MeasurementServiceService.reportMeasurement.path,
      connections: Math.max(1, this.size.connections / this.ports.length),
      // Neighbours on different connections, so that each connection has calls of every study.
      lanes: studies.flatMap((study) =>
        Array.from({ length: this.size.trialsOfEach }, (_, place) =>
          Array.from({ length: ofEach }, () =>
            messageFrame(ReportMeasurementRequest.encode(study.next(place)).finish()),
          ),
        ),
      ),
      check(answer) {
        const { directive } = ReportMeasurementResponse.decode(answer);
        if (directive?.kind !== DirectiveKind.CONTINUE)
          throw new Error(`CONTINUE was expected, not ${JSON.stringify(directive)}`);
      },
    };
  }
}

/** The same client, which gives the studies that it creates this id. */
function naming(client: TestClient, studyId: string): TestClient {
  const { createStudy } = client;
  return Object.assign(Object.create(client) as TestClient, {
    createStudy: (request: object) => createStudy({ ...request, studyId }),
  });
}
