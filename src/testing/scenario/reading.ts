// The reading of one list of steps: where it stands, what came before, and the checks of texts and clients that every
// step shares. Findings are collected, never thrown.
import { isRecord, nearest } from '../../config/key-names.ts';
import { describeValue, type Finding } from '../../config/problem.ts';
import type { YamlSource } from '../../config/yaml-source.ts';
import type { JsonValue } from '../json.ts';
import { referencesIn } from '../match/variables.ts';
import type { SourcePosition, Template } from '../scenario.ts';
import type { Flow } from './flow.ts';
import type { KnownVariables } from './known-variables.ts';
import type { TextValue } from './value-schema.ts';

/** The content of a file, or why it cannot be read: `there is no such file`. */
export type ReadFile = (path: string) => { readonly content: Buffer } | { readonly reason: string };

/** A file with steps in it: a scenario file, or one that `setup` names. */
export interface StepFile {
  /** As problems name it. */
  readonly name: string;
  /** Its folder, absolute. */
  readonly dir: string;
  readonly yaml: YamlSource;
  /** What the schema says against it. */
  readonly findings: readonly Finding[];
}

export type Path = readonly string[];

export interface Reading {
  readonly file: StepFile;
  readonly flow: Flow;
  readonly variables: KnownVariables;
  /** The client whose branch of `parallel` is being read. */
  readonly branch: string | null;
  readonly readFile: ReadFile;
  readonly report: (finding: Finding) => void;
}

/** A step that is being read; the schema has found it sound. */
export interface StepPlace {
  readonly kind: string;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly path: Path;
  readonly reading: Reading;
}

/** A value of a step, and where it stands. */
export interface Placed<T> {
  readonly value: T;
  readonly path: Path;
}

export function positionOf(file: StepFile, path: Path): SourcePosition {
  return { file: file.name, ...file.yaml.positionOf(path) };
}

/** Does the schema find fault with what stands here or below? */
export function isBroken(file: StepFile, path: Path): boolean {
  return file.findings.some(finding => path.every((key, index) => finding.path[index] === key));
}

/** A text as it is written: `1.10`, not 1.1. */
export function writtenText(value: TextValue, { path, file }: { path: Path; file: StepFile }): string {
  return typeof value === 'string' ? value : (file.yaml.writtenAt(path) ?? String(value));
}

/** A text with the variables in it checked. */
export function readText(value: TextValue, { path, reading }: { path: Path; reading: Reading }): Template {
  const text = writtenText(value, { path, file: reading.file });
  checkVariables(text, { path, reading });
  return text;
}

/** A JSON value with the variables of all its texts checked. */
export function readJson(value: unknown, { path, reading }: { path: Path; reading: Reading }): JsonValue {
  if (typeof value === 'string') checkVariables(value, { path, reading });
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) readJson(inner, { path: [...path, key], reading });
  }
  // YAML without tags has no other values.
  return value as JsonValue;
}

function checkVariables(template: Template, { path, reading }: { path: Path; reading: Reading }): void {
  const { variables, flow, report } = reading;
  for (const { text, name } of referencesIn(template)) {
    if (name === null) {
      const message = `${describeValue(text)} is not a variable`;
      report({ path, message, advice: 'write a name such as ${id}, or $${ for the text ${ itself' });
    } else if (!flow.captured.includes(name) && !variables.has(name)) {
      const meant = nearest(name, [...flow.captured, ...variables.names]);
      const message = `Unknown variable ${name}${meant === null ? '' : `: did you mean ${meant}?`}`;
      const advice = `capture it before, give it under vars:, in the environment or with --set ${name}=…, or write $\${ for the text itself`;
      report({ path, message, advice });
    }
  }
}

/** An option that may stand beside the step or inside of its map, but not at both places. */
export function optionOf(step: StepPlace, key: string): Placed<unknown> | null {
  const { kind, raw, path, reading } = step;
  const inner = raw[kind];
  const inside = isRecord(inner) ? inner[key] : undefined;
  const beside = raw[key];
  const outerPath = [...path, key];
  if (inside === undefined) return beside === undefined ? null : { value: beside, path: outerPath };
  if (beside !== undefined) {
    reading.report({ path: outerPath, message: `${key} is given twice`, advice: 'remove one of the two' });
  }
  return { value: inside, path: [...path, kind, key] };
}

/** The client that a step names. */
export function namedClient(step: StepPlace): Placed<string> | null {
  const option = optionOf(step, 'as');
  return option === null ? null : { ...option, value: String(option.value) };
}

/** The client of a step that needs a connection, null (and reported) if there is none or it is not clear which. */
export function clientOf(step: StepPlace): string | null {
  const { kind, path, reading } = step;
  const as = namedClient(step);
  const client = as?.value ?? reading.branch ?? onlyClient(step);
  if (client === null) return null;
  const absence = absenceOf(client, step);
  if (absence === null) {
    reading.flow.use(client);
    return client;
  }
  reading.report({ path: as?.path ?? path, message: `${kind}: ${absence.why}`, advice: absence.advice });
  return null;
}

/** Whom a step can mean: a refused connection has a report, but nothing else. */
function candidatesFor({ kind, reading: { flow } }: StepPlace): readonly string[] {
  return flow.clients.filter(client => kind === 'expectInvocation' || !flow.refused.includes(client));
}

function onlyClient(step: StepPlace): string | null {
  const { kind, path, reading } = step;
  const clients = candidatesFor(step);
  const [only, ...others] = clients;
  if (only !== undefined && others.length === 0) return only;
  const isNone = only === undefined;
  const why = isNone
    ? 'no client has connected before this step'
    : `which client? ${clients.join(', ')} have connected`;
  const advice = isNone
    ? 'add "- connect: {}" before it'
    : `add ${clients.map(client => `as: ${client}`).join(' or ')}`;
  reading.report({ path, message: `${kind}: ${why}`, advice });
  return null;
}

/** Why a client cannot be meant; null if it can. */
function absenceOf(client: string, step: StepPlace): { why: string; advice: string } | null {
  const candidates = candidatesFor(step);
  if (candidates.includes(client)) return null;
  const connect = `add "- connect: { as: ${client} }" before it`;
  if (step.reading.flow.refused.includes(client)) {
    return { why: `the connection of ${client} was refused before this step`, advice: connect };
  }
  const meant = client === step.reading.branch ? null : nearest(client, candidates);
  return {
    why: `no client ${client} has connected before this step`,
    advice: meant === null ? connect : `did you mean ${meant}?`,
  };
}
