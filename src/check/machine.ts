// What this machine can do: which sandboxes it can make, and which interpreters it has for the platform's runtimes.
import { execFile } from 'node:child_process';
import type { Platform } from '../platforms/platform.ts';
import type { NamespaceCapability } from '../sandbox/capabilities.ts';
import { tryOutbound } from '../sandbox/capabilities.ts';
import { findInterpreter } from '../sandbox/interpreters.ts';

export interface MachineInterpreter {
  readonly language: string;
  /** Null: this machine has none. */
  readonly path: string | null;
  readonly version: string | null;
}

export interface Machine {
  /** E.g. `linux x64`. */
  readonly system: string;
  readonly namespaces: NamespaceCapability;
  /** Do instances in namespaces reach what this machine reaches? Null where there are none. */
  readonly outbound: NamespaceCapability | null;
  /** Null: not installed. */
  readonly bubblewrap: string | null;
  /** One for each language of the platform. */
  readonly interpreters: readonly MachineInterpreter[];
}

export async function machineReport(
  platform: Platform,
  {
    namespaces,
    searchPath,
  }: { readonly namespaces: Promise<NamespaceCapability>; readonly searchPath: string },
): Promise<Machine> {
  // The last one of each language is the newest.
  const newest = new Map(platform.runtimes.value.map(runtime => [runtime.language, runtime]));
  const [capability, outbound, bubblewrap, ...interpreters] = await Promise.all([
    namespaces,
    namespaces.then(({ isAble }) => (isAble ? tryOutbound(searchPath) : null)),
    versionOfBubblewrap(),
    ...[...newest].map(async ([language, runtime]): Promise<MachineInterpreter> => {
      const found = await findInterpreter(runtime, searchPath);
      return { language, path: found?.path ?? null, version: found?.version ?? null };
    }),
  ]);
  const system = `${process.platform} ${process.arch}`;
  return { system, namespaces: capability, outbound, bubblewrap, interpreters };
}

function versionOfBubblewrap(): Promise<string | null> {
  return new Promise(resolve => {
    execFile('bwrap', ['--version'], (_error, stdout) => resolve(/[\d.]+/.exec(stdout)?.[0] ?? null));
  });
}
