/** Is our own load client the limit? h2load makes the same calls, in turns. */
import assert from 'node:assert/strict';
import { TestClient } from '../test-client.js';
import { createBenchStudy } from './bench-study.js';
import {
  constantAnswer,
  constantReport,
  constantSuggest,
  loadOf,
  type ConstantCall,
} from './constant-call.js';
import type { Experiment } from './experiment.js';
import { amount, range } from './figure.js';
import { h2load, hasH2load } from './h2load.js';
import { drive } from './load.js';
import type { MeasuredProcess } from './measured-process.js';
import { startEcho, startWazir, withServers } from './servers.js';
import type { Setting } from './setting.js';
import { spreadOf } from './statistics.js';

const inFlight = 64;
const usual = { warmUps: 2, rounds: 7, requests: 12_800 };
const quick = { warmUps: 0, rounds: 2, requests: 256 };

/** What one client got out of a server in a turn. */
interface Got {
  readonly cpuMicros: number;
  readonly perSecond: number;
}

interface Subject {
  readonly name: string;
  readonly process: MeasuredProcess;
  readonly call: ConstantCall;
  /** How many calls the server itself knows to have answered well. */
  readonly count: () => Promise<number>;
}

export const clientCheck: Experiment = {
  name: 'our client beside h2load',
  about:
    `The same call over and over, ${inFlight} in flight on one connection, by our own client and by h2load in turns; ` +
    'calls are counted on the server. Where both get as much out of it, neither is the limit. Suggestions carry no ' +
    'request id here, since h2load can not change it: they cost less than those above.',

  async run(setting) {
    if (!(await hasH2load()))
      return {
        remark: 'h2load IS NOT INSTALLED (Debian: nghttp2-client): our client was checked against nothing.',
      };
    return withServers([() => startEcho(), () => startWazir(setting.directory())], async ([echo, wazir]) => {
      const client = new TestClient(`127.0.0.1:${wazir!.port}`);
      try {
        await echo!.setAnswer(constantReport.path, constantAnswer);
        const { name } = await createBenchStudy(client, { name: 'epoch', min: 1, max: 27 });
        const subjects: Subject[] = [
          { name: 'echo, reports', process: echo!, call: constantReport, count: () => echo!.answered() },
          {
            name: 'Wazir, suggestions',
            process: wazir!,
            call: constantSuggest(name),
            count: async () => (await client.getStudy({ name })).progress!.active,
          },
        ];
        const rows: string[][] = [];
        for (const subject of subjects) rows.push(await check(subject, setting));
        const head = [
          '',
          'CPU, ours',
          'CPU, h2load',
          'ours over h2load',
          'ours',
          'h2load',
          'ours over h2load',
        ];
        return { figures: { head, rows } };
      } finally {
        client.close();
      }
    });
  },
};

async function check(subject: Subject, setting: Setting): Promise<string[]> {
  const { warmUps, rounds, requests } = setting.quick ? quick : usual;
  const directory = setting.directory();
  const { call, process } = subject;
  const clients = [
    async () => (await drive(process.port, loadOf(call, requests, inFlight))).ms,
    () => h2load(call, { port: process.port, requests, inFlight, directory }),
  ];
  const got: Got[][] = [[], []];
  for (let round = -warmUps; round < rounds; round++)
    for (let i = 0; i < clients.length; i++) {
      const place = (i + round + warmUps) % clients.length;
      const one = await turn(subject, requests, clients[place]!);
      if (round >= 0) got[place]!.push(one);
    }
  const [ours, theirs] = got as [Got[], Got[]];
  const median = (all: Got[], figure: keyof Got) => amount(spreadOf(all.map((one) => one[figure])).median);
  const ratio = (figure: keyof Got) =>
    range(spreadOf(ours.map((one, round) => one[figure] / theirs[round]![figure])), 2);
  return [
    subject.name,
    ...[ours, theirs].map((all) => `${median(all, 'cpuMicros')} µs`),
    ratio('cpuMicros'),
    ...[ours, theirs].map((all) => `${median(all, 'perSecond')}/s`),
    ratio('perSecond'),
  ];
}

async function turn({ process, count }: Subject, requests: number, run: () => Promise<number>): Promise<Got> {
  const before = await count();
  const cpuBefore = await process.cpuMicros();
  const ms = await run();
  const cpuAfter = await process.cpuMicros();
  assert.equal((await count()) - before, requests, 'calls that the server has answered well');
  return { cpuMicros: (cpuAfter - cpuBefore) / requests, perSecond: (requests / ms) * 1000 };
}
