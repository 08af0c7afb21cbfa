// Callers that wait for what a machine answers later, each under an id of its own.

interface Asker {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class Asks {
  readonly #askers = new Map<string, Asker>();
  #count = 0;

  get size(): number {
    return this.#askers.size;
  }

  /** The answer to what `run` asks under the id it is given. If `run` throws, it rejects. */
  ask<T>(run: (ask: string) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#count += 1;
      const ask = String(this.#count);
      this.#askers.set(ask, { resolve, reject });
      try {
        run(ask);
      } catch (error) {
        this.#askers.delete(ask);
        reject(error instanceof Error ? error : new Error('unknown', { cause: error }));
      }
    });
  }

  resolve(ask: string, value: unknown): void {
    const asker = this.#askers.get(ask);
    this.#askers.delete(ask);
    asker?.resolve(value as never);
  }

  reject(ask: string, reason: string): void {
    const asker = this.#askers.get(ask);
    this.#askers.delete(ask);
    asker?.reject(new Error(reason));
  }

  rejectAll(reason: string): void {
    for (const ask of this.#askers.keys()) this.reject(ask, reason);
  }
}
