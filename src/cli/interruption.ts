// Ctrl-C and its kin, for commands that have something to end first.
import { EXIT_INTERRUPTED } from '../errors.ts';

/** The exit code for each signal that ends the program: 128 + its number, as shells have it. */
const SIGNALS = { SIGINT: EXIT_INTERRUPTED, SIGTERM: 143, SIGHUP: 129 } as const;

/** Ctrl-C and its kin: the first asks to stop, the second to stop at once. */
export class Interruption {
  readonly first: Promise<number>;
  readonly second: Promise<void>;

  constructor() {
    let onSecond: () => void;
    this.second = new Promise(resolve => {
      onSecond = resolve;
    });
    this.first = new Promise(resolve => {
      let isAsked = false;
      for (const [signal, exitCode] of Object.entries(SIGNALS)) {
        process.on(signal, () => {
          if (isAsked) onSecond();
          isAsked = true;
          resolve(exitCode);
        });
      }
    });
  }
}
