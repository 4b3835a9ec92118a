// The variables that a scenario has from the beginning: `--set`, then `vars`, then the environment. Pure but for itself.
import type { JsonValue } from '../json.ts';
import type { Variables } from '../scenario.ts';

export class KnownVariables {
  readonly #given: ReadonlyMap<string, JsonValue>;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #used = new Map<string, JsonValue>();

  constructor(
    given: ReadonlyMap<string, JsonValue>,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.#given = given;
    this.#environment = environment;
  }

  /** Asking for a variable of the environment makes it one of the scenario's. */
  has(name: string): boolean {
    if (this.#given.has(name)) return true;
    const value = Object.hasOwn(this.#environment, name) ? this.#environment[name] : undefined;
    if (value !== undefined) this.#used.set(name, value);
    return value !== undefined;
  }

  /** Without the environment, whose names say nothing about a slip. */
  get names(): readonly string[] {
    return [...this.#given.keys()];
  }

  /** Those given, and what has been asked for of the environment. */
  get values(): Variables {
    return new Map([...this.#used, ...this.#given]);
  }
}
