// `--report FILE`: one JSON object a line for each ended invocation.
import { closeSync, openSync, writeSync } from 'node:fs';
import type { InvocationReport } from '../core/invocation.ts';
import { ScfWsError } from '../errors.ts';

export interface ReportFile {
  write(report: InvocationReport): void;
  close(): void;
}

/**
 * Opens `path` for appending; `-` is the standard output. A line is with the system before the next thing happens,
 * so a report outlives even the emulator's own SIGKILL. `onFailure` is called once when a line could not be written.
 */
export function openReportFile(path: string, onFailure: (message: string) => void): ReportFile {
  const fd = path === '-' ? 1 : openForAppending(path);
  let hasFailed = false;
  return {
    write(report) {
      try {
        writeSync(fd, `${JSON.stringify(report)}\n`);
      } catch (error) {
        if (!hasFailed) onFailure(`Cannot write to the report: ${(error as Error).message}`);
        hasFailed = true;
      }
    },
    close() {
      if (path !== '-') closeSync(fd);
    },
  };
}

function openForAppending(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (error) {
    throw new ScfWsError('ERR_REPORT_FILE', `Cannot open the report ${path}: ${(error as Error).message}`, {
      hint: 'Name a file in a folder that exists and can be written',
    });
  }
}
