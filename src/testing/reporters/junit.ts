// For CI servers: JUnit XML as Jenkins' schema has it. That schema knows no file and line of a test case, so these stand in its class
// name and in its failure.
import pc from 'picocolors';
import type { ConfigProblem } from '../../config/function-config.ts';
import { formatProblem } from '../../config/problem.ts';
import type { Reporter, RunTotals, ScenarioResult } from '../result.ts';
import { failureLines } from './failure-lines.ts';
import type { Output } from './output.ts';
import { onOneLine, printable } from './printable.ts';
import type { Element } from './xml.ts';
import { xmlDocument } from './xml.ts';

const PLAIN = pc.createColors(false);

export function junitReporter(output: Output): Reporter {
  const problems: ConfigProblem[] = [];
  return {
    tell(event) {
      if (event.type === 'problem') problems.push(event.problem);
      if (event.type === 'run-ended')
        output.write(xmlDocument(testSuites(event.results, problems, event.totals)));
    },
    end: () => output.end(),
  };
}

function testSuites(
  results: readonly ScenarioResult[],
  problems: readonly ConfigProblem[],
  totals: RunTotals,
): Element {
  const files = new Set([...problems, ...results.map(({ at }) => at)].map(({ file }) => file));
  return {
    name: 'testsuites',
    attributes: {
      name: 'scf-ws',
      tests: results.length + problems.length,
      failures: totals.failed,
      errors: totals.problems,
      time: seconds(totals.durationMs),
    },
    children: [...files].map(file =>
      testSuite(
        file,
        results.filter(({ at }) => at.file === file),
        problems.filter(problem => problem.file === file),
      ),
    ),
  };
}

function testSuite(
  file: string,
  results: readonly ScenarioResult[],
  problems: readonly ConfigProblem[],
): Element {
  const count = (outcome: ScenarioResult['outcome']): number =>
    results.filter(result => result.outcome === outcome).length;
  return {
    name: 'testsuite',
    attributes: {
      name: file,
      file,
      tests: results.length + problems.length,
      failures: count('failed'),
      errors: problems.length,
      skipped: count('skipped'),
      time: seconds(results.reduce((sum, { durationMs }) => sum + durationMs, 0)),
    },
    children: [...problems.map(problemCase), ...results.map(testCase)],
  };
}

function problemCase(problem: ConfigProblem): Element {
  const { file, line, column, message } = problem;
  return {
    name: 'testcase',
    attributes: { name: `line ${line}, column ${column}`, classname: className(file), time: seconds(0) },
    children: [
      {
        name: 'error',
        attributes: { type: 'problem', message: onOneLine(message) },
        children: [printable(formatProblem(problem))],
      },
    ],
  };
}

function testCase(result: ScenarioResult): Element {
  const { name, at, outcome, durationMs, failure } = result;
  const children: Element[] = [];
  if (outcome === 'skipped') children.push({ name: 'skipped', attributes: {}, children: [] });
  if (failure !== null) {
    children.push({
      name: 'failure',
      attributes: { type: failure.step, message: onOneLine(failure.message) },
      children: [failureLines(result, PLAIN).join('\n')],
    });
    const said = failure.output.map(({ line }) => printable(line)).join('\n');
    if (said !== '') children.push({ name: 'system-out', attributes: {}, children: [said] });
  }
  return {
    name: 'testcase',
    attributes: { name: onOneLine(name), classname: className(at.file), time: seconds(durationMs) },
    children,
  };
}

/** `tests/echo.scenario.yaml` → `tests.echo`: servers show what stands before the last dot as a package. */
function className(file: string): string {
  return file
    .replace(/(?:\.scenario)?\.\w+$/, '')
    .replace(/^\W+/, '')
    .replaceAll(/[/\\]/g, '.');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
