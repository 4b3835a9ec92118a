// What a check saw that is no failure: facts for people and programs. Pure.
import type { FunctionConfig } from '../config/function-config.ts';
import { describeExit } from '../core/invocation.ts';
import { formatSize } from '../core/units.ts';
import type { PackageFacts } from './package.ts';
import { languageOf } from './program-uses.ts';
import type { Listening } from './trial.ts';
import { isReached } from './trial.ts';
import type { NotTried, SandboxKind } from './trial-drivers.ts';
import type { Trials } from './trials.ts';

export interface StartObservations {
  readonly sandbox: SandboxKind;
  /** Null: it never was where the platform connects. */
  readonly readyAfterMs: number | null;
  readonly listening: readonly Listening[];
  readonly memoryBytes: number | null;
  /** How it ended by itself; null: it did not. */
  readonly exit: string | null;
  /** The line of its output that says most about that. */
  readonly said: string | null;
  /** After SIGTERM; killed: it did not end by itself. */
  readonly termination: { readonly afterMs: number; readonly isKilled: boolean } | null;
  /** What it was seen to write outside of `/tmp`; null: nobody could look. */
  readonly written: readonly string[] | null;
}

export interface Observations {
  readonly package: { readonly bytes: number; readonly files: number };
  readonly memoryMB: number;
  readonly start: StartObservations | null;
  readonly notStarted: NotTried | null;
  readonly notes: readonly string[];
}

export interface Observed {
  readonly config: FunctionConfig;
  readonly facts: PackageFacts;
  readonly trials: Trials | null;
  readonly notTried: NotTried | null;
  readonly bareInterpreters: readonly string[];
}

export function observationsOf(observed: Observed): Observations {
  const { config, facts, trials, notTried } = observed;
  return {
    package: { bytes: facts.bytes, files: facts.files },
    memoryMB: config.memoryMB,
    start: trials === null || notTried !== null ? null : startObservations(trials),
    notStarted: notTried,
    notes: notesOf(observed),
  };
}

function startObservations({ kind, trial, written, hasUsedNetwork }: Trials): StartObservations {
  const { readyAfterMs, listening, memoryBytes, exit, termination } = trial;
  return {
    sandbox: hasUsedNetwork ? 'process' : kind,
    ...{ readyAfterMs, listening, memoryBytes, termination, written },
    exit: exit === null ? null : describeExit(exit),
    said: trial.namedError ?? trial.lastWords,
  };
}

function notesOf({ config, facts, trials, notTried, bareInterpreters }: Observed): readonly string[] {
  const wasReached = notTried === null && trials !== null && isReached(trials.trial);
  const wasBlind =
    wasReached && trials.kind === 'namespace' && trials.written === null && !trials.hasUsedNetwork;
  return [
    // What the platform is not known to have is a finding already.
    ...(trials?.warnings ?? []).filter(warning => !warning.includes('not known to have')),
    ...(trials?.hasUsedNetwork === true
      ? ['It does not start without a network, so it was tried with the one of this machine']
      : []),
    ...(wasReached && trials.absentModule !== null
      ? ['The rest was seen with that module within reach']
      : []),
    ...(wasReached && trials.isStoppedByWriting ? ['The rest was seen where it may write'] : []),
    ...(wasBlind
      ? [
          `What it writes was not looked at: a copy of the package (${formatSize(facts.bytes)}) could not be made, or would take too long`,
        ]
      : []),
    ...bareInterpreters.map(name => bareNote(name, config)),
  ];
}

function bareNote(name: string, { platform }: FunctionConfig): string {
  const language = languageOf(name) ?? 'node';
  const runtime = platform.runtimes.value.findLast(candidate => candidate.language === language);
  const [binary = name] = runtime?.binaries ?? [];
  const program = languageOf(name) === null ? name : binary;
  return `${name} comes from the PATH, and which version the platform has there is not published: /var/lang/${runtime?.folder}/bin/${program} would say it`;
}
