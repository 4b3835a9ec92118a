// The connection's machine, running: events in, one after the other, and what they ask for handed to whoever does it.
import type { Clock } from '../clock.ts';
import type { EndCause } from '../core/end-cause.ts';
import { begin, step } from '../core/lifecycle.ts';
import type { Effect, Event, LifecycleRules, State } from '../core/lifecycle-words.ts';

export interface MachineOptions {
  readonly clock: Clock;
  readonly rules: LifecycleRules;
  readonly perform: (effect: Effect) => void;
}

export class Machine {
  readonly #options: MachineOptions;
  readonly #first: readonly Effect[];
  #state: State;
  /** Events that effects raised while effects were being done. */
  readonly #events: Event[] = [];
  #isInterpreting = false;
  /** When the last message was seen that `step` has not heard of. */
  #messageSeenAt: number | null = null;

  constructor(options: MachineOptions, refusal: EndCause | null) {
    this.#options = options;
    [this.#state, this.#first] = begin(options.clock.now(), options.rules, refusal);
  }

  get state(): State {
    return this.#state;
  }

  /** Does what a new connection asks for. Once, when everything is there to do it with. */
  begin(): void {
    this.#isInterpreting = true;
    for (const effect of this.#first) this.#options.perform(effect);
    this.#isInterpreting = false;
  }

  raise(event: Event): void {
    this.#events.push(event);
    if (this.#isInterpreting) return;
    this.#isInterpreting = true;
    this.#tellMessage();
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const { clock, rules, perform } = this.#options;
      const [state, effects] = step(this.#state, next, clock.now(), rules);
      this.#state = state;
      for (const effect of effects) perform(effect);
    }
    this.#isInterpreting = false;
  }

  /**
   * As if `message-seen` was raised at `at`, for next to nothing: it matters only when something else happens, and then
   * `step` hears of the last one first. `at` must be before the wake-up that was last asked for.
   */
  messageSeen(at: number): void {
    this.#messageSeenAt = at;
  }

  /** It only moves a deadline later, which asks for nothing (rule 3 of the lifecycle). */
  #tellMessage(): void {
    const at = this.#messageSeenAt;
    if (at === null) return;
    this.#messageSeenAt = null;
    [this.#state] = step(this.#state, { type: 'message-seen' }, at, this.#options.rules);
  }
}
