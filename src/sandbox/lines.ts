// A stream of text → its lines, for the output of instances.
import type { Readable } from 'node:stream';

/** A longer line is told in pieces, so that a process that never ends its line cannot fill the memory. */
const MAX_LINE_CHARACTERS = 64 * 1024;

export interface LineReader {
  /** Nothing more is read; what has come of a line is told. */
  stop(): void;
}

/** Calls back for each line without its line end, for the last one too if it has none. */
export function readLines(stream: Readable, onLine: (line: string) => void): LineReader {
  stream.setEncoding('utf8');
  let pending = '';
  const flush = (): void => {
    if (pending !== '') onLine(pending);
    pending = '';
  };
  stream.on('data', (text: string) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) onLine(line.replace(/\r$/, ''));
    while (pending.length > MAX_LINE_CHARACTERS) {
      onLine(pending.slice(0, MAX_LINE_CHARACTERS));
      pending = pending.slice(MAX_LINE_CHARACTERS);
    }
  });
  stream.on('end', flush);
  return {
    stop() {
      stream.destroy();
      flush();
    },
  };
}
