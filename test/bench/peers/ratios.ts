/** How many times as many whole trials Wazir does as a peer, round by round. */
import type { TargetRow } from '../target-row.js';
import type { Cell } from './cell.js';
import { median } from './meter.js';

/** The number of clients that the targets speak of. */
export const targetClients = 8;

const peers = [
  { name: 'vizier', title: 'OSS Vizier' },
  { name: 'optuna', title: 'Optuna' },
];
const ways = [
  { name: 'wazir-stream', title: 'streaming client', target: '>= 50' },
  { name: 'wazir-unary', title: 'unary calls', target: '>= 15' },
];

/** @param cells in the order in which they ran; those of one round are compared with each other */
export function ratios(cells: readonly Cell[]): TargetRow[] {
  const rates = (name: string) =>
    cells
      .filter(({ contender, clients }) => contender.name === name && clients === targetClients)
      .map(({ trialsPerSecond }) => trialsPerSecond);
  return peers.flatMap((peer) => {
    const theirs = rates(peer.name);
    return ways.flatMap((way) => {
      const each = rates(way.name).flatMap((rate, round) => {
        const their = theirs[round];
        return their === undefined ? [] : [rounded(rate / their)];
      });
      if (each.length === 0) return [];
      const question = `whole trials a second, ${targetClients} clients, against ${peer.title}: ${way.title}`;
      const [low, high] = [Math.min(...each), Math.max(...each)];
      return [{ question, ratio: median(each), low, high, target: way.target }];
    });
  });
}

function rounded(ratio: number): number {
  return Number(ratio.toPrecision(3));
}
