// What the benchmark and its load generator say to each other. Types only.

export interface Load {
  readonly connections: number;
  /** Messages that each connection has on their way at any time. */
  readonly inFlight: number;
  readonly payloadBytes: number;
}

export interface LoadSpec {
  readonly port: number;
  /** Whose CPU time is read. */
  readonly pid: number;
  readonly load: Load;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LoadResult {
  readonly messages: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the process under test; a message goes through it twice, there and back. */
  readonly cpuUsPerMessage: number;
  /** read() calls of the process under test, for one message: how much came at once. 0 where it uses other calls. */
  readonly readsPerMessage: number;
  /** Of one core: the process under test, and the generator. */
  readonly cpuShare: number;
  readonly generatorShare: number;
}

export interface OpenResult {
  /** Of each connection, in order. */
  readonly openMs: readonly number[];
}

export type GeneratorRequest =
  | { readonly do: 'run'; readonly spec: LoadSpec }
  | { readonly do: 'hold' | 'open-each' | 'open-burst'; readonly port: number; readonly count: number }
  | { readonly do: 'let-go' };

export type GeneratorReply = { readonly result: LoadResult | OpenResult | null } | { readonly error: string };
