// What of an instance's output says why it ended. Pure.

/** `TypeError: …`, `ModuleNotFoundError: …`, `java.lang.Exception: …`: how most runtimes name what nothing caught. */
const NAMED_ERROR = /^(?:Caused by: )?[\w.]*(?:Error|Exception)\b/;

/** What says nothing of its own: blank lines, stack lines, Node's version, npm's remarks. */
const TRAILER = /^\s*$|^\s+at |^Node\.js v|^npm /;

export class LastWords {
  /** The last line that names an error. */
  namedError: string | null = null;
  /** The last line on stderr that is no trailer: it may say what went wrong, or nothing. */
  lastWords: string | null = null;

  add(stream: 'stdout' | 'stderr', line: string): void {
    if (NAMED_ERROR.test(line)) this.namedError = line;
    if (stream === 'stderr' && !TRAILER.test(line)) this.lastWords = line;
  }
}
