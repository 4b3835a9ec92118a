// For programs: one JSON document at the end of the run, with everything that the other reporters tell.
import type { ConfigProblem } from '../../config/function-config.ts';
import type { Reporter } from '../result.ts';
import type { Output } from './output.ts';
import { countInvocations } from './statistics.ts';

/** Raised when a field changes its meaning or goes; one that is added is no new version. */
const VERSION = 1;

export function jsonReporter(output: Output): Reporter {
  const problems: ConfigProblem[] = [];
  return {
    tell(event) {
      if (event.type === 'problem') problems.push(event.problem);
      if (event.type !== 'run-ended') return;
      const { totals, stopped, results } = event;
      const document = {
        version: VERSION,
        totals,
        stopped,
        invocations: countInvocations(results),
        problems,
        scenarios: results,
      };
      output.write(`${JSON.stringify(document, null, 2)}\n`);
    },
    end: () => output.end(),
  };
}
