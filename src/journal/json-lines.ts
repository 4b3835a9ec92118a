// Records → JSON lines with pino: `event` is the record's type, the other fields are the record's own.

import type { DestinationStream } from 'pino';
import { pino } from 'pino';
import type { TraceRecord } from '../core/trace.ts';

/** Records that say that something is wrong. */
function levelOf(record: TraceRecord): 'info' | 'warn' | 'error' | 'debug' {
  if (record.type === 'notice') return record.level;
  if (record.type === 'frame') return 'debug';
  return record.type === 'ended' && record.explanation !== null ? 'warn' : 'info';
}

export function jsonLines(out: DestinationStream): (record: TraceRecord) => void {
  const logger = pino(
    {
      base: null,
      level: 'debug',
      // The record has a time of its own, that of the event.
      timestamp: false,
      formatters: { level: label => ({ level: label }) },
    },
    out,
  );
  return record => {
    // A notice's level is the line's own.
    const { type, time, ...fields } = record.type === 'notice' ? { ...record, level: undefined } : record;
    logger[levelOf(record)]({ time: new Date(time).toISOString(), event: type, ...fields });
  };
}
