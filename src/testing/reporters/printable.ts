// Text of functions and messages, made safe to print: no colours of their own, no control characters. Pure.
import { stripVTControlCharacters } from 'node:util';

/** Lines and tabs stay; other control characters, and halves of surrogate pairs, are named: none can move the cursor. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/(?![\n\t])\p{Cc}|\p{Cs}/gu, nameOf);
}

/** A name or a sentence on a single line. */
export function onOneLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim();
}

/** Data on a single line, with nothing of it lost. */
export function inline(text: string): string {
  return printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** Long text with its middle left to the imagination. */
export function shortened(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}… (${text.length} characters)`;
}

const WIDE =
  /[\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;

/** How many columns of a terminal a character takes. */
export function widthOf(character: string): number {
  if (/^\p{M}$/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

function nameOf(character: string): string {
  if (character === '\r') return '\\r';
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
}
