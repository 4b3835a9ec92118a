// What was expected beside what came: two lines with the differing words marked, or the changed lines of a text. Pure.
import { diffWordsWithSpace, structuredPatch } from 'diff';
import type pc from 'picocolors';
import { printable, shortened, widthOf } from './printable.ts';

export type Colours = ReturnType<typeof pc.createColors>;

/** Two texts with more changes than this have nothing in common worth marking, and finding out takes long. */
const MAX_CHANGES = 2000;
const MAX_LINE_CHARACTERS = 2000;
const CONTEXT_LINES = 3;

/** Without colours, marks stand below the words. */
export function differenceLines(expected: string, actual: string, c: Colours): readonly string[] {
  const texts = [printable(expected), printable(actual)] as const;
  return texts.some(text => text.includes('\n')) ? lineByLine(texts, c) : wordByWord(texts, c);
}

function wordByWord([expected, actual]: readonly [string, string], c: Colours): readonly string[] {
  const isShort = expected.length <= MAX_LINE_CHARACTERS && actual.length <= MAX_LINE_CHARACTERS;
  const changes = isShort
    ? (diffWordsWithSpace(expected, actual, { maxEditLength: MAX_CHANGES }) ?? null)
    : null;
  // Marks that cover all of both lines say nothing.
  if (changes === null || !changes.some(({ added, removed }) => !added && !removed)) {
    return [`expected  ${c.green(cut(expected))}`, `actual    ${c.red(cut(actual))}`];
  }
  const side = (name: string, isMine: 'added' | 'removed', paint: (text: string) => string): string[] => {
    const isOther = isMine === 'added' ? 'removed' : 'added';
    const parts = changes.filter(change => !change[isOther]);
    const text = parts.map(part => (part[isMine] ? c.inverse(paint(part.value)) : paint(part.value)));
    const marks = parts
      .map(({ value, [isMine]: isMarked }) =>
        value.replace(/[^\t]/gu, each => (isMarked ? '^' : ' ').repeat(widthOf(each))),
      )
      .join('');
    const line = `${name}${text.join('')}`;
    return c.isColorSupported || marks.trim() === '' ? [line] : [line, `          ${marks.trimEnd()}`];
  };
  return [...side('expected  ', 'removed', c.green), ...side('actual    ', 'added', c.red)];
}

function lineByLine([expected, actual]: readonly [string, string], c: Colours): readonly string[] {
  const patch = structuredPatch('', '', expected, actual, '', '', {
    context: CONTEXT_LINES,
    maxEditLength: MAX_CHANGES,
  });
  const legend = `${c.green('- expected')}  ${c.red('+ actual')}`;
  if (patch === undefined) {
    const all = (text: string, sign: string): string[] =>
      cut(text)
        .split('\n')
        .map(line => sign + line);
    return [legend, ...all(expected, '-').map(c.green), ...all(actual, '+').map(c.red)];
  }
  const hunks = patch.hunks.map(({ lines }) =>
    lines
      // "No newline at end of file": a message has no end of file.
      .filter(line => !line.startsWith('\\'))
      .map(line => {
        const shown = cut(`${line.slice(0, 1)} ${line.slice(1)}`);
        if (line.startsWith('-')) return c.green(shown);
        return line.startsWith('+') ? c.red(shown) : shown;
      }),
  );
  return [legend, ...hunks.flatMap((lines, index) => (index === 0 ? lines : [c.dim('…'), ...lines]))];
}

function cut(text: string): string {
  return shortened(text, MAX_LINE_CHARACTERS);
}
