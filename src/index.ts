// The package's public entry: the same emulator as `scf-ws dev`, for programs and tests.

export { defaultConfig } from './config/defaults.ts';
export type { ConfigProblem, FunctionConfig } from './config/function-config.ts';
export type { LoadedConfig } from './config/load.ts';
export { loadConfig } from './config/load.ts';
export { parseConfig } from './config/parse.ts';
export type { EndCause, EndCauseKind } from './core/end-cause.ts';
export type { InvocationReport } from './core/invocation.ts';
export type { TraceRecord } from './core/trace.ts';
export type { Emulator, EmulatorClock, EmulatorOptions, LiveConnection } from './emulator.ts';
export type { ErrorCode } from './errors.ts';
export { ScfWsError } from './errors.ts';
export { Journal } from './journal/journal.ts';
export type { FunctionSource } from './load-functions.ts';
export { loadFunctions, startEmulator } from './programs.ts';
