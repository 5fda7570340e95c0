/** What are the settings of grpc-js worth that the echo shares with Wazir? */
import { constantAnswer, constantReport, loadOf } from './constant-call.js';
import type { Experiment } from './experiment.js';
import { amount, range } from './figure.js';
import { drive } from './load.js';
import type { MeasuredProcess } from './measured-process.js';
import { startEcho, withServers } from './servers.js';
import { spreadOf } from './statistics.js';

const lanes = 64;
const usual = { warmUps: 2, rounds: 7, requests: 15_000 };
const quick = { warmUps: 0, rounds: 2, requests: 256 };

export const echoDefaults: Experiment = {
  name: "the echo under grpc-js's defaults",
  about:
    'The echo that Wazir is held against has the settings of grpc-js that Wazir has: no channelz above all. ' +
    `Here it stands beside an echo under grpc-js's defaults, unary, ${lanes} in flight. A ratio by CPU against ` +
    'that one would be higher by the factor in the last row.',

  async run(setting) {
    const { warmUps, rounds, requests } = setting.quick ? quick : usual;
    return withServers([() => startEcho('wazir'), () => startEcho('defaults')], async (echoes) => {
      for (const echo of echoes) await echo.setAnswer(constantReport.path, constantAnswer);
      const micros: number[][] = [[], []];
      for (let round = -warmUps; round < rounds; round++)
        for (let i = 0; i < 2; i++) {
          const place = (i + round + warmUps) % 2;
          const each = await microsPerRequest(echoes[place]!, requests);
          if (round >= 0) micros[place]!.push(each);
        }
      const [shared, defaults] = micros as [number[], number[]];
      const ratios = defaults.map((each, round) => each / shared[round]!);
      return {
        figures: {
          head: ['echo', 'CPU a request'],
          rows: [
            ["Wazir's settings", `${amount(spreadOf(shared).median)} µs`],
            ["grpc-js's defaults", `${amount(spreadOf(defaults).median)} µs`],
            ['the second over the first', range(spreadOf(ratios), 2)],
          ],
        },
      };
    });
  },
};

async function microsPerRequest(echo: MeasuredProcess, requests: number): Promise<number> {
  const load = loadOf(constantReport, requests, lanes);
  const before = await echo.cpuMicros();
  await drive(echo.port, load);
  return ((await echo.cpuMicros()) - before) / requests;
}
