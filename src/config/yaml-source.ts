// YAML (or JSON) text → plain values, and the line and column of each key and list item. Pure; never throws, whatever the text.
import {
  CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';

/** From 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxProblem {
  readonly position: Position;
  readonly message: string;
  readonly advice: string;
}

export interface YamlSource {
  /** Null for a file without content. */
  readonly value: unknown;
  /** Where the key at the end of the path stands, or the nearest above it that the file has; a list's keys are 0, 1, 2. */
  positionOf(path: readonly string[]): Position;
  has(path: readonly string[]): boolean;
  /** A plain value as it is written in the file (`1.10`, not 1.1), or null. */
  writtenAt(path: readonly string[]): string | null;
}

const START: Position = { line: 1, column: 1 };

const ADVICE_BY_CODE: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  TAB_AS_INDENT: 'indent with spaces instead of tabs',
  BAD_INDENT: 'give the keys of one map the same indentation, and close every bracket',
  MULTIPLE_DOCS: 'keep one document per file and remove the "---"',
  DUPLICATE_KEY: 'remove one of the two',
  TAG_RESOLVE_FAILED: 'remove the tag, or write the value in quotes',
  NON_STRING_KEY: 'write the key as plain text',
  BAD_SCALAR_START: 'write the value in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'write the value in quotes if it contains ": "',
};

/** Where the parser speaks to programmers. */
const MESSAGE_BY_CODE: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  MULTIPLE_DOCS: 'it has more than one document',
  NON_STRING_KEY: 'keys must be text',
};

const TOO_DEEP: SyntaxProblem = {
  position: START,
  message: 'Cannot read the YAML: it is nested too deeply',
  advice: 'close every bracket; nothing in such a file needs so many levels',
};

/** Far beyond any config or scenario, and far from what the parser's recursion can take. */
const MAX_DEPTH = 100;

/** The values and their places; `source` is null if the text cannot be read as YAML at all. */
export function readYaml(text: string): { source: YamlSource | null; problems: readonly SyntaxProblem[] } {
  // Asked first: with the stack nearly used up, V8 may abort the process instead of throwing.
  if (isTooDeep(text)) return { source: null, problems: [TOO_DEEP] };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // Without it `!!set`, `!!binary` and the like would bring values that are not JSON.
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const at = { document, lines };
  const unresolved = unresolvedAliases(at);
  const problems = [
    ...[...document.errors, ...document.warnings].map(error => syntaxProblem(error, at)),
    ...unresolved,
  ];
  // After a duplicate key the rest is still what its author meant; after other errors it may be anything.
  const isReadable =
    document.errors.every(error => error.code === 'DUPLICATE_KEY') && unresolved.length === 0;
  if (!isReadable) return { source: null, problems };
  try {
    return { source: yamlSource(document, lines), problems };
  } catch (error) {
    // Aliases that multiply without end are only found out, and thrown, where values are made of them.
    const message = `Cannot read the YAML: ${withoutPeriod(error instanceof Error ? error.message : String(error))}`;
    const advice = 'write the values out instead of referring to them';
    return { source: null, problems: [...problems, { position: START, message, advice }] };
  }
}

/** Walks the parser's token tree, which it builds without recursion, without recursion. */
function isTooDeep(text: string): boolean {
  const pending: { token: CST.Token | null | undefined; depth: number }[] = [];
  for (const token of new Parser().parse(text)) pending.push({ token, depth: 0 });
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return true;
    if (token?.type === 'document') pending.push({ token: token.value, depth: depth + 1 });
    if (!CST.isCollection(token)) continue;
    for (const item of token.items) {
      pending.push({ token: item.key, depth: depth + 1 }, { token: item.value, depth: depth + 1 });
    }
  }
  return false;
}

/** Aliases of nothing, and of what they are part of themselves: no value could be made of those. */
function unresolvedAliases(at: { document: Document; lines: LineCounter }): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  visit(at.document, {
    Alias(_, alias, ancestors) {
      const target = alias.resolve(at.document);
      const { source } = alias;
      if (target !== undefined && !ancestors.includes(target)) return;
      const why =
        target === undefined
          ? `nothing before *${source} is marked &${source}`
          : `*${source} stands inside of &${source}`;
      problems.push({
        position: positionAt(at.lines, rangeStart(alias)),
        message: `Cannot read the YAML: ${why}`,
        advice: 'write the value in quotes, or out',
      });
    },
  });
  return problems;
}

function withoutPeriod(message: string): string {
  return message.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function syntaxProblem(error: YAMLError, at: { document: Document; lines: LineCounter }): SyntaxProblem {
  const isDuplicate = error.code === 'DUPLICATE_KEY';
  return {
    position: positionAt(at.lines, error.pos[0]),
    message: isDuplicate
      ? `${keyAt(at.document, error.pos[0])} is given twice`
      : `Cannot read the YAML: ${MESSAGE_BY_CODE[error.code] ?? withoutPeriod(error.message)}`,
    advice: ADVICE_BY_CODE[error.code] ?? 'write one "key: value" per line, indented with spaces',
  };
}

function keyAt(document: Document, offset: number): string {
  let key = 'A key';
  visit(document, {
    Pair(_, pair) {
      if (!isScalar(pair.key) || pair.key.range?.[0] !== offset) return undefined;
      key = String(pair.key.value);
      return visit.BREAK;
    },
  });
  return key;
}

function yamlSource(document: Document, lines: LineCounter): YamlSource {
  const find = (path: readonly string[]) => findEntry(document, path);
  return {
    value: document.toJS(),
    has: path => find(path).length === path.length,
    positionOf(path) {
      const found = find(path);
      const last = found[path.length - 1] ?? found.at(-1);
      const node = last ? last.key : document.contents;
      return positionAt(lines, rangeStart(node));
    },
    writtenAt(path) {
      const value = find(path)[path.length - 1]?.value;
      const node = isAlias(value) ? value.resolve(document) : value;
      return isScalar(node) && typeof node.source === 'string' ? node.source : null;
    },
  };
}

function rangeStart(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}

/** A key and its value; for a list's item, the item is both. */
interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

/** The entries along the path, as far as the file has them. */
function findEntry(document: Document, path: readonly string[]): readonly Entry[] {
  const found: Entry[] = [];
  let node: unknown = document.contents;
  for (const key of path) {
    const entry = entryIn(isAlias(node) ? node.resolve(document) : node, key);
    if (!entry) break;
    found.push(entry);
    node = entry.value;
  }
  return found;
}

function entryIn(node: unknown, key: string): Entry | undefined {
  if (isSeq(node)) {
    const item = /^\d+$/.test(key) ? node.items[Number(key)] : undefined;
    return item === undefined ? undefined : { key: item, value: item };
  }
  if (!isMap(node)) return undefined;
  // The last of two equal keys, since its value is the one that counts.
  return node.items.findLast(item => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
}
