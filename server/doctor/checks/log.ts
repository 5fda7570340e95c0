import type { Check } from '../check.js';

export const log: Check = {
  name: 'log',
  holds: 'LevelDB finds nothing damaged in its log.',

  directory({ view }, tell) {
    for (const words of view.dropped)
      tell({ record: 'db/*.log', what: `is damaged; LevelDB drops it when it is opened: ${words}` });
  },
};
