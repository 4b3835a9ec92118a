// For GitHub Actions: an annotation at the line of each failure, and a summary on the page of the run.
import { appendFileSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import pc from 'picocolors';
import type { Reporter, RunEvent, ScenarioResult } from '../result.ts';
import type { SourcePosition } from '../scenario.ts';
import { failureLines, place } from './failure-lines.ts';
import type { Output } from './output.ts';
import { onOneLine, printable } from './printable.ts';
import { countInvocations, stoppedText, totalsText } from './statistics.ts';

export interface GithubOptions {
  /** The root of the repository, to which annotations are relative; null: the current folder. */
  readonly workspace: string | null;
  /** The file that GITHUB_STEP_SUMMARY names; null: no summary is wanted. */
  readonly summaryFile: string | null;
}

const PLAIN = pc.createColors(false);

export function githubReporter(output: Output, { workspace, summaryFile }: GithubOptions): Reporter {
  const annotate = (at: SourcePosition, title: string, message: string): void =>
    output.write(`${annotation({ ...at, file: inRepository(at.file, workspace) }, title, message)}\n`);
  const problems: string[] = [];
  return {
    tell(event) {
      if (event.type === 'problem') {
        const { message, advice } = event.problem;
        annotate(event.problem, 'Scenario file', printable(`${message}\n${advice}`));
        problems.push(`${place(event.problem)} ${message}`);
      }
      if (event.type === 'scenario-ended' && event.result.failure !== null) {
        const { failure, name } = event.result;
        annotate(failure.at, onOneLine(name), failureLines(event.result, PLAIN).join('\n'));
      }
      if (event.type !== 'run-ended' || summaryFile === null) return;
      try {
        appendFileSync(summaryFile, markdown(event, problems));
      } catch (error) {
        output.write(`::warning::${data(`Cannot write the step summary: ${(error as Error).message}`)}\n`);
      }
    },
    end: () => output.end(),
  };
}

/** A workflow command: https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function annotation({ file, line, column }: SourcePosition, title: string, message: string): string {
  const where = `file=${property(file)},line=${line},col=${column},title=${property(title)}`;
  return `::error ${where}::${data(message)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function inRepository(file: string, workspace: string | null): string {
  if (workspace === null) return file;
  const path = relative(workspace, resolve(file));
  return path.startsWith('..') || isAbsolute(path) ? file : path;
}

function markdown(
  { totals, stopped, results }: Extract<RunEvent, { type: 'run-ended' }>,
  problems: readonly string[],
): string {
  const why = stoppedText(stopped);
  const invocations = countInvocations(results);
  const lines = [
    `### scf-ws: ${totalsText(totals)}${why === null ? '' : `, ${why}`}`,
    '',
    ...problems.map(problem => `- ${inCode(problem)}`),
    ...results.filter(({ outcome }) => outcome === 'failed').flatMap(failureMarkdown),
  ];
  if (invocations.length > 0) {
    lines.push('', '| status | cause | invocations |', '| ---: | --- | ---: |');
    for (const { statusCode, cause, count } of invocations)
      lines.push(`| ${statusCode ?? '–'} | ${cause} | ${count} |`);
  }
  return `${lines.join('\n')}\n\n`;
}

function failureMarkdown(result: ScenarioResult): readonly string[] {
  const body = failureLines(result, PLAIN).join('\n');
  // Longer than any row of backticks within.
  const fence = '`'.repeat(Math.max(3, longestRow(body) + 1));
  return [`- **${escapeMarkdown(onOneLine(result.name))}**`, '', fence, body, fence, ''];
}

function inCode(text: string): string {
  const fence = '`'.repeat(longestRow(text) + 1);
  return `${fence} ${onOneLine(text)} ${fence}`;
}

function longestRow(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(row => row.length));
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>&|#]/g, '\\$&');
}
