// The last line of a terminal, rewritten as a run goes on, below the lines that stay.
import type { Output } from './output.ts';
import { widthOf } from './printable.ts';

/** Carriage return, then "erase to the end of the line". */
const ERASE = '\r\x1b[K';

export class StatusLine {
  readonly #output: Output;
  readonly #columns: () => number;
  #isShown = false;

  /** `columns`: the width of the terminal, asked anew each time. */
  constructor(output: Output, columns: () => number) {
    this.#output = output;
    this.#columns = columns;
  }

  /** One line, cut to the width: a line that wraps could not be erased. */
  show(text: string): void {
    this.#output.write(`${ERASE}${cutToWidth(text, this.#columns() - 1)}`);
    this.#isShown = true;
  }

  /** To be called before anything else is written. */
  erase(): void {
    if (this.#isShown) this.#output.write(ERASE);
    this.#isShown = false;
  }
}

function cutToWidth(text: string, columns: number): string {
  let width = 0;
  let cut = '';
  for (const character of text) {
    width += widthOf(character);
    if (width >= columns) return `${cut}…`;
    cut += character;
  }
  return cut;
}
