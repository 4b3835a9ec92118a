// What programs call: the same functions as the command line's, with errors that say in their message what to do, as
// test runners show little else.
import type { FunctionConfig } from './config/function-config.ts';
import type { Emulator, EmulatorOptions } from './emulator.ts';
import { startEmulator as start } from './emulator.ts';
import { ScfWsError } from './errors.ts';
import type { FunctionSource } from './load-functions.ts';
import { loadFunctions as load } from './load-functions.ts';

/** Rejects with a `ScfWsError` for what the user can change; nothing is left running then. */
export function startEmulator(options?: EmulatorOptions): Promise<Emulator> {
  return withHints(start(options));
}

/** The functions of a folder or a config file; rejects with a `ScfWsError` if there is none that can be used. */
export function loadFunctions(source?: FunctionSource): Promise<readonly FunctionConfig[]> {
  return withHints(load(source));
}

async function withHints<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof ScfWsError ? error.withHintInMessage() : error;
  }
}
