// The errors that a user can meet: a closed list of codes, each with its exit code. Anything else is a bug.

const EXIT_CODES = {
  /** Wrong usage, or a config that cannot be used. */
  ERR_USAGE: 2,
  ERR_CONFIG: 2,
  ERR_NOT_FOUND: 2,
  ERR_PORT_IN_USE: 2,
  ERR_ADDRESS: 2,
  ERR_REPORT_FILE: 2,
  /** What a program waited for did not happen. */
  ERR_TIMEOUT: 1,
  /** This machine cannot do what was asked. */
  ERR_DRIVER_UNAVAILABLE: 3,
} as const;

export type ErrorCode = keyof typeof EXIT_CODES;

/** A bug in scf-ws. */
export const EXIT_BUG = 70;
/** Ctrl-C: 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;

export class ScfWsError extends Error {
  readonly code: ErrorCode;
  /** One line: what to do. */
  readonly hint: string;
  readonly exitCode: number;

  constructor(code: ErrorCode, message: string, { hint }: { readonly hint: string }) {
    super(message);
    this.name = 'ScfWsError';
    this.code = code;
    this.hint = hint;
    this.exitCode = EXIT_CODES[code];
  }

  /** The same error for those who see nothing but its message. */
  withHintInMessage(): ScfWsError {
    return new ScfWsError(this.code, `${this.message}\n  ${this.hint}`, { hint: this.hint });
  }
}
