// `scf-ws dev [dir]`: flags → one emulator → rendering, until it is interrupted.
import { Command, InvalidArgumentError, Option } from 'commander';
import { duration } from '../option-values.ts';

export interface DevFlags {
  readonly config?: string;
  readonly port: number;
  readonly host: string;
  readonly idleTimeout?: number;
  readonly timeout?: number;
  readonly initTimeout?: number;
  readonly timeScale: number;
  readonly sandbox: 'auto' | 'process' | 'namespace';
  readonly attach?: { readonly host: string; readonly port: number };
  readonly report?: string;
  readonly record?: string;
  readonly logFormat: 'pretty' | 'scf' | 'json';
  readonly verbose?: true;
}

export function devCommand(setExitCode: (exitCode: number) => void): Command {
  return new Command('dev')
    .description(
      'run the function of a folder: every connection gets a fresh instance, and the limits of the cloud',
    )
    .argument('[dir]', 'the folder with scf.yaml or scf_bootstrap', '.')
    .option('-c, --config <file>', 'the config file (default: scf.yaml in the folder)')
    .addOption(
      new Option('-p, --port <number>', 'where clients connect; 0: any port that is free')
        .default(8000)
        .argParser(port),
    )
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .addOption(
      new Option(
        '--idle-timeout <duration>',
        'idle timeout instead of the config’s; may leave the platform’s range',
      ).argParser(duration),
    )
    .addOption(
      new Option('--timeout <duration>', 'execution timeout instead of the config’s, likewise').argParser(
        duration,
      ),
    )
    .addOption(
      new Option('--init-timeout <duration>', 'init timeout instead of the config’s, likewise').argParser(
        duration,
      ),
    )
    .addOption(
      new Option(
        '--time-scale <factor>',
        'the platform’s clock (idle and execution timeout) runs so many times as fast',
      )
        .default(1)
        .argParser(factor),
    )
    .addOption(
      new Option(
        '--sandbox <kind>',
        'how instances are made; auto: process for Node and Python, namespace for the rest',
      )
        .choices(['auto', 'process', 'namespace'])
        .default('auto'),
    )
    .addOption(
      new Option(
        '--attach <host:port>',
        'a server that you run (under a debugger, say) instead of instances; all connections share it',
      ).argParser(hostAndPort),
    )
    .option('--report <file>', 'append a JSON line for each ended invocation; -: to standard output')
    .option('--record <file>', 'write every connection with its messages into a HAR file, emptied first')
    .addOption(
      new Option('--log-format <format>', 'how to tell what happens')
        .choices(['pretty', 'scf', 'json'])
        .default('pretty'),
    )
    .option('-v, --verbose', 'tell every frame')
    .helpOption('-h, --help', 'print this help')
    .action(async (dir: string, flags: DevFlags) => {
      // Loaded only now: `--version` and `--help` need none of it.
      const { runDev } = await import('../dev.ts');
      setExitCode(await runDev(dir, flags));
    });
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  }
  return value;
}

function factor(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('It must be a number above 0, such as 60 or 0.5.');
  return value;
}

function hostAndPort(text: string): { host: string; port: number } {
  const match = /^(?:\[?([^\]]*?)\]?:)?(\d+)$/.exec(text);
  const value = Number(match?.[2]);
  if (!match || value < 1 || value > 65_535)
    throw new InvalidArgumentError('It must be HOST:PORT, such as 127.0.0.1:9000.');
  return { host: match[1] || '127.0.0.1', port: value };
}
