// How the hooks get into the user's interpreters: by the environment, and by launchers that put it right again
// where a start file has set NODE_OPTIONS or PYTHONPATH anew.
import { writeFile } from 'node:fs/promises';
import { delimiter } from 'node:path';

/** The paths of what is preloaded, and of the pipe it reports on. None of them has a space in it. */
export interface Hooks {
  readonly nodeHook: string;
  readonly pythonHookDir: string;
  readonly pipe: string;
}

export interface HookedInstance {
  readonly instanceId: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** The environment that preloads the hooks, on top of what the instance has of its own. */
export function hookEnvironment(hooks: Hooks, instance: HookedInstance): Record<string, string> {
  const { NODE_OPTIONS, PYTHONPATH } = instance.environment;
  return {
    SCF_WS_PORT: String(instance.port),
    SCF_WS_PIPE: hooks.pipe,
    SCF_WS_INSTANCE: instance.instanceId,
    NODE_OPTIONS: [`--require ${hooks.nodeHook}`, NODE_OPTIONS].filter(Boolean).join(' '),
    PYTHONPATH: [hooks.pythonHookDir, PYTHONPATH].filter(Boolean).join(delimiter),
  };
}

/**
 * Writes an executable that is `target`, with its hook if there are any. A script, not a link: a python of a virtual environment
 * finds its packages by the path it is called by.
 */
export async function writeLauncher(
  path: string,
  { target, hooks }: { readonly target: string; readonly hooks: Hooks | null },
): Promise<void> {
  const launch = `exec '${target.replaceAll("'", "'\\''")}' "$@"`;
  const lines = ['#!/bin/sh', ...(hooks === null ? [] : environmentLines(hooks)), launch, ''];
  await writeFile(path, lines.join('\n'), { mode: 0o755 });
}

function environmentLines({ nodeHook, pythonHookDir }: Hooks): readonly string[] {
  return [
    `case "$NODE_OPTIONS" in *${nodeHook}*) ;; *) export NODE_OPTIONS="--require ${nodeHook} $NODE_OPTIONS" ;; esac`,
    `case "$PYTHONPATH" in *${pythonHookDir}*) ;; *) export PYTHONPATH="${pythonHookDir}:$PYTHONPATH" ;; esac`,
  ];
}
