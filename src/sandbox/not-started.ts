// The system's refusal to run a start file, in the platform's words.
import type { SandboxExit } from '../core/end-cause.ts';

/** What the system's refusal to run a start file is called on the platform; the file itself is there. */
export function notStarted(error: NodeJS.ErrnoException, startFile: string): SandboxExit {
  switch (error.code) {
    case 'ENOENT':
      return {
        kind: 'not-started',
        message: `[./${startFile}] no such file or directory`,
        advice: 'The interpreter that the first line of the start file names does not exist here',
      };
    case 'ENOEXEC':
      return {
        kind: 'not-started',
        message: `fork/exec /var/user/${startFile}: exec format error`,
        advice: 'The start file, or its interpreter, is a program for another system or processor',
      };
    case 'EISDIR':
      return {
        kind: 'not-started',
        message: `fork/exec /var/user/${startFile}: permission denied`,
        advice: `${startFile} is a folder; put a file of that name in its place`,
      };
    case 'EACCES':
      return {
        kind: 'not-started',
        message: `fork/exec /var/user/${startFile}: permission denied`,
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
