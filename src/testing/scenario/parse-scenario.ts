// The text of a scenario file → its scenarios, and everything that is wrong with it at once. Reads other files only
// through what it is given; never throws, whatever the text.
import type { ConfigProblem } from '../../config/function-config.ts';
import { isRecord } from '../../config/key-names.ts';
import { describeValue, type Finding, sortedProblems } from '../../config/problem.ts';
import type { Scenario } from '../scenario.ts';
import { Flow } from './flow.ts';
import { readSettings, readVariables, type SettingsMap } from './read-settings.ts';
import { readSteps } from './read-steps.ts';
import { isBroken, type Path, positionOf, type ReadFile, type Reading, type StepFile } from './reading.ts';
import { openFile, openSetup, problemOf, type Setup } from './scenario-file.ts';
import { fileSchema } from './scenario-schema.ts';

export interface ScenarioSource {
  /** As problems name it. */
  readonly file: string;
  /** The file's folder, absolute: what paths in it are relative to. */
  readonly dir: string;
  readonly readFile: ReadFile;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--set name=value`. */
  readonly set: Readonly<Record<string, string>>;
}

export interface ParsedScenarios {
  /** Those without problems. */
  readonly scenarios: readonly Scenario[];
  /** In the order of the file, then those of the file that `setup` names. */
  readonly problems: readonly ConfigProblem[];
}

/** What all scenarios of a file are read with. */
interface Context {
  readonly file: StepFile;
  readonly setup: Setup;
  /** What the file sets for all; null in a file that is one scenario itself. */
  readonly shared: SettingsMap | null;
  readonly source: ScenarioSource;
}

export function parseScenarios(text: string, source: ScenarioSource): ParsedScenarios {
  const opened = openFile(text, { name: source.file, dir: source.dir, schema: fileSchema });
  const { file } = opened;
  if (file === null) return { scenarios: [], problems: sortedProblems(opened.problems) };

  const top: SettingsMap = { raw: isRecord(file.yaml.value) ? file.yaml.value : {}, path: [] };
  const maps = scenarioMaps(top);
  const setup = openSetup(top.raw.setup, { file, readFile: source.readFile });
  const context = { file, setup, shared: maps.includes(top) ? null : top, source };
  const read = withoutRepeatedNames(
    maps.map(map => readScenario(map, context)),
    file,
  );
  const isSharedSound =
    opened.isWhole && setup.problems.length === 0 && file.findings.every(isWithinScenario);
  const sound = read.filter(({ path, problems }) => problems.length === 0 && !isBroken(file, path));
  const problems = [...opened.problems, ...setup.problems, ...read.flatMap(each => each.problems)];
  return {
    scenarios: isSharedSound ? sound.map(({ scenario }) => scenario) : [],
    problems: inOrder(problems, source.file),
  };
}

/** The file itself, or each that stands in it. */
function scenarioMaps(top: SettingsMap): SettingsMap[] {
  const { scenarios } = top.raw;
  if (!Array.isArray(scenarios)) return [top];
  return scenarios.flatMap((raw, index) =>
    isRecord(raw) ? [{ raw, path: ['scenarios', String(index)] }] : [],
  );
}

/** What is wrong elsewhere is wrong for all scenarios of the file. */
function isWithinScenario({ path }: Finding): boolean {
  return path[0] === 'scenarios' && path.length > 1;
}

interface ReadScenario {
  readonly scenario: Scenario;
  readonly path: Path;
  /** Beside those of the schema. */
  readonly problems: readonly ConfigProblem[];
}

function readScenario(map: SettingsMap, { file, setup, shared, source }: Context): ReadScenario {
  const problems: ConfigProblem[] = [];
  const reportTo = (where: StepFile) => (finding: Finding) => {
    problems.push(problemOf(finding, where));
  };
  const { readFile, environment, set } = source;
  const maps = shared === null ? [map] : [shared, map];
  const at = { file, readFile, report: reportTo(file) };
  const settings = readSettings(maps, at);
  const variables = readVariables(maps, { ...at, environment, set });
  const reading: Reading = { ...at, variables, flow: new Flow(), branch: null };
  const own = { path: [...map.path, 'steps'], reading };
  const first = setup.steps;
  const steps =
    first === null
      ? // Without what should come first, each step would seem to lack something.
        []
      : [
          ...readSteps(first.raw, {
            path: first.path,
            reading: { ...reading, file: first.file, report: reportTo(first.file) },
          }),
          ...readSteps(map.raw.steps, own),
        ];
  const position = positionOf(file, [...map.path, 'name']);
  return {
    scenario: { ...settings, at: position, variables: variables.values, steps },
    path: map.path,
    problems,
  };
}

/** A report could not tell two of the same name apart. */
function withoutRepeatedNames(read: readonly ReadScenario[], file: StepFile): ReadScenario[] {
  const seen = new Set<string>();
  return read.map(each => {
    const { name } = each.scenario;
    if (!seen.has(name) || !file.yaml.has([...each.path, 'name'])) {
      seen.add(name);
      return each;
    }
    const message = `name ${describeValue(name)} is another scenario’s already`;
    const finding = { path: [...each.path, 'name'], message, advice: 'choose another name' };
    return { ...each, problems: [...each.problems, problemOf(finding, file)] };
  });
}

function inOrder(problems: readonly ConfigProblem[], file: string): ConfigProblem[] {
  const isOwn = (problem: ConfigProblem): boolean => problem.file === file;
  return [
    ...sortedProblems(problems.filter(isOwn)),
    ...sortedProblems(problems.filter(problem => !isOwn(problem))),
  ];
}
