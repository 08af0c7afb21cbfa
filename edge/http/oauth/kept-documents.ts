// Keeps what was read at an issuer: for a while fresh, longer if it cannot be read again. One isolate or program has its own.

interface Times {
  /** How long a document counts without being read again. */
  readonly freshMs: number;
  /** How long it serves while its issuer is out of reach. */
  readonly staleMs: number;
  /** It is not read again sooner, whatever was missed in it. */
  readonly restMs: number;
}

/** After a failure nobody asks again for so long. */
const FAILED_MS = 2_000;

/** Reads that are under way at a time. A request of a worker cannot wait for what another one asked, so each asks for itself. */
const READING = 4;

export class KeptDocuments<Value> {
  readonly #times: Times;
  readonly #known = new Map<string, { readonly value: Value; readonly at: number }>();
  readonly #failedUntil = new Map<string, number>();
  #reading = 0;

  constructor(times: Times) {
    this.#times = times;
  }

  /** The document of this key, read by `read` if there is none that is fresh. Undefined if it cannot be had. `now`: ms. */
  async get(
    key: string,
    now: number,
    read: () => Promise<Value | undefined>,
  ): Promise<Value | undefined> {
    const known = this.#known.get(key);
    if (known && now - known.at < this.#times.freshMs) return known.value;
    const isStale = known && now - known.at < this.#times.freshMs + this.#times.staleMs;
    return (await this.#read(key, now, read)) ?? (isStale ? known.value : undefined);
  }

  /** A newer one than `missed`, in which something was missed. `rests`: that one was read a moment ago. Undefined if it cannot be had. */
  async newer(
    key: string,
    missed: Value,
    now: number,
    read: () => Promise<Value | undefined>,
  ): Promise<Value | 'rests' | undefined> {
    const known = this.#known.get(key);
    if (known && known.value !== missed) return known.value;
    if (known && now - known.at < this.#times.restMs) return 'rests';
    return this.#read(key, now, read);
  }

  async #read(
    key: string,
    now: number,
    read: () => Promise<Value | undefined>,
  ): Promise<Value | undefined> {
    if (this.#reading >= READING || now < (this.#failedUntil.get(key) ?? 0)) return undefined;
    this.#reading += 1;
    const value = await read().finally(() => {
      this.#reading -= 1;
    });
    if (value === undefined) this.#failedUntil.set(key, now + FAILED_MS);
    else this.#known.set(key, { value, at: now });
    return value;
  }
}
