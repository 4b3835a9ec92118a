// For people: each scenario as it ends, failures in full right away, and a summary; on a terminal with a status line.
import pc from 'picocolors';
import { formatProblem } from '../../config/problem.ts';
import { cannotHappen } from '../../core/never.ts';
import { formatDuration } from '../../core/units.ts';
import type { Reporter, RunEvent, ScenarioResult } from '../result.ts';
import type { SourcePosition } from '../scenario.ts';
import type { Colours } from './difference.ts';
import { failureLines, place } from './failure-lines.ts';
import type { Output } from './output.ts';
import { onOneLine, printable, shortened } from './printable.ts';
import { countInvocations, slowestOf, stoppedText, totalsText } from './statistics.ts';
import { StatusLine } from './status-line.ts';

export interface TextOptions {
  readonly colour: boolean;
  /** The width of the terminal; null where there is none: plain lines only. */
  readonly columns: (() => number) | null;
}

type RunEnded = Extract<RunEvent, { type: 'run-ended' }>;

const MAX_NAME_CHARACTERS = 120;
const MAX_MESSAGE_CHARACTERS = 200;

export function textReporter(output: Output, { colour, columns }: TextOptions): Reporter {
  const c = pc.createColors(colour);
  const status = columns === null ? null : new StatusLine(output, columns);
  const running = new Map<string, string>();
  const progress = { total: 0, ended: 0, failed: 0 };

  let isAfterFailure = false;
  const write = (lines: readonly string[]): void => {
    status?.erase();
    const gap = isAfterFailure && lines[0] !== '' ? '\n' : '';
    output.write(gap + lines.map(line => `${line}\n`).join(''));
    isAfterFailure = false;
  };
  const showStatus = (): void => {
    const { total, ended, failed } = progress;
    const failures = failed === 0 ? '' : `, ${failed} failed`;
    status?.show(`${ended} of ${total}${failures}  running: ${[...running.values()].join(', ')}`);
  };

  return {
    tell(event) {
      switch (event.type) {
        case 'run-started':
          progress.total = event.total;
          write([c.dim(startLine(event))]);
          break;
        case 'problem':
          write(problemLines(formatProblem(event.problem), c));
          break;
        case 'scenario-started':
          running.set(place(event.at), onOneLine(event.name));
          break;
        case 'scenario-ended':
          running.delete(place(event.result.at));
          progress.ended++;
          write(resultLines(event.result, c));
          if (event.result.outcome === 'failed') {
            progress.failed++;
            isAfterFailure = true;
          }
          break;
        case 'run-ended':
          write(summaryLines(event, c));
          return;
        default:
          cannotHappen(event);
      }
      if (running.size > 0) showStatus();
    },
    async end() {
      status?.erase();
      await output.end();
    },
  };
}

function startLine({ total, parallel }: Extract<RunEvent, { type: 'run-started' }>): string {
  const atOnce = Math.min(total, parallel);
  return `${total} scenario${total === 1 ? '' : 's'}${atOnce > 1 ? `, ${atOnce} at once` : ''}`;
}

function problemLines(text: string, c: Colours): readonly string[] {
  return printable(text)
    .split('\n')
    .map((line, index) => (index === 0 ? `${c.red('!')} ${line}` : line));
}

function resultLines(result: ScenarioResult, c: Colours): readonly string[] {
  const { outcome, durationMs, at } = result;
  const where = c.dim(lineOf(at));
  switch (outcome) {
    case 'passed':
      return [
        `${c.green('✓')} ${nameOf(result)} ${c.dim(`(${formatDuration(Math.round(durationMs))})`)}  ${where}`,
      ];
    case 'skipped':
      return [
        `${c.yellow('-')} ${c.dim(`${nameOf(result)} (${durationMs > 0 ? 'cut short' : 'not run'})`)}  ${where}`,
      ];
    case 'failed':
      return [
        `${c.red('✗')} ${c.bold(nameOf(result))} ${c.dim(`(${formatDuration(Math.round(durationMs))})`)}  ${where}`,
        ...failureLines(result, c).map(line => (line === '' ? '' : `    ${line}`)),
      ];
    default:
      return cannotHappen(outcome);
  }
}

function summaryLines({ totals, stopped, results }: RunEnded, c: Colours): readonly string[] {
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  const invocations = countInvocations(results).map(
    ({ statusCode, cause, count }) => [`${statusCode ?? '-'} ${cause}`, String(count)] as const,
  );
  const why = stoppedText(stopped);
  const paint = totals.failed + totals.problems > 0 ? c.red : stopped === null ? c.green : c.yellow;
  return [
    ...block(
      'Failed',
      failed.map(result => `${failedAt(result)}  ${nameOf(result)}${c.dim(`: ${messageOf(result)}`)}`),
      c,
    ),
    // A list of one or two repeats what stands right above.
    ...block(
      'Slowest',
      results.length < 3
        ? []
        : columnsOf(
            slowestOf(results).map(each => [
              formatDuration(Math.round(each.durationMs)),
              `${nameOf(each)}  ${lineOf(each.at)}`,
            ]),
          ),
      c,
    ),
    ...block('Invocations', columnsOf(invocations.map(([what, count]) => [count, what])), c),
    '',
    `${c.bold(paint(totalsText(totals)))}${why === null ? '' : `, ${why}`}`,
  ];
}

function block(title: string, lines: readonly string[], c: Colours): readonly string[] {
  return lines.length === 0 ? [] : ['', c.bold(title), ...lines.map(line => `  ${line}`)];
}

/** The first column to the right. */
function columnsOf(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `${first.padStart(width)}  ${second}`);
}

function nameOf({ name }: ScenarioResult): string {
  return shortened(onOneLine(name), MAX_NAME_CHARACTERS);
}

function messageOf({ failure }: ScenarioResult): string {
  return shortened(onOneLine(failure?.message ?? ''), MAX_MESSAGE_CHARACTERS);
}

function lineOf({ file, line }: SourcePosition): string {
  return `${file}:${line}`;
}

/** Where to look first: the step, not the scenario. */
function failedAt({ at, failure }: ScenarioResult): string {
  return place(failure?.at ?? at);
}
