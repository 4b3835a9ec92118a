// Where values stand in the text of a JSON file, for the messages that point there. Pure. The text is known to be JSON.

/** Of the values on the way: a key, or `*` for every item of a list. */
export type PlacePattern = readonly string[];

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** The values whose path begins the pattern, by their path: `log.entries.0`. */
export class JsonPlaces {
  readonly #lineStarts: readonly number[];
  readonly #offsets: ReadonlyMap<string, number>;

  constructor(text: string, pattern: PlacePattern) {
    this.#lineStarts = lineStartsOf(text);
    this.#offsets = new Scan(text, pattern).offsets;
  }

  /** The file's beginning for a value that is not there. */
  placeOf(path: string): Place {
    return placeAt(this.#offsets.get(path) ?? 0, this.#lineStarts);
  }
}

/** The place of an offset into a text. */
export function placeIn(text: string, offset: number): Place {
  return placeAt(offset, lineStartsOf(text));
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function placeAt(offset: number, lineStarts: readonly number[]): Place {
  let low = 0;
  let high = lineStarts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
}

/** Walks the text once; only what the pattern leads to is looked into. */
class Scan {
  readonly offsets = new Map<string, number>();
  readonly #text: string;
  #at = 0;

  constructor(text: string, pattern: PlacePattern) {
    this.#text = text;
    this.#value('', pattern);
  }

  #value(path: string, pattern: PlacePattern): void {
    this.#skipSpace();
    this.offsets.set(path, this.#at);
    const [next, ...rest] = pattern;
    const open = this.#text[this.#at];
    if (next === undefined || (open !== '{' && open !== '[')) {
      this.#skipValue();
      return;
    }
    this.#at++;
    for (let index = 0; this.#hasMore(); index++) {
      const key = open === '{' ? this.#key() : String(index);
      if (next === '*' ? open === '[' : next === key) this.#value(path === '' ? key : `${path}.${key}`, rest);
      else this.#skipValue();
    }
  }

  /** Passes a comma, or the end of an object or a list. */
  #hasMore(): boolean {
    this.#skipSpace();
    const character = this.#text[this.#at];
    if (character === ',') this.#at++;
    this.#skipSpace();
    if (character !== '}' && character !== ']') return this.#at < this.#text.length;
    this.#at++;
    return false;
  }

  #key(): string {
    const start = this.#at;
    this.#skipString();
    const key: string = JSON.parse(this.#text.slice(start, this.#at));
    this.#skipSpace();
    this.#at++;
    return key;
  }

  #skipValue(): void {
    let depth = 0;
    this.#skipSpace();
    do {
      const character = this.#text[this.#at];
      if (character === '"') this.#skipString();
      else if (character === '{' || character === '[') depth++;
      else if (character === '}' || character === ']') depth--;
      if (character !== '"') this.#at++;
    } while (this.#at < this.#text.length && (depth > 0 || !/[\s,}\]]/.test(this.#text[this.#at] ?? '')));
  }

  #skipString(): void {
    for (this.#at++; this.#text[this.#at] !== '"' && this.#at < this.#text.length; this.#at++) {
      if (this.#text[this.#at] === '\\') this.#at++;
    }
    this.#at++;
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }
}
