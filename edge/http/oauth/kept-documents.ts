// Keeps what was read at an issuer: for a while fresh, longer if it cannot be read again. One isolate or program has its own.
import { sleep } from '../exchange.ts';

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

/** Reads of one document that are under way at a time. */
const READING = 4;

/** Longer than any read takes: of one that began earlier, the client has left, and its host ended it without a word. */
const READ_MS = 15_000;

/** Who must wait looks again after so long, and then after twice as long each time. */
const FIRST_LOOK_MS = 10;
const WAIT_MS = 10_000;

interface Known<Value> {
  readonly value: Value;
  readonly at: number;
}

/** A clock that was set back leaves things old, and not fresh for as long. */
const agoMs = (at: number, now: number): number => Math.abs(now - at);

type Read<Value> = () => Promise<Value | undefined>;

export class KeptDocuments<Value> {
  readonly #times: Times;
  readonly #known = new Map<string, Known<Value>>();
  readonly #failedAt = new Map<string, number>();
  /** When the reads began that are under way. */
  readonly #reading = new Map<string, Set<{ readonly since: number }>>();

  constructor(times: Times) {
    this.#times = times;
  }

  /** The document of this key, read by `read` if there is none that is fresh. Undefined if it cannot be had. `now`: ms. */
  async get(key: string, now: number, read: Read<Value>): Promise<Value | undefined> {
    const known = this.#known.get(key);
    if (known && agoMs(known.at, now) < this.#times.freshMs) return known.value;
    const isStale = known && agoMs(known.at, now) < this.#times.freshMs + this.#times.staleMs;
    // Who has an old one does not wait.
    if (isStale && !this.#mayRead(key, now)) return known.value;
    return (await this.#read(key, known, read)) ?? (isStale ? known.value : undefined);
  }

  /** A newer one than `missed`, in which something was missed. `rests`: that one was read a moment ago. Undefined if it cannot be had. */
  async newer(
    key: string,
    missed: Value,
    now: number,
    read: Read<Value>,
  ): Promise<Value | 'rests' | undefined> {
    const known = this.#known.get(key);
    if (known && known.value !== missed) return known.value;
    if (known && agoMs(known.at, now) < this.#times.restMs) return 'rests';
    return this.#read(key, known, read);
  }

  /**
   * Reads it, or waits until one of the reads under way has it. A request of a worker cannot wait for what another one asked, so each
   * looks again by a timer of its own.
   */
  async #read(
    key: string,
    before: Known<Value> | undefined,
    read: Read<Value>,
  ): Promise<Value | undefined> {
    for (let waited = 0, look = FIRST_LOOK_MS; ; waited += look, look *= 2) {
      const known = this.#known.get(key);
      if (known && known !== before) return known.value;
      const now = Date.now();
      if (this.#hasFailed(key, now) || waited >= WAIT_MS) return undefined;
      if (this.#mayRead(key, now)) return this.#readNow(key, now, read);
      // oxlint-disable-next-line no-await-in-loop -- until somebody has it
      await sleep(look);
    }
  }

  async #readNow(key: string, now: number, read: Read<Value>): Promise<Value | undefined> {
    const reading = this.#reading.get(key) ?? new Set();
    this.#reading.set(key, reading);
    const own = { since: now };
    reading.add(own);
    const value = await read().finally(() => reading.delete(own));
    if (value === undefined) this.#failedAt.set(key, Date.now());
    else this.#known.set(key, { value, at: now });
    return value;
  }

  #hasFailed(key: string, now: number): boolean {
    const at = this.#failedAt.get(key);
    return at !== undefined && agoMs(at, now) < FAILED_MS;
  }

  #mayRead(key: string, now: number): boolean {
    if (this.#hasFailed(key, now)) return false;
    const reading = this.#reading.get(key);
    for (const read of reading ?? []) if (agoMs(read.since, now) >= READ_MS) reading?.delete(read);
    return (reading?.size ?? 0) < READING;
  }
}
