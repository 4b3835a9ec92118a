// Waiting for something to become true, with a ceiling that only a failure reaches.
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 10;
const CEILING_MS = 25_000;

/** Resolves with the first value of `look` that is neither null nor false. `what` is for the error at the ceiling. */
export async function until<T>(what: string | (() => string), look: () => T | null | false): Promise<T> {
  const giveUpAt = performance.now() + CEILING_MS;
  for (;;) {
    const value = look();
    if (value !== null && value !== false) return value;
    if (performance.now() > giveUpAt) {
      throw new Error(`Waited ${CEILING_MS} ms in vain for ${typeof what === 'string' ? what : what()}`);
    }
    await delay(LOOK_EVERY_MS);
  }
}
