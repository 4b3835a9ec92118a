// All that is known of a failure, as lines for people: enough to see why without a debugger. Pure.
import type { InvocationReport } from '../../core/invocation.ts';
import { formatDuration } from '../../core/units.ts';
import type { ScenarioResult, StepFailure } from '../result.ts';
import type { SourcePosition } from '../scenario.ts';
import type { Colours } from './difference.ts';
import { differenceLines } from './difference.ts';
import { inline, printable, shortened } from './printable.ts';

const MAX_LINE_CHARACTERS = 1000;

export function failureLines(
  { failure, invocations }: Pick<ScenarioResult, 'failure' | 'invocations'>,
  c: Colours,
): readonly string[] {
  if (failure === null) return [];
  return [
    `${c.cyan(place(failure.at))} ${failure.step}: ${printable(failure.message)}`,
    ...comparison(failure, c),
    ...(hasClient(failure) ? receivedLines(failure, c) : []),
    ...outputLines(failure, c),
    ...invocations.map(report => c.dim(`ended: ${invocationText(report)}`)),
    ...(failure.explanation === null ? [] : [`${c.yellow('→')} ${printable(failure.explanation)}`]),
  ].flatMap(text => text.split('\n'));
}

export function place({ file, line, column }: SourcePosition): string {
  return `${file}:${line}:${column}`;
}

function comparison({ expected, actual }: StepFailure, c: Colours): readonly string[] {
  if (expected !== null && actual !== null) return indented(differenceLines(expected, actual, c));
  if (expected !== null) return indented(labelled('expected', c.green(shown(expected))));
  return actual === null ? [] : indented(labelled('actual', c.red(shown(actual))));
}

/** What has several lines stands below its label. */
function labelled(label: string, text: string): readonly string[] {
  return text.includes('\n')
    ? [label, ...text.split('\n').map(line => `  ${line}`)]
    : [`${label.padEnd(10)}${text}`];
}

/** A scenario that was not even begun has received nothing, and to say so would mislead. */
function hasClient({ step }: StepFailure): boolean {
  return step !== 'start' && step !== 'scf-ws';
}

function receivedLines({ received }: StepFailure, c: Colours): readonly string[] {
  if (received.length === 0) return [c.dim('received nothing since the last step that succeeded')];
  const times = received.map(({ sinceMs }) => formatDuration(Math.round(sinceMs)));
  const width = Math.max(...times.map(time => time.length));
  return [
    c.dim('received since the last step that succeeded:'),
    ...received.map(
      ({ text }, index) =>
        `  ${c.dim(`${times[index] ?? ''}`.padStart(width))}  ${shortened(inline(text), MAX_LINE_CHARACTERS)}`,
    ),
  ];
}

function outputLines({ output }: StepFailure, c: Colours): readonly string[] {
  if (output.length === 0) return [];
  return [
    c.dim('the function said:'),
    ...output.map(
      ({ stream, line }) =>
        `  ${stream === 'stderr' ? c.yellow('!') : c.dim('|')} ${shortened(inline(line), MAX_LINE_CHARACTERS)}`,
    ),
  ];
}

function invocationText({ statusCode, cause, closeCode, durationMs, sandbox }: InvocationReport): string {
  const code = closeCode === null ? '' : ` ${closeCode}`;
  const exit = cause === 'process-exited' && sandbox.exit !== null ? ` (${sandbox.exit})` : '';
  return `${statusCode ?? '-'} ${cause}${code}${exit} after ${formatDuration(Math.round(durationMs))}`;
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map(line => `  ${line}`);
}

function shown(text: string): string {
  return shortened(printable(text), MAX_LINE_CHARACTERS);
}
