// Starts an instance for each code folder, prints, as JSON, what they and the driver told, and ends; or stays, once they
// are ready. For whoever runs it: another user, in another network.
// Arguments: the module that creates the driver, then JSON: the code folders, the network, whether to stay.
import { readdirSync, readFileSync } from 'node:fs';
import type { SandboxDriver, SandboxNetwork } from '../../src/sandbox/driver.ts';
import { childrenOf, isAlive, Observed } from './observed.ts';

export interface Reaching {
  readonly codeDirs: readonly string[];
  readonly network: SandboxNetwork;
  readonly stays?: boolean;
}

export interface Reached {
  readonly isRoot: boolean;
  readonly lines: readonly (readonly string[])[];
  readonly exits: readonly unknown[];
  readonly warnings: readonly string[];
  /** The processes beside bubblewrap and the guardian, while instances ran. */
  readonly helpers: readonly number[];
  /** What of that and of the instances is left when their exits are told. */
  readonly left: readonly number[];
  /** Ports on which this machine listened, meanwhile, that it did not before. */
  readonly newPorts: readonly string[];
  readonly filesLeft: number;
}

const [modulePath = '', json = ''] = process.argv.slice(2);
const { codeDirs, network, stays = false }: Reaching = JSON.parse(json);
const { create }: { create: (onWarning: (message: string) => void) => SandboxDriver } = await import(
  /* @vite-ignore */ modulePath
);

const listening = (): readonly string[] =>
  ['tcp', 'tcp6'].flatMap(file =>
    readFileSync(`/proc/net/${file}`, 'latin1')
      .split('\n')
      .flatMap(line => /^\s*\d+: (\S+) \S+ 0A /.exec(line)?.[1] ?? []),
  );
const helpersNow = (): readonly number[] =>
  childrenOf(process.pid).filter(pid => readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith('pas'));
const openFiles = (): number => readdirSync('/proc/self/fd').length;

const warnings: string[] = [];
const before = listening();
const driver = create(message => warnings.push(message));
const first = new Observed(driver, { codeDir: codeDirs[0] ?? '', network });
first.sandbox.kill();
await first.exited();
const files = openFiles();

const runs = codeDirs.map(codeDir => new Observed(driver, { codeDir, network }));
await Promise.all(
  runs.map(run => run.until('readiness or the end', () => run.types.includes('ready') || run.exit)),
);
for (const { sandbox, types } of runs) {
  if (types.includes('ready'))
    sandbox
      .connect()
      .on('error', () => {})
      .destroy();
}
const helpers = helpersNow();
const newPorts = listening().filter(address => !before.includes(address));
const told = (left: readonly number[]): void => {
  const reached: Reached = {
    isRoot: process.getuid?.() === 0,
    lines: runs.map(run => run.lines),
    exits: runs.map(run => run.exit),
    warnings,
    helpers,
    left,
    newPorts,
    filesLeft: openFiles() - files,
  };
  process.stdout.write(`${JSON.stringify(reached)}\n`);
};
if (stays) {
  told([]);
  setInterval(() => {}, 1 << 30);
} else {
  for (const run of runs) run.sandbox.kill();
  await Promise.all(runs.map(run => run.exited()));
  const left = [...helpersNow(), ...helpers, ...runs.map(run => run.sandbox.pid ?? 0)].filter(isAlive);
  await new Promise(resolve => setImmediate(resolve));
  told(left);
  await driver.close();
}
