// `scf-ws check [dir]`: flags → findings → text or JSON.
import { Command, Option } from 'commander';
import { duration } from '../option-values.ts';

export interface CheckFlags {
  readonly config?: string;
  readonly format: 'text' | 'json';
  readonly fix?: true;
  /** `--no-start` makes it false. */
  readonly start: boolean;
  readonly sandbox: 'auto' | 'process' | 'namespace';
  readonly initTimeout?: number;
}

export function checkCommand(setExitCode: (exitCode: number) => void): Command {
  return new Command('check')
    .description(
      'find what would fail in the cloud: in the files, and in one instance that is really started; needs no cloud',
    )
    .argument('[dir]', 'the folder with scf.yaml or scf_bootstrap', '.')
    .option('-c, --config <file>', 'the config file (default: scf.yaml in the folder)')
    .addOption(
      new Option('--format <format>', 'how to tell what was found').choices(['text', 'json']).default('text'),
    )
    .option('--fix', 'mend what is safe: modes, line ends, a byte order mark')
    .option('--no-start', 'read files only, start nothing')
    .addOption(
      new Option('--sandbox <kind>', 'where to start it; auto: as near to the cloud as this machine can')
        .choices(['auto', 'process', 'namespace'])
        .default('auto'),
    )
    .addOption(
      new Option(
        '--init-timeout <duration>',
        'how long it may take to listen, instead of the config’s',
      ).argParser(duration),
    )
    .helpOption('-h, --help', 'print this help')
    .action(async (dir: string, flags: CheckFlags) => {
      // Loaded only now: `--version` and `--help` need none of it.
      const { runCheck } = await import('../check.ts');
      setExitCode(await runCheck(dir, flags));
    });
}
