// Waiting for something that is looked for whenever anything has happened.

export class Waiting {
  readonly #checks = new Set<() => void>();

  /** Something has happened. */
  tell(): void {
    for (const check of [...this.#checks]) check();
  }

  /** Resolves when `look` finds something; with its last look, null most likely, when it is over. */
  until<T>(look: () => T | null, over: AbortSignal): Promise<T | null> {
    const first = look();
    if (first !== null || over.aborted) return Promise.resolve(first);
    return new Promise(resolve => {
      const end = (found: T | null): void => {
        this.#checks.delete(check);
        over.removeEventListener('abort', giveUp);
        resolve(found);
      };
      const check = (): void => {
        const found = look();
        if (found !== null) end(found);
      };
      const giveUp = (): void => end(look());
      this.#checks.add(check);
      over.addEventListener('abort', giveUp);
    });
  }
}
