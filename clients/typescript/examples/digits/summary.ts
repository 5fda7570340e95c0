import type { Parameters, Study } from '../../src/index.js';
import type { Loss } from './crew.js';

/** What came of it, in the words of `--json`. */
export interface Summary {
  readonly best: { readonly value: number; readonly parameters: Parameters };
  /** Trials created so far. */
  readonly trials: number;
  /** Epochs trained. */
  readonly resource_used: number;
  /** Epochs that training every trial in full would have taken. */
  readonly resource_full: number;
  /** Trials handed to another worker after theirs was lost. */
  readonly reassigned: number;
}

export async function summarize(study: Study, epochs: number): Promise<Summary> {
  const [{ progress }, best] = await Promise.all([study.get(), study.best()]);
  if (progress === undefined || best === undefined) throw new Error('no trial was evaluated');
  const { requested, active, paused, stopping, succeeded, stopped, infeasible, failed } = progress;
  const trials = requested + active + paused + stopping + succeeded + stopped + infeasible + failed;
  return {
    best: { value: best.value, parameters: best.parameters },
    trials,
    resource_used: progress.resourceSpent,
    resource_full: trials * epochs,
    reassigned: progress.reassigned,
  };
}

/** The summary in sentences. */
export async function tell(
  study: Study,
  summary: Summary,
  loss: Loss | undefined,
  data: string,
): Promise<string> {
  const { best, trials, resource_used: used, resource_full: full } = summary;
  const share = Math.round((100 * used) / full);
  const lines = [
    '',
    `Best accuracy on held-out images: ${best.value.toFixed(4)}, with`,
    ...Object.entries(best.parameters).map(([name, value]) => `  ${name.padEnd(14)} ${show(value)}`),
    `Epochs trained: ${used}, ${share} % of the ${full} that all ${trials} trials would take in full.`,
    ...(loss === undefined ? [] : [await tellLoss(study, loss)]),
    `Everything lies in ${data}. Look at it again:`,
    `  npx wazir serve --data ${data}`,
    `  npx wazir best ${study.id}        (in another terminal)`,
    'Run the demo again to go on with more trials.',
  ];
  return lines.join('\n');
}

async function tellLoss(study: Study, { worker, trial }: Loss): Promise<string> {
  const { clientId, lastStep } = await study.getTrial(trial);
  return `Worker ${worker} was killed while it had trial ${trial}; ${clientId} took it on to epoch ${lastStep}.`;
}

function show(value: number | string): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : value;
}
