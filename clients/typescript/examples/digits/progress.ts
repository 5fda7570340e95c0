import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { Rungs } from './rungs.js';

/** How the demo shows how far it is. */
export interface Progress {
  /** Something changed; `improved` where it is the best value. */
  update(rungs: Rungs, improved: boolean): void;
  /** Says something that stays on the screen. */
  say(text: string): void;
  stop(): void;
}

/** Shows nothing. */
export const silent: Progress = { update() {}, say() {}, stop() {} };

/** A bar for each rung, drawn over and over. */
export function bars(ladder: readonly number[], trials: number, eta: number): Progress {
  const format = '{label} {bar} {value}/{total} {best}';
  const multi = new MultiBar({ format, hideCursor: true, linewrap: null }, Presets.rect);
  const single: SingleBar[] = ladder.map((epochs, rung) =>
    multi.create(expected(trials, eta, rung), 0, {
      label: `${epochs} epoch${epochs > 1 ? 's' : ''}`.padEnd(10),
      best: '',
    }),
  );
  return {
    update(rungs) {
      rungs.counts().forEach((count, rung) => {
        const bar = single[rung]!;
        // An early promotion may turn out not to be among the best in the end: then there are a few more.
        if (count > bar.getTotal()) bar.setTotal(count);
        bar.update(count, rung === ladder.length - 1 ? { best: describe(rungs) } : {});
      });
    },
    say: (text) => multi.log(`${text}\n`),
    stop: () => multi.stop(),
  };
}

/** A line for each new best value. */
export function lines(write: (line: string) => void): Progress {
  return {
    update(rungs, improved) {
      if (!improved) return;
      const reached = rungs.counts().map((count, rung) => `${count} at ${rungs.ladder[rung]}`);
      write(`${describe(rungs)}; trials by epochs: ${reached.join(', ')}`);
    },
    say: write,
    stop() {},
  };
}

function describe({ best }: Rungs): string {
  return best.value === -Infinity
    ? ''
    : `best ${best.value.toFixed(4)} (trial ${best.trial}, epoch ${best.epoch})`;
}

/** About how many trials reach a rung. */
function expected(trials: number, eta: number, rung: number): number {
  return Math.max(1, Math.floor(trials / eta ** rung));
}
