// Opens a file that has steps in it, a scenario file or the one that its `setup` names: values, places, and what is
// wrong with their shape. Pure but for the reading of files, which it is given.
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type * as v from 'valibot';
import type { ConfigProblem } from '../../config/function-config.ts';
import type { Finding } from '../../config/problem.ts';
import { readYaml } from '../../config/yaml-source.ts';
import { type Path, positionOf, type ReadFile, type StepFile } from './reading.ts';
import { setupFileSchema } from './scenario-schema.ts';
import { findingsOf } from './schema-findings.ts';

export interface OpenedFile {
  /** Null if it cannot be read as YAML at all. */
  readonly file: StepFile | null;
  readonly problems: readonly ConfigProblem[];
  /** False if it may not say what its author meant, a key given twice for example. */
  readonly isWhole: boolean;
}

/** The steps that come first in every scenario. */
export interface Setup {
  readonly steps: { readonly file: StepFile; readonly raw: unknown; readonly path: Path } | null;
  readonly problems: readonly ConfigProblem[];
}

export function openFile(
  text: string,
  { name, dir, schema }: { name: string; dir: string; schema: v.GenericSchema },
): OpenedFile {
  const { source: yaml, problems: syntax } = readYaml(text);
  const problems = syntax.map(({ position, ...rest }) => ({ file: name, ...position, ...rest }));
  if (yaml === null) return { file: null, problems, isWhole: false };
  const file: StepFile = { name, dir, yaml, findings: findingsOf(schema, yaml.value) };
  const located = file.findings.map(finding => problemOf(finding, file));
  return { file, problems: [...problems, ...located], isWhole: problems.length === 0 };
}

/** What stands under `setup`: a list of steps, or a file with one. */
export function openSetup(value: unknown, { file, readFile }: { file: StepFile; readFile: ReadFile }): Setup {
  if (typeof value !== 'string') return { steps: { file, raw: value, path: ['setup'] }, problems: [] };
  const path = resolve(file.dir, value);
  const name = isAbsolute(value) ? value : join(dirname(file.name), value);
  const read = readFile(path);
  if ('reason' in read) {
    const message = `Cannot read setup ${value}: ${read.reason}`;
    const advice = `name a file with a list of steps, relative to ${file.name}`;
    return { steps: null, problems: [problemOf({ path: ['setup'], message, advice }, file)] };
  }
  const opened = openFile(read.content.toString(), { name, dir: dirname(path), schema: setupFileSchema });
  const steps = opened.file && { file: opened.file, raw: opened.file.yaml.value, path: [] };
  return { steps, problems: opened.problems };
}

/** A finding with its line and column. */
export function problemOf({ path, message, advice }: Finding, file: StepFile): ConfigProblem {
  return { ...positionOf(file, path), message, advice };
}
