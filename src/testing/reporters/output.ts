// Where a reporter writes to: a stream of the process, or a file that is made, with its folders, before anything runs.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ScfWsError } from '../../errors.ts';

export interface Output {
  /** Never throws: a run goes on without its report. */
  write(text: string): void;
  /** Resolves when all is written. Rejects with a `ScfWsError` if something could not be. */
  end(): Promise<void>;
}

export function streamOutput(stream: NodeJS.WriteStream): Output {
  return {
    write: text => {
      stream.write(text);
    },
    // Also called for a stream that has failed: a reader that has gone away (`| head`) wants no more.
    end: () => new Promise(resolve => stream.write('', () => resolve())),
  };
}

/** An old file is emptied at once: what a run that crashed leaves must not pass for its report. */
export function fileOutput(path: string): Output {
  let failure: Error | null = null;
  let fd: number;
  try {
    mkdirSync(dirname(path), { recursive: true });
    fd = openSync(path, 'w');
  } catch (error) {
    throw cannotWrite(path, error as Error);
  }
  return {
    write(text) {
      try {
        writeAll(fd, Buffer.from(text));
      } catch (error) {
        failure ??= error as Error;
      }
    },
    async end() {
      closeSync(fd);
      if (failure !== null) throw cannotWrite(path, failure);
    },
  };
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}

function cannotWrite(path: string, { message }: Error): ScfWsError {
  return new ScfWsError('ERR_REPORT_FILE', `Cannot write the report ${path}: ${message}`, {
    hint: 'Name a file that can be created and written',
  });
}
