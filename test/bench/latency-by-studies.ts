/** Does a suggestion take longer where many studies are open? */
import assert from 'node:assert/strict';
import {
  SuggestTrialsRequest,
  SuggestTrialsResponse,
  TrialServiceService,
} from '../../server/gen/wazir/v1/trial.js';
import { TestClient } from '../test-client.js';
import type { Experiment } from './experiment.js';
import { power } from './figure.js';
import { messageFrame } from './http2-frames.js';
import { latencyCurves, latencyFigures } from './latency-report.js';
import { ratioRow, takeTurns, type Contender } from './latency-turns.js';
import { drive, type Load } from './load.js';
import type { MeasuredProcess } from './measured-process.js';
import { laneLength } from './question.js';
import { requestId } from './request-id.js';
import { makeTemplate } from './seed/template.js';
import { writeStudies } from './seed/write-studies.js';
import { startWazir, withServers } from './servers.js';

const few = 10;
const lanes = 4;
/** Calls at a time while studies are opened. */
const openingLanes = 64;
const studiesVerified = 100;
const suggestsPerTurn = 500;
const usual = { warmUps: 3, rounds: 11 };
const quick = { warmUps: 0, rounds: 2 };

/** @param sizes rising numbers of open studies, 10 among them; the last is held against 10 */
export function latencyByStudies(sizes: readonly number[]): Experiment {
  return {
    name: 'latency by open studies',
    about:
      'A server for each number of studies, asked in turns. Every study is open: it has lent a trial before anything ' +
      `is measured. In a turn ${suggestsPerTurn} trials are suggested, ${lanes} calls in flight, each in another ` +
      'study than the one before: the calls go round all studies that there are.',

    async run(setting) {
      const counts = setting.quick ? sizes.map((size) => Math.min(size, 20)) : sizes;
      const template = await makeTemplate(setting.directory());
      const seeds: { readonly directory: string; readonly names: readonly string[] }[] = [];
      for (const studies of counts) {
        const directory = setting.directory();
        seeds.push({
          directory,
          names: await writeStudies(directory, template, { studies, trials: 0, mix: 'finished' }),
        });
      }
      const starts = seeds.map(
        ({ directory }) =>
          () =>
            startWazir(directory),
      );
      return withServers(starts, async (processes) => {
        const rounds: Round[] = [];
        for (const [i, { names }] of seeds.entries()) rounds.push(await Round.open(processes[i]!, names));
        const turns = await takeTurns(
          rounds.map((round) => round.contender(setting.quick ? 20 : suggestsPerTurn)),
          setting.quick ? quick : usual,
        );
        for (const round of rounds) await round.verify();
        const resident = await Promise.all(processes.map((process) => process.residentBytes()));
        const suggests = turns.get('suggest')!;
        const manyAndFew = [suggests.at(-1)!, suggests[sizes.indexOf(few)]!] as const;
        const question = `suggest, ${power(sizes.at(-1)!)} open studies against ${few}`;
        const title = `Suggestions where ${sizes[0]} to ${power(sizes.at(-1)!)} studies are open`;
        return {
          targets: [
            ratioRow(`${question}: median`, '<= 1.2', 'medianMs', manyAndFew),
            ratioRow(`${question}: p99`, '<= 1.2', 'p99Ms', manyAndFew),
          ],
          figures: latencyFigures('open studies', sizes, turns, resident),
          pictures: [latencyCurves(title, { name: 'open studies', values: sizes }, turns)],
        };
      });
    },
  };
}

/** Goes round the studies of a server, again and again. */
class Round {
  #requests = 0;
  /** How often each was asked for a trial. */
  readonly #asked: Uint32Array;

  private constructor(
    private readonly process: MeasuredProcess,
    private readonly names: readonly string[],
  ) {
    this.#asked = new Uint32Array(names.length);
  }

  static async open(process: MeasuredProcess, names: readonly string[]): Promise<Round> {
    const round = new Round(process, names);
    await drive(process.port, round.#suggests(names.length, Math.min(openingLanes, names.length)));
    return round;
  }

  contender(each: number): Contender {
    return { process: this.process, asks: new Map([['suggest', () => this.#suggests(each, lanes)]]) };
  }

  /** Throws where one of some of the studies does not have all that it has acknowledged. */
  async verify(): Promise<void> {
    const client = new TestClient(`127.0.0.1:${this.process.port}`);
    try {
      for (let i = 0; i < this.names.length; i += Math.ceil(this.names.length / studiesVerified)) {
        const name = this.names[i]!;
        const { progress } = await client.getStudy({ name });
        assert.equal(progress?.active, this.#asked[i], `trials of ${name}`);
      }
    } finally {
      client.close();
    }
  }

  #suggests(count: number, inFlight: number): Load {
    const request = () => {
      const number = ++this.#requests;
      const place = number % this.names.length;
      this.#asked[place]!++;
      const asked = {
        parent: this.names[place]!,
        clientId: `worker-${number}`,
        requestId: requestId(number),
      };
      return messageFrame(SuggestTrialsRequest.encode(SuggestTrialsRequest.fromPartial(asked)).finish());
    };
    return {
      path: TrialServiceService.suggestTrials.path,
      connections: 1,
      lanes: Array.from({ length: inFlight }, () =>
        Array.from({ length: laneLength(count, inFlight) }, request),
      ),
      check(answer) {
        const { trials } = SuggestTrialsResponse.decode(answer);
        assert.equal(trials.length, 1, 'trials of an answer');
      },
    };
  }
}
