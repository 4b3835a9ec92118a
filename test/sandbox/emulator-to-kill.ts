// An emulator that will be killed: starts instances in the driver that a module creates and prints, as JSON, every
// line that they print. Arguments: the module, then the code folders.
import type { SandboxDriver } from '../../src/sandbox/driver.ts';
import { Observed } from './observed.ts';

const [modulePath = '', ...codeDirs] = process.argv.slice(2);
const { create }: { create: () => SandboxDriver } = await import(/* @vite-ignore */ modulePath);
const driver = create();
const runs = codeDirs.map(codeDir => new Observed(driver, { codeDir }));
// Its line can come after the readiness.
await Promise.all(runs.flatMap(run => [run.ready(), run.printedNumber('listening')]));
const told = runs.map(({ instanceId, sandbox: { pid }, lines }) => ({ instanceId, pid, lines }));
process.stdout.write(`${JSON.stringify(told)}\n`);
setInterval(() => {}, 1 << 30);
