// The whole command line, as data: what there is, not what it does.
import { Command } from 'commander';
import { checkCommand } from './commands/check.ts';
import { devCommand } from './commands/dev.ts';
import { testCommand } from './commands/test.ts';
import { VERSION } from './version.ts';

/** `setExitCode` gets what the command that ran came to. */
export function program(setExitCode: (exitCode: number) => void): Command {
  return new Command('scf-ws')
    .description(
      'Run a serverless WebSocket function on your own machine under the contract it meets in the cloud',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showSuggestionAfterError()
    .exitOverride()
    .addCommand(devCommand(setExitCode).exitOverride())
    .addCommand(testCommand(setExitCode).exitOverride())
    .addCommand(checkCommand(setExitCode).exitOverride());
}
