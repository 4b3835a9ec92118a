// The text of a shell script → its words and operators, as far as reading alone can tell. Pure. It follows quotes,
// comments, here-documents and expansions; what it does not understand becomes a word that nobody can know.

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  /** `$NAME`, `${NAME:-fallback}`; the fallback as it is written. */
  | { readonly kind: 'variable'; readonly name: string; readonly fallback: string | null }
  /** `$(…)`, a pattern, or anything else that only a run tells. */
  | { readonly kind: 'unknown'; readonly script: string };

export type Token =
  | { readonly kind: 'word'; readonly line: number; readonly parts: readonly Part[] }
  | { readonly kind: 'operator'; readonly line: number; readonly text: string }
  /** The word that follows is its target. */
  | { readonly kind: 'redirect'; readonly line: number; readonly text: string };

const REDIRECT = /^(?:&>>?|<<-|<<<|<<|[<>]&|>>|>\||<>|<|>)/;
const OPERATOR = /^(?:&&|\|\||;;&?|;&|\|&|[;&|()\n])/;

export function shellTokens(text: string): readonly Token[] {
  return new Reader(text).read();
}

class Reader {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  /** The ends of the here-documents whose bodies begin with the next line. */
  readonly #hereDocuments: string[] = [];
  #at = 0;
  #line = 1;
  #parts: Part[] | null = null;
  #wordLine = 1;

  constructor(text: string) {
    this.#text = text;
  }

  read(): readonly Token[] {
    while (this.#at < this.#text.length) this.#step();
    this.#endWord();
    return this.#tokens;
  }

  #step(): void {
    const rest = this.#text.slice(this.#at, this.#at + 4);
    const [first = ''] = rest;
    const redirect = REDIRECT.exec(rest)?.[0];
    const operator = OPERATOR.exec(rest)?.[0];
    if (first === '\\') this.#escaped(rest);
    else if (/[ \t\r]/.test(first)) this.#space();
    else if (first === '#' && this.#parts === null) this.#comment();
    else if (first === "'") this.#append({ kind: 'text', text: this.#until("'") });
    else if (first === '"') this.#doubleQuoted();
    else if (first === '$' || first === '`') this.#append(this.#expansion());
    else if (/^[<>]\(/.test(rest)) this.#append({ kind: 'unknown', script: this.#nested('(', ')') });
    else if (redirect !== undefined) this.#redirect(redirect);
    else if (operator !== undefined) this.#operator(operator);
    else this.#character(first);
  }

  #space(): void {
    this.#endWord();
    this.#at++;
  }

  #comment(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
  }

  #character(character: string): void {
    this.#at++;
    const isPattern = character === '*' || character === '?';
    this.#append(isPattern ? { kind: 'unknown', script: character } : { kind: 'text', text: character });
  }

  #append(part: Part): void {
    if (this.#parts === null) {
      this.#parts = [];
      this.#wordLine = this.#line;
    }
    this.#parts.push(part);
  }

  #endWord(): void {
    if (this.#parts !== null) this.#tokens.push({ kind: 'word', line: this.#wordLine, parts: this.#parts });
    this.#parts = null;
    const [redirect, word] = this.#tokens.slice(-2);
    // The end of a here-document is known as soon as its word is.
    if (redirect?.kind !== 'redirect' || !/^<<-?$/.test(redirect.text) || word?.kind !== 'word') return;
    this.#hereDocuments.push(word.parts.map(part => (part.kind === 'text' ? part.text : '')).join(''));
    this.#tokens.splice(-2);
  }

  #escaped(rest: string): void {
    this.#at += 2;
    if (rest[1] === '\n') this.#line++;
    else this.#append({ kind: 'text', text: rest[1] ?? '' });
  }

  #redirect(text: string): void {
    // `2>` and the like: the number is part of the operator.
    const isNumbered =
      this.#parts?.length === 1 && this.#parts[0]?.kind === 'text' && /^\d$/.test(this.#parts[0].text);
    if (isNumbered) this.#parts = null;
    this.#endWord();
    this.#tokens.push({ kind: 'redirect', line: this.#line, text });
    this.#at += text.length;
  }

  #operator(text: string): void {
    this.#endWord();
    this.#tokens.push({ kind: 'operator', line: this.#line, text });
    this.#at += text.length;
    if (text !== '\n') return;
    this.#line++;
    for (const end of this.#hereDocuments.splice(0)) this.#skipHereDocument(end);
  }

  #skipHereDocument(end: string): void {
    while (this.#at < this.#text.length) {
      const next = this.#text.indexOf('\n', this.#at);
      const line = this.#text.slice(this.#at, next === -1 ? undefined : next);
      this.#at = next === -1 ? this.#text.length : next + 1;
      this.#line++;
      if (line.replace(/^\t+/, '').trimEnd() === end) return;
    }
  }

  /** The text up to the next `quote`, which stands at both ends. */
  #until(quote: string): string {
    const end = this.#text.indexOf(quote, this.#at + 1);
    const text = this.#text.slice(this.#at + 1, end === -1 ? undefined : end);
    this.#at = end === -1 ? this.#text.length : end + 1;
    const lines = text.split('\n').length - 1;
    this.#line += lines;
    return text;
  }

  #doubleQuoted(): void {
    this.#at++;
    this.#append({ kind: 'text', text: '' });
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      const character = this.#text[this.#at] ?? '';
      if (character === '$' || character === '`') {
        this.#append(this.#expansion());
        continue;
      }
      const isEscaped = character === '\\' && /["\\$`]/.test(this.#text[this.#at + 1] ?? '');
      this.#append({ kind: 'text', text: isEscaped ? (this.#text[this.#at + 1] ?? '') : character });
      this.#at += isEscaped ? 2 : 1;
      if (character === '\n') this.#line++;
    }
    this.#at++;
  }

  #expansion(): Part {
    if (this.#text[this.#at] === '`') return { kind: 'unknown', script: this.#until('`') };
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith('$(')) {
      this.#at++;
      return { kind: 'unknown', script: this.#nested('(', ')') };
    }
    if (rest.startsWith("$'")) {
      this.#at++;
      return { kind: 'unknown', script: this.#until("'") };
    }
    if (rest.startsWith('${')) return this.#braced();
    const [whole, name] = /^\$(\w+|[@*#?$!-])/.exec(rest) ?? [];
    if (whole === undefined || name === undefined) {
      this.#at++;
      return { kind: 'text', text: '$' };
    }
    this.#at += whole.length;
    return { kind: 'variable', name, fallback: null };
  }

  #braced(): Part {
    const inner = this.#nested('{', '}');
    const [, name, fallback] = /^(\w+)(?:\[0\])?(?::?[-=]([\s\S]*))?$/.exec(inner) ?? [];
    return name === undefined
      ? { kind: 'unknown', script: inner }
      : { kind: 'variable', name, fallback: fallback ?? null };
  }

  /** What stands between the next `open` and its `close`; quoted ones do not count. */
  #nested(open: string, close: string): string {
    const from = this.#text.indexOf(open, this.#at) + 1;
    let depth = 1;
    let quote = '';
    let at = from;
    for (; at < this.#text.length && depth > 0; at++) {
      const character = this.#text[at] ?? '';
      if (character === '\n') this.#line++;
      if (character === '\\') at++;
      else if (quote !== '') quote = character === quote ? '' : quote;
      // Within `"…$(…)…"` a quote may be another command's: taken as if it were not.
      else if (character === "'") quote = character;
      else if (character === open) depth++;
      else if (character === close) depth--;
    }
    this.#at = at;
    return this.#text.slice(from, depth === 0 ? at - 1 : at);
  }
}
