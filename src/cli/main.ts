// The program: reads the command line, runs one command, and is the only place that ends the process.
import { CommanderError } from 'commander';
import { EXIT_BUG, ScfWsError } from '../errors.ts';
import { program } from './program.ts';

/** Commander's own errors are all about usage. */
const EXIT_USAGE = 2;

async function main(): Promise<number> {
  let exitCode = 0;
  try {
    await program(code => {
      exitCode = code;
    }).parseAsync();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (error instanceof ScfWsError) {
      process.stderr.write(`scf-ws: ${error.message}\n  ${error.hint}\n`);
      return error.exitCode;
    }
    process.stderr.write(
      `scf-ws: this is a bug in scf-ws; please report it with what stands below\n${error instanceof Error ? error.stack : String(error)}\n`,
    );
    return EXIT_BUG;
  }
}

// A reader that has gone away (`| head`) is no reason to leave instances behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exit(await main());
