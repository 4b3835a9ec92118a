// Starts one instance, asks it, ends it and prints, as JSON, how that went. For whoever runs it: another user.
// Arguments: the module that creates the driver, then the code folder.
import type { SandboxDriver } from '../../src/sandbox/driver.ts';
import { Observed, processesWith } from './observed.ts';

const [modulePath = '', codeDir = ''] = process.argv.slice(2);
const { create }: { create: () => SandboxDriver } = await import(/* @vite-ignore */ modulePath);
const driver = create();
const run = new Observed(driver, { codeDir, environment: { INSTANCE: 'nobody' } });
await run.ready();
const answer = await run.ask();
run.sandbox.terminate();
const exit = await run.exited();
const left = processesWith(run.instanceId);
await driver.close();
process.stdout.write(JSON.stringify({ isRoot: process.getuid?.() === 0, answer, exit, left }));
