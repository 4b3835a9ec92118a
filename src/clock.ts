// The platform's clock, and the only reader of real time: it can run faster than real time, and be moved forward.

/** All times in ms since the clock was made. */
export interface Clock {
  now(): number;
  /** Calls back once `now()` has reached `at`, never before and never from within this call. */
  wakeAt(at: number, callback: () => void): Wake;
  /** Platform ms that pass in one real ms. */
  readonly scale: number;
  /** Moves the clock forward; what becomes due is called before it returns. */
  advance(ms: number): void;
  /** When the next callback is due, or null. */
  nextWakeAt(): number | null;
  /** The wall clock at `at`. */
  wallTime(at: number): Date;
}

export interface Wake {
  cancel(): void;
}

/** The longest delay of a timer of Node's; later wake-ups go in steps. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves after so many real ms, and holds nothing open until then. */
export function realTime(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref());
}

/** `scale`: platform ms per real ms, 1 by default; 60 makes a minute pass in a second. */
export function createClock({ scale = 1 }: { readonly scale?: number } = {}): Clock {
  const originMs = performance.now();
  const originWall = Date.now();
  let advancedMs = 0;
  const pending = new Set<{ at: number; check: () => void }>();

  const now = (): number => (performance.now() - originMs) * scale + advancedMs;

  return {
    scale,
    now,
    wallTime: at => new Date(originWall + at),
    wakeAt(at, callback) {
      let timer: NodeJS.Timeout;
      const entry = { at, check };
      function arm(): void {
        // Timers of Node's may fire up to a millisecond early.
        timer = setTimeout(check, Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil((at - now()) / scale))));
      }
      function check(): void {
        clearTimeout(timer);
        if (now() < at) {
          arm();
          return;
        }
        pending.delete(entry);
        callback();
      }
      pending.add(entry);
      arm();
      return {
        cancel() {
          clearTimeout(timer);
          pending.delete(entry);
        },
      };
    },
    nextWakeAt: () => (pending.size === 0 ? null : Math.min(...[...pending].map(({ at }) => at))),
    advance(ms) {
      advancedMs += ms;
      for (const entry of [...pending].sort((a, b) => a.at - b.at)) {
        if (pending.has(entry) && entry.at <= now()) entry.check();
      }
    },
  };
}
