// The processes of a server as one session has them: those of its principal, with what the person gets, and no output with what that is.
import type { OpenFrame } from '../../shared/link/control-frames.ts';
import { Redaction } from '../process/redaction.ts';
import type { KnownEras } from '../translate/translator.ts';
import type { ServerProcess } from './pooled-process.ts';
import type { SessionPool } from './process-choice.ts';
import type { ProcessPool, Taken } from './process-pool.ts';
import { RareMap } from '../../shared/rare-map.ts';

/** Values of one variable that a session remembers: more of its processes than still print something. */
const KEPT_VALUES = 16;

/** What a session needs of a server's pool. */
export type SharedPool = Pick<
  ProcessPool,
  'take' | 'secrets' | 'eras' | 'served' | 'learned' | 'quote'
>;

type SharedBy = Pick<OpenFrame, 'session' | 'principal' | 'person'>;

export class SessionShare implements SessionPool {
  readonly #pool: SharedPool;
  readonly #open: SharedBy;
  /** What its processes got of the person, by variable, newest last; a file may have changed between two of them. */
  readonly #personal = new RareMap<string, readonly string[]>();
  #redaction: Redaction | undefined;

  constructor(pool: SharedPool, open: SharedBy) {
    this.#pool = pool;
    this.#open = open;
  }

  /** A process for this session; see `ProcessPool`. */
  take(): Taken {
    const { principal, person, session } = this.#open;
    const taken = this.#pool.take(principal, person, session);
    const isNew = taken.ok && this.#remembers(taken.personal ?? {});
    if (isNew)
      this.#redaction = new Redaction([
        ...this.#pool.secrets,
        ...[...this.#personal.values()].flat(),
      ]);
    return taken;
  }

  /** Whether one of the values is new. */
  #remembers(personal: Readonly<Record<string, string>>): boolean {
    let isNew = false;
    for (const [name, value] of Object.entries(personal)) {
      const before = this.#personal.get(name) ?? [];
      if (!before.includes(value)) isNew = true;
      const values = [...before.filter((each) => each !== value), value];
      this.#personal.set(name, values.slice(-KEPT_VALUES));
    }
    return isNew;
  }

  get eras(): KnownEras {
    return this.#pool.eras;
  }

  served(process: ServerProcess): void {
    this.#pool.served(process);
  }

  learned(era: keyof KnownEras, isServed: boolean | undefined): void {
    this.#pool.learned(era, isServed);
  }

  /** What a process of the session printed, as its client may see it. */
  quote(bytes: Uint8Array, isCut: boolean): string {
    return this.#redaction ? this.#redaction.quote(bytes, isCut) : this.#pool.quote(bytes, isCut);
  }
}
