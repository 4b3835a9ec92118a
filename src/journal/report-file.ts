// `--report FILE`: one JSON object a line for each ended invocation.
import { closeSync, constants, openSync, writeSync } from 'node:fs';
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

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such folder'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'permission denied'],
  ['EROFS', 'the file system is read-only'],
  // Opening a pipe waits for its reader, unless one says otherwise.
  ['ENXIO', 'nobody reads this pipe'],
]);

function openForAppending(path: string): number {
  try {
    return openSync(
      path,
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK,
      0o666,
    );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === undefined ? message : (REASONS.get(code) ?? code);
    throw new ScfWsError('ERR_REPORT_FILE', `Cannot open the report ${path}: ${why}`, {
      hint: 'Name a file in a folder that exists and can be written',
    });
  }
}
