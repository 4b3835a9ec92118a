// The system's refusal to run a start file, in the platform's words.
import type { SandboxExit } from '../core/end-cause.ts';

/** As deployed functions have answered; the start file's name is the only thing of ours in them. */
export const WORDING = {
  noSuchFile: (startFile: string) => `[./${startFile}] no such file or directory`,
  permissionDenied: (startFile: string) => `fork/exec /var/user/${startFile}: permission denied`,
  execFormatError: (startFile: string) => `fork/exec /var/user/${startFile}: exec format error`,
} as const;

/** What the system's refusal to run a start file is called on the platform; the file itself is there. */
export function notStarted(error: NodeJS.ErrnoException, startFile: string): SandboxExit {
  switch (error.code) {
    case 'ENOENT':
      return {
        kind: 'not-started',
        message: WORDING.noSuchFile(startFile),
        advice: 'The interpreter that the first line of the start file names does not exist here',
      };
    case 'ENOEXEC':
      return {
        kind: 'not-started',
        message: WORDING.execFormatError(startFile),
        advice: 'The start file, or its interpreter, is a program for another system or processor',
      };
    case 'EISDIR':
      return {
        kind: 'not-started',
        message: WORDING.permissionDenied(startFile),
        advice: `${startFile} is a folder; put a file of that name in its place`,
      };
    case 'EACCES':
      return {
        kind: 'not-started',
        message: WORDING.permissionDenied(startFile),
        advice: 'The start file, or the interpreter that its first line names, may not be read or executed',
      };
    default:
      return {
        kind: 'not-started',
        message: `fork/exec /var/user/${startFile}: ${error.code ?? error.message}`,
        advice: error.message,
      };
  }
}
