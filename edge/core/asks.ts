// Callers that wait for what a machine answers later, each under an id of its own.

interface Caller {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class Asks {
  readonly #mint: () => string;
  readonly #callers = new Map<string, Caller>();

  /** `mint` gives ids that do not repeat. */
  constructor(mint: () => string) {
    this.#mint = mint;
  }

  /** Asks with a new id, and waits for the answer to it. */
  ask<T>(put: (ask: string) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const ask = this.#mint();
      this.#callers.set(ask, { resolve, reject });
      put(ask);
    });
  }

  /** Answers a caller; nothing happens if it has its answer. */
  answer(ask: string, value: unknown): void {
    this.#take(ask)?.resolve(value as never);
  }

  /** The same for a caller that gets no answer. */
  fail(ask: string, error: Error): void {
    this.#take(ask)?.reject(error);
  }

  #take(ask: string): Caller | undefined {
    const caller = this.#callers.get(ask);
    this.#callers.delete(ask);
    return caller;
  }
}
