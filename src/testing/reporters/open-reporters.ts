// Planned reporters → reporters that write, all told the same.
import { cannotHappen } from '../../core/never.ts';
import type { Reporter } from '../result.ts';
import { githubReporter } from './github.ts';
import { jsonReporter } from './json.ts';
import { junitReporter } from './junit.ts';
import type { Output } from './output.ts';
import { fileOutput, streamOutput } from './output.ts';
import type { PlannedReporter } from './reporter-plan.ts';
import { textReporter } from './text.ts';

export interface Surroundings {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** For a terminal that does not know its width, or says 0. */
const UNKNOWN_COLUMNS = 80;

/** Throws a `ScfWsError` for a file that cannot be written. */
export function openReporters(plan: readonly PlannedReporter[], surroundings: Surroundings): Reporter {
  const reporters = plan.map(planned => openReporter(planned, { plan, surroundings }));
  return {
    tell: event => {
      for (const reporter of reporters) reporter.tell(event);
    },
    async end() {
      const ends = await Promise.allSettled(reporters.map(reporter => reporter.end()));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    },
  };
}

function openReporter(
  { kind, target }: PlannedReporter,
  { plan, surroundings }: { readonly plan: readonly PlannedReporter[]; readonly surroundings: Surroundings },
): Reporter {
  const { environment } = surroundings;
  const stream = target.to === 'file' ? null : surroundings[target.to];
  const output: Output =
    target.to === 'file' ? fileOutput(target.path) : streamOutput(surroundings[target.to]);
  switch (kind) {
    case 'text': {
      const isTerminal = stream?.isTTY === true;
      const isAlone = plan.filter(other => other.target.to === target.to).length === 1;
      return textReporter(output, {
        colour: isTerminal && environment.NO_COLOR === undefined,
        // A CI server may offer a terminal, but keeps what is written to it as a file; and a line that is rewritten must be
        // the last one on its stream.
        columns:
          isTerminal && isAlone && environment.CI === undefined
            ? () => stream?.columns || UNKNOWN_COLUMNS
            : null,
      });
    }
    case 'junit':
      return junitReporter(output);
    case 'json':
      return jsonReporter(output);
    case 'github':
      return githubReporter(output, {
        workspace: environment.GITHUB_WORKSPACE ?? null,
        summaryFile: environment.GITHUB_STEP_SUMMARY ?? null,
      });
    default:
      return cannotHappen(kind);
  }
}
