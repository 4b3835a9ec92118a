// The three ways to tell people, or programs, what happens: each a reader of the journal.

import type { DestinationStream } from 'pino';
import { pino } from 'pino';
import type { Subscription } from './journal.ts';
import { jsonLines } from './json-lines.ts';
import { prettyLines } from './pretty.ts';
import { scfLogLines } from './scf-log.ts';

export const LOG_FORMATS = ['pretty', 'scf', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface ReaderOptions {
  readonly format: LogFormat;
  /** Tell single frames too. */
  readonly verbose: boolean;
  readonly colour: boolean;
  /** Name the function in each line: there are several. */
  readonly nameFunctions: boolean;
}

/** Synchronous: a line is out before the next thing happens, and none is lost at the end. */
export function standardError(): DestinationStream {
  const destination = pino.destination({ fd: 2, sync: true });
  // A terminal that has gone or a disk that is full is no reason to leave clients without their function.
  destination.on('error', () => {});
  return destination;
}

export function journalReader(options: ReaderOptions, out: DestinationStream): Subscription {
  const { format, verbose } = options;
  switch (format) {
    case 'pretty':
      return { frames: verbose, onRecord: prettyLines(options, line => out.write(`${line}\n`)) };
    case 'scf':
      return { frames: false, onRecord: scfLogLines(line => out.write(`${line}\n`)) };
    case 'json':
      return { frames: verbose, onRecord: jsonLines(out) };
  }
}
