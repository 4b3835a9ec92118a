// `--reporter` and `--output` → which reporter writes where. Pure.
import { cannotHappen } from '../../core/never.ts';
import { ScfWsError } from '../../errors.ts';

export const REPORTER_KINDS = ['text', 'junit', 'json', 'github'] as const;
export type ReporterKind = (typeof REPORTER_KINDS)[number];

/** One `--reporter`, as it was written. */
export interface ReporterChoice {
  readonly kind: ReporterKind;
  /** Behind a colon; null: as the rest of the command line has it. */
  readonly file: string | null;
}

export type Target = { readonly to: 'stdout' | 'stderr' } | { readonly to: 'file'; readonly path: string };

export interface PlannedReporter {
  readonly kind: ReporterKind;
  readonly target: Target;
}

/** `junit`, `junit:reports/junit.xml`; null for another word. */
export function parseReporter(text: string): ReporterChoice | null {
  const [word = '', ...rest] = text.split(':');
  const kind = REPORTER_KINDS.find(each => each === word);
  if (kind === undefined) return null;
  const file = rest.join(':');
  return { kind, file: file === '' ? null : file };
}

/**
 * The first `--output` is for the first reporter that makes a document and has no file of its own, and so on. What then has
 * none goes to standard output. A document needs that for itself, so lines for people make room and go to standard error.
 */
export function planReporters(
  choices: readonly ReporterChoice[],
  outputs: readonly string[],
): readonly PlannedReporter[] {
  const wanted: readonly ReporterChoice[] = choices.length === 0 ? [{ kind: 'text', file: null }] : choices;
  const waiting = [...outputs];
  const paired = wanted.map(choice => {
    if (!isDocument(choice.kind) || choice.file !== null) return choice;
    return { ...choice, file: waiting.shift() ?? null };
  });
  const [leftOver] = waiting;
  if (leftOver !== undefined) {
    throw usage(
      `--output ${leftOver} has no reporter: it is for junit or json`,
      `Write --reporter junit --output ${leftOver}, or --reporter junit:${leftOver}`,
    );
  }
  const named = paired.map(({ kind, file }) => ({ kind, file: file === '-' ? null : file }));
  const onStdout = named.filter(({ kind, file }) => isDocument(kind) && file === null);
  if (onStdout.length > 1) {
    const [first, second] = onStdout.map(({ kind }) => kind);
    throw usage(
      `Both ${first} and ${second} would go to standard output`,
      `Give one a file: --reporter ${first}:FILE`,
    );
  }
  const files = named.map(({ file }) => file).filter(file => file !== null);
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined) throw usage(`Two reporters would write ${twice}`, 'Give each a file of its own');
  return named.map(({ kind, file }) => {
    if (file !== null) return { kind, target: { to: 'file', path: file } };
    const makesRoom = onStdout.length > 0 && !isDocument(kind);
    return { kind, target: { to: makesRoom ? 'stderr' : 'stdout' } };
  });
}

/** Is it one whole, which other lines would break? */
function isDocument(kind: ReporterKind): boolean {
  switch (kind) {
    case 'junit':
    case 'json':
      return true;
    case 'text':
    case 'github':
      return false;
    default:
      return cannotHappen(kind);
  }
}

function usage(message: string, hint: string): ScfWsError {
  return new ScfWsError('ERR_USAGE', message, { hint });
}
