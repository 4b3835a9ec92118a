// `--record FILE`: a HAR file that grows by one entry for each ended connection, and is valid after each.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { ScfWsError } from '../errors.ts';
import type { OpenTap } from '../gateway/tap.ts';
import { ConnectionRecording, type EntryWriter } from './connection-recording.ts';

/** What closes the file; the next entry is written over it. */
const FOOTER = '\n]}}\n';

/** Messages of an open connection beyond this wait on the disk. */
const MAX_WAITING_CHARACTERS = 256 * 1024;

const COPY_BYTES = 64 * 1024;

export interface HarFile {
  readonly openTap: OpenTap;
  close(): void;
}

export interface HarFileOptions {
  /** Of scf-ws. */
  readonly version: string;
  /** Called once when something could not be written; nothing is recorded from then on. */
  readonly onFailure: (message: string) => void;
}

/** Opens `path`, and empties it if it is there. */
export function openHarFile(path: string, { version, onFailure }: HarFileOptions): HarFile {
  const log = { version: '1.2', creator: { name: 'scf-ws', version }, pages: [] };
  const header = `{"log":${JSON.stringify(log).slice(0, -1)},"entries":[`;
  const fd = openForWriting(path);
  /** Where the footer begins. */
  let end = Buffer.byteLength(header);
  let separator = '\n';
  let hasFailed = false;

  /** Whatever goes wrong with a recording, connections go on. */
  function attempt(write: () => void): void {
    if (hasFailed) return;
    try {
      write();
    } catch (error) {
      hasFailed = true;
      onFailure(`Cannot write to the recording, which ends here: ${(error as Error).message}`);
      restore();
    }
  }

  function restore(): void {
    try {
      ftruncateSync(fd, end);
      writeAll(fd, Buffer.from(FOOTER), end);
    } catch {
      // The disk that failed the entry has failed again, and that was told.
    }
  }

  function append(entry: object, messages: WaitingMessages): void {
    const open = `${separator}${JSON.stringify(entry).slice(0, -1)},"_webSocketMessages":[`;
    const position = messages.writeTo(fd, { open, close: `]}${FOOTER}`, position: end });
    end = position - Buffer.byteLength(FOOTER);
    separator = ',\n';
  }

  attempt(() => writeAll(fd, Buffer.from(`${header}${FOOTER}`), 0));
  return {
    openTap: connection => {
      const messages = new WaitingMessages(`${path}.${connection.requestId}.part`);
      const out: EntryWriter = {
        addMessage: json => attempt(() => messages.add(json)),
        end: entry => {
          attempt(() => append(entry, messages));
          messages.close();
        },
      };
      return new ConnectionRecording(connection, out);
    },
    close: () => closeSync(fd),
  };
}

/** The messages of one open connection, one a line: in memory while they are few, else in a file without a name. */
class WaitingMessages {
  readonly #path: string;
  #fd: number | null = null;
  #fileBytes = 0;
  #text = '';
  #separator = '\n';

  constructor(path: string) {
    this.#path = path;
  }

  add(json: string): void {
    this.#text += `${this.#separator}${json}`;
    this.#separator = ',\n';
    if (this.#text.length <= MAX_WAITING_CHARACTERS) return;
    if (this.#fd === null) {
      this.#fd = openSync(this.#path, 'wx+', 0o600);
      // Its content lasts while it is open, and no end of the program leaves it behind.
      unlinkSync(this.#path);
    }
    const bytes = Buffer.from(this.#text);
    writeAll(this.#fd, bytes, this.#fileBytes);
    this.#fileBytes += bytes.length;
    this.#text = '';
  }

  /** Between `open` and `close`; returns where it ends. */
  writeTo(target: number, text: { open: string; close: string; position: number }): number {
    let { position } = text;
    const write = (bytes: Buffer): void => {
      writeAll(target, bytes, position);
      position += bytes.length;
    };
    const lineEnd = this.#separator === '\n' ? '' : '\n';
    const rest = `${this.#text}${lineEnd}${text.close}`;
    if (this.#fd === null) {
      // In one piece: not even SIGKILL comes between.
      write(Buffer.from(`${text.open}${rest}`));
      return position;
    }
    write(Buffer.from(text.open));
    const piece = Buffer.alloc(COPY_BYTES);
    for (let at = 0; at < this.#fileBytes; ) {
      const count = readSync(this.#fd, piece, 0, piece.length, at);
      write(piece.subarray(0, count));
      at += count;
    }
    write(Buffer.from(rest));
    return position;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#text = '';
  }
}

function writeAll(fd: number, bytes: Buffer, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such folder'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'permission denied'],
  ['EROFS', 'the file system is read-only'],
  // Opening a pipe waits for its reader, unless one says otherwise.
  ['ENXIO', 'it is not a file'],
]);

function openForWriting(path: string): number {
  const hint = 'Name a file in a folder that exists and can be written, such as session.har';
  let fd: number;
  try {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants;
    fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0o666);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === undefined ? message : (REASONS.get(code) ?? code);
    throw new ScfWsError('ERR_REPORT_FILE', `Cannot open the recording ${path}: ${why}`, { hint });
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new ScfWsError('ERR_REPORT_FILE', `Cannot record to ${path}: it is not a file`, { hint });
}
