import { randomUUID } from 'node:crypto';
import { WazirError } from './error.js';
import {
  Study as StudyMessage,
  StudyServiceService,
  type ListAlgorithmsResponse,
} from './gen/wazir/v1/study.js';
import { HeldTrials } from './held-trials.js';
import { ownerName, studyName } from './names.js';
import { pages } from './pages.js';
import { ReportStream } from './report-stream.js';
import { Rpc, type RpcOptions } from './rpc.js';
import { Study } from './study.js';
import { writeStudySpec, type StudySettings } from './study-spec.js';

export interface ConnectOptions extends RpcOptions {
  /** Whose studies. Default `default`. */
  readonly owner?: string;
}

export interface CreateOptions extends StudySettings {
  readonly displayName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether a study of that id that is already there is taken as it is, whatever its settings. Default false. */
  readonly existOk?: boolean;
}

/**
 * A client of the server at `host:port` or `unix:/path`. Connects with the first
 * call. A process that has nothing else to do may end without closing it.
 */
export function connect(address: string, options: ConnectOptions = {}): Client {
  return new Client(address, options);
}

/** One connection to a server, shared by all studies and loops made from it. */
export class Client {
  readonly owner: string;
  readonly #rpc: Rpc;
  readonly #reports: ReportStream;
  readonly #held = new HeldTrials();

  constructor(address: string, options: ConnectOptions = {}) {
    this.owner = options.owner ?? 'default';
    this.#rpc = new Rpc(address, options);
    this.#reports = new ReportStream(this.#rpc);
  }

  /** A study by its id. Whether there is one shows with the first call. */
  study(id: string): Study {
    const context = { rpc: this.#rpc, reports: this.#reports, held: this.#held };
    return new Study(context, studyName(this.owner, id));
  }

  /**
   * Creates a study. Throws a WazirError: `ALREADY_EXISTS` where the owner has
   * one of that id and `existOk` is not set; `INVALID_ARGUMENT` with a violation
   * for each wrong field.
   */
  async createStudy(id: string, options: CreateOptions): Promise<Study> {
    const { displayName = '', labels = {}, existOk = false, ...settings } = options;
    const study = StudyMessage.create({ displayName, labels, spec: writeStudySpec(settings) });
    const request = { parent: ownerName(this.owner), studyId: id, study, requestId: randomUUID() };
    try {
      await this.#rpc.call(StudyServiceService.createStudy, request);
    } catch (error) {
      const exists = error instanceof WazirError && error.code === 'ALREADY_EXISTS';
      if (!exists || !existOk) throw error;
    }
    return this.study(id);
  }

  /** The owner's studies by id, as the server sends them. */
  listStudies(): AsyncGenerator<StudyMessage> {
    const parent = ownerName(this.owner);
    return pages(
      (pageToken) => this.#rpc.call(StudyServiceService.listStudies, { parent, pageSize: 0, pageToken }),
      (page) => page.studies,
    );
  }

  /** The samplers and schedulers that the server has. */
  listAlgorithms(): Promise<ListAlgorithmsResponse> {
    return this.#rpc.call(StudyServiceService.listAlgorithms, {});
  }

  /** Ends the connection: calls under way and reports not yet acknowledged fail with `CANCELLED`. */
  close(): void {
    this.#reports.close();
    this.#rpc.close();
  }
}
