// Why an invocation ended: a closed union, decided once, where it is first known. Pure.

/** The two peers of a connection. */
export type Side = 'client' | 'function';

/** The limits that a message can break. */
export type QuotaKind = 'message-size' | 'bandwidth' | 'message-rate';

/** How a sandbox came to its end, as its driver saw it. */
export type SandboxExit =
  /** No process ever ran; `message` is the platform's wording where one is known. */
  | { readonly kind: 'not-started'; readonly message: string; readonly advice: string }
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signaled'; readonly signal: string };

/** The one reason an invocation ended. `kind` is what stands in reports. */
export type EndCause =
  /** A close frame came first. `code` is null for a close frame without one (RFC 6455 §7.1.5: 1005). */
  | { readonly kind: 'client-closed'; readonly code: number | null; readonly reason: string }
  | { readonly kind: 'function-closed'; readonly code: number | null; readonly reason: string }
  /** The transport ended without a close frame (RFC 6455 §7.1.5: 1006). */
  | { readonly kind: 'client-lost' }
  | { readonly kind: 'function-lost' }
  | { readonly kind: 'process-exited'; readonly exit: SandboxExit }
  | { readonly kind: 'idle-timeout' }
  | { readonly kind: 'execution-timeout' }
  | { readonly kind: 'memory-exceeded'; readonly usedBytes: number }
  | {
      readonly kind: 'quota-exceeded';
      readonly quota: QuotaKind;
      readonly by: Side;
      readonly measured: number;
    }
  /** Nothing listened where the platform connects; `loopbackAddress` when only the loopback was bound. */
  | { readonly kind: 'port-not-bound'; readonly loopbackAddress: string | null }
  /** The start file could not be run, or ended before anything listened. */
  | { readonly kind: 'start-failed'; readonly exit: SandboxExit }
  | { readonly kind: 'concurrency-exceeded'; readonly maxInstances: number }
  /** The function answered the handshake with something other than 101. */
  | { readonly kind: 'upgrade-refused'; readonly httpStatus: number }
  | { readonly kind: 'emulator-stopped' };

export type EndCauseKind = EndCause['kind'];

/** Every kind once, in the order in which tables list them. */
export const END_CAUSE_KINDS = [
  'client-closed',
  'function-closed',
  'client-lost',
  'function-lost',
  'process-exited',
  'idle-timeout',
  'execution-timeout',
  'memory-exceeded',
  'quota-exceeded',
  'port-not-bound',
  'start-failed',
  'concurrency-exceeded',
  'upgrade-refused',
  'emulator-stopped',
] as const satisfies readonly EndCauseKind[];

/** The ends after which an instance may serve another connection; after the others platforms recycle it. */
const HARMLESS: ReadonlySet<EndCauseKind> = new Set<EndCauseKind>([
  'client-closed',
  'function-closed',
  'client-lost',
  'function-lost',
  'idle-timeout',
  'quota-exceeded',
  'upgrade-refused',
]);

export function isHarmless(cause: EndCause): boolean {
  return HARMLESS.has(cause.kind);
}
