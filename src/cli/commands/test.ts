// `scf-ws test [files or folders]`: flags → one run of scenarios, or one after each change → reports.
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { IgnoredPath } from '../../testing/har/ignored-path.ts';
import { parseIgnoredPath } from '../../testing/har/ignored-path.ts';
import type { ReporterChoice } from '../../testing/reporters/reporter-plan.ts';
import { parseReporter, REPORTER_KINDS } from '../../testing/reporters/reporter-plan.ts';
import type { Filter, Shard } from '../../testing/run/select-scenarios.ts';
import { parseFilter, parseShard } from '../../testing/run/select-scenarios.ts';
import { duration } from '../option-values.ts';

export interface TestFlags {
  readonly config?: string;
  readonly reporter?: readonly ReporterChoice[];
  readonly output?: readonly string[];
  readonly filter?: Filter;
  readonly shard?: Shard;
  /** Left out: half the cores, at least 2. */
  readonly parallel?: number;
  readonly timeout: number;
  readonly bail?: true;
  readonly set?: Readonly<Record<string, string>>;
  readonly ignore?: readonly IgnoredPath[];
  readonly sandbox: 'auto' | 'process' | 'namespace';
  readonly watch?: true;
}

const TIMEOUT_MS = 60_000;

export function testCommand(setExitCode: (exitCode: number) => void): Command {
  return new Command('test')
    .description('run scenarios against the function, as its clients in the cloud would meet it')
    .addArgument(
      new Argument(
        '[paths...]',
        'scenario files, recordings (.har), and folders in which *.scenario.yaml are found',
      ).default(['.'], '.'),
    )
    .option(
      '-c, --config <file>',
      'the config of scenarios that name none (default: the nearest scf.yaml at or above each)',
    )
    .addOption(
      new Option(
        '--reporter <kind[:file]>',
        `how to tell the results, repeatable: ${REPORTER_KINDS.join(', ')} (default: text)`,
      ).argParser(reporter),
    )
    .addOption(
      new Option(
        '--output <file>',
        'where the junit or json reporter writes, repeatable: the first file is for the first of them, and so on',
      ).argParser(collected),
    )
    .addOption(
      new Option(
        '--filter <text>',
        'only scenarios that have this in their name or file; /…/ is a regular expression',
      ).argParser(filter),
    )
    .addOption(
      new Option('--shard <i/n>', 'only the part of machine i of n; the n parts are everything').argParser(
        shard,
      ),
    )
    .addOption(
      new Option(
        '--parallel <number>',
        'how many scenarios run at once (default: half the cores, at least 2)',
      ).argParser(atLeastOne),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long a scenario may take, unless it says so itself')
        .default(TIMEOUT_MS, '60s')
        .argParser(duration),
    )
    .option('--bail', 'start no other scenario once one has failed')
    .addOption(
      new Option('--set <name=value>', 'the value of a variable of the scenarios, repeatable').argParser(
        assignment,
      ),
    )
    .addOption(
      new Option(
        '--ignore <path>',
        'values of JSON messages that may differ from a recording, such as $.time or $..id, repeatable',
      ).argParser(ignoredPath),
    )
    .addOption(
      new Option(
        '--sandbox <kind>',
        'how instances are made; auto: process for Node and Python, namespace for the rest',
      )
        .choices(['auto', 'process', 'namespace'])
        .default('auto'),
    )
    .option('--watch', 'run again whenever a scenario, a config or a function changes, until Ctrl-C')
    .helpOption('-h, --help', 'print this help')
    .action(async (paths: string[], flags: TestFlags) => {
      // Loaded only now: `--version` and `--help` need none of it.
      const { runTest } = await import('../test.ts');
      setExitCode(await runTest(paths, flags));
    });
}

function reporter(text: string, previous: readonly ReporterChoice[] = []): readonly ReporterChoice[] {
  const choice = parseReporter(text);
  if (choice === null) {
    throw new InvalidArgumentError(`It must be one of ${REPORTER_KINDS.join(', ')}, or such as junit:FILE.`);
  }
  return [...previous, choice];
}

function ignoredPath(text: string, previous: readonly IgnoredPath[] = []): readonly IgnoredPath[] {
  const path = parseIgnoredPath(text);
  if (path === null) {
    throw new InvalidArgumentError('It must be a path such as $.time, $.items[*].id or $..id.');
  }
  return [...previous, path];
}

function collected(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

function filter(text: string): Filter {
  try {
    return parseFilter(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

function shard(text: string): Shard {
  const parsed = parseShard(text);
  if (parsed === null) throw new InvalidArgumentError('It must be such as 1/3, 2/3 or 3/3.');
  return parsed;
}

function atLeastOne(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function assignment(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('It must be NAME=VALUE, such as room=lobby.');
  }
  return { ...previous, [name]: value };
}
