// The commands that a start file runs, with their variables and working folder, as far as reading alone can tell.
// Pure. It knows nothing of loops and functions but that what stands in them may not run.
import { posix } from 'node:path';
import type { Part, Token } from './shell-words.ts';
import { shellTokens } from './shell-words.ts';

/** Where the platform has the code, and starts the start file. */
export const CODE_DIR = '/var/user';

export interface ShellCommand {
  /** From 1. */
  readonly line: number;
  /** Null: only a run tells. Never empty. */
  readonly words: readonly (string | null)[];
  /** What it gets of the variables that are known; null: only a run tells. */
  readonly variables: ReadonlyMap<string, string | null>;
  /** Absolute, null where only a run tells. */
  readonly folder: string | null;
  /** Files that its output goes to. */
  readonly outputs: readonly (string | null)[];
  /** It may not run at all. */
  readonly isConditional: boolean;
}

/** `variables`: what the instance gets. */
export function shellCommands(
  text: string,
  variables: Readonly<Record<string, string>>,
): readonly ShellCommand[] {
  return new Script(variables).run(shellTokens(text));
}

const OPENING = new Set(['if', 'while', 'until']);
const CLOSING = new Set(['fi', 'done', 'esac']);
const SKIPPED = new Set(['then', 'else', 'elif', 'do', '!', '{', '}', 'time']);
/** What follows them is no command. */
const HEADS = new Set(['for', 'case', 'select', 'function']);
const ASSIGNMENT = /^([A-Za-z_]\w*)(\+?=)/;

class Script {
  readonly #variables: Map<string, string | null>;
  readonly #commands: ShellCommand[] = [];
  #folder: string | null = CODE_DIR;
  #depth = 0;
  #parentheses = 0;
  /** `||`, or `&&` behind a test. */
  #isAlternative = false;
  #isOver = false;

  constructor(variables: Readonly<Record<string, string>>) {
    this.#variables = new Map(Object.entries(variables));
  }

  run(tokens: readonly Token[]): readonly ShellCommand[] {
    let words: Extract<Token, { kind: 'word' }>[] = [];
    let outputs: (string | null)[] = [];
    let redirect: string | null = null;
    for (const token of [...tokens, { kind: 'operator', line: 0, text: '\n' } as const]) {
      if (token.kind === 'redirect') redirect = token.text;
      else if (token.kind === 'word' && redirect !== null) {
        if (/^(?:&>>?|>>|>\||>)$/.test(redirect)) outputs.push(this.#valueOf(token.parts));
        redirect = null;
      } else if (token.kind === 'word') words.push(token);
      else {
        if (token.text === '(') this.#parentheses++;
        const isTest = this.#command(words, outputs);
        if (token.text === ')' && this.#parentheses > 0) this.#parentheses--;
        this.#isAlternative = token.text === '||' || (token.text === '&&' && (isTest || this.#isAlternative));
        words = [];
        outputs = [];
      }
    }
    return this.#commands;
  }

  get #isConditional(): boolean {
    return this.#depth > 0 || this.#parentheses > 0 || this.#isAlternative;
  }

  /** Returns whether it only asks something. */
  #command(
    tokens: readonly Extract<Token, { kind: 'word' }>[],
    outputs: readonly (string | null)[],
  ): boolean {
    let rest = [...tokens];
    for (;;) {
      const keyword = keywordOf(rest[0]?.parts);
      if (keyword === null) break;
      if (OPENING.has(keyword)) this.#depth++;
      else if (CLOSING.has(keyword)) this.#depth = Math.max(0, this.#depth - 1);
      else if (HEADS.has(keyword)) {
        this.#depth++;
        return false;
      } else if (keyword === '{') this.#depth++;
      else if (keyword === '}') this.#depth = Math.max(0, this.#depth - 1);
      else if (!SKIPPED.has(keyword)) break;
      rest = rest.slice(1);
    }
    const own = new Map(this.#variables);
    while (rest[0] !== undefined && isAssignment(rest[0].parts)) {
      this.#assign(rest[0].parts, own);
      rest = rest.slice(1);
    }
    const [first] = rest;
    if (first === undefined) {
      for (const [name, value] of own) this.#set(name, value);
      return false;
    }
    const words = rest.map(({ parts }) => this.#valueOf(parts));
    const [name = null] = words;
    if (name === '[' || name === '[[' || name === 'test' || name === 'command') return true;
    if (this.#isOver) return false;
    if (name === 'export' || name === 'declare' || name === 'readonly') {
      for (const { parts } of rest.slice(1)) {
        const named = new Map(this.#variables);
        if (isAssignment(parts)) this.#assign(parts, named);
        for (const [variable, value] of named) this.#set(variable, value);
      }
      return false;
    }
    if (name === 'unset') {
      for (const word of words.slice(1)) if (word !== null) this.#set(word, this.#isConditional ? null : '');
      return false;
    }
    this.#commands.push({
      line: first.line,
      words,
      variables: own,
      folder: this.#folder,
      outputs,
      isConditional: this.#isConditional,
    });
    if (name === 'cd') this.#changeFolder(words[1] ?? null);
    // Nothing behind it runs.
    if ((name === 'exec' && words.length > 1) || name === 'exit') this.#isOver ||= !this.#isConditional;
    return false;
  }

  #assign(parts: readonly Part[], to: Map<string, string | null>): void {
    const [head, ...others] = parts;
    const text = joined(parts);
    const [prefix = '', name = '', operator] = ASSIGNMENT.exec(text) ?? [];
    if (head === undefined || name === '') return;
    // The name and the `=` are single characters of text.
    const value = this.#valueOf(dropText([head, ...others], prefix.length));
    to.set(name, operator === '+=' ? null : value);
  }

  #set(name: string, value: string | null): void {
    const isSame = this.#variables.get(name) === value;
    this.#variables.set(name, this.#isConditional && !isSame ? null : value);
  }

  #changeFolder(to: string | null): void {
    const next = to === null || this.#folder === null ? absolute(to) : posix.resolve(this.#folder, to);
    this.#folder = this.#isConditional && next !== this.#folder ? null : next;
  }

  #valueOf(parts: readonly Part[]): string | null {
    const values = parts.map(part => this.#partValue(part));
    const text = values.includes(null) ? null : values.join('');
    return text?.startsWith('~/') ? null : text;
  }

  #partValue(part: Part): string | null {
    switch (part.kind) {
      case 'text':
        return part.text;
      case 'variable':
        return this.#variableValue(part.name, part.fallback);
      case 'unknown':
        return this.#outputOf(part.script);
    }
  }

  #variableValue(name: string, fallback: string | null): string | null {
    if (name === '0' || name === 'BASH_SOURCE') return './scf_bootstrap';
    if (name === 'PWD') return this.#folder;
    const value = this.#variables.get(name);
    if (value !== undefined && value !== '') return value;
    if (fallback === null) return null;
    const [word, ...others] = shellTokens(fallback);
    if (word === undefined) return '';
    return word.kind === 'word' && others.length === 0 ? this.#valueOf(word.parts) : null;
  }

  /** The ways in which scripts find their own folder. */
  #outputOf(script: string): string | null {
    if (/^\s*pwd(?:\s+-\w)?\s*$/.test(script)) return this.#folder;
    const isOwnFolder = /dirname\b|%\/\*/.test(script) && /\$0|\$\{0|^0%|BASH_SOURCE/.test(script);
    return isOwnFolder && !script.includes('..') ? CODE_DIR : null;
  }
}

function keywordOf(parts: readonly Part[] | undefined): string | null {
  const text = parts?.every(part => part.kind === 'text') ? joined(parts) : null;
  return text !== null && /^(?:[a-z]+|[{}!])$/.test(text) ? text : null;
}

function isAssignment(parts: readonly Part[]): boolean {
  return ASSIGNMENT.test(joined(parts));
}

/** Up to what is not known. */
function joined(parts: readonly Part[]): string {
  const end = parts.findIndex(part => part.kind !== 'text');
  return parts
    .slice(0, end === -1 ? undefined : end)
    .map(part => (part.kind === 'text' ? part.text : ''))
    .join('');
}

function dropText(parts: readonly Part[], characters: number): readonly Part[] {
  let left = characters;
  return parts.flatMap((part): readonly Part[] => {
    if (part.kind !== 'text' || left === 0) return [part];
    const text = part.text.slice(left);
    left -= part.text.length - text.length;
    return text === '' ? [] : [{ kind: 'text', text }];
  });
}

function absolute(path: string | null): string | null {
  return path?.startsWith('/') ? posix.normalize(path) : null;
}
