/** What this server can do, read from the two lists. */
import type { ListAlgorithmsResponse } from '../gen/wazir/v1/study.js';
import { samplers } from '../policy/samplers/index.js';
import { schedulers } from '../policy/schedulers/index.js';

export function listAlgorithms(): ListAlgorithmsResponse {
  return {
    samplers: samplers.map(({ name, summary, useWhen }) => ({
      name,
      summary,
      useWhen,
      needsResource: false,
      pausesTrials: false,
    })),
    schedulers: schedulers.map(({ name, summary, useWhen, needsResource, pausesTrials }) => ({
      name,
      summary,
      useWhen,
      needsResource,
      pausesTrials,
    })),
  };
}
