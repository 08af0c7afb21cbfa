// The processes of a server as one session has them: those of its principal, with what the person gets, and no output with what that is.
import type { OpenFrame } from '../../shared/link/control-frames.ts';
import { Redaction } from '../process/redaction.ts';
import type { KnownEras } from '../translate/translator.ts';
import type { ServerProcess } from './pooled-process.ts';
import type { SessionPool } from './process-choice.ts';
import type { ProcessPool, Taken } from './process-pool.ts';

export class SessionShare implements SessionPool {
  readonly #pool: ProcessPool;
  readonly #open: Pick<OpenFrame, 'principal' | 'person'>;
  /** What its processes got of the person; a file may have changed between two of them. */
  readonly #personal = new Set<string>();
  #redaction: Redaction | undefined;

  constructor(pool: ProcessPool, open: Pick<OpenFrame, 'principal' | 'person'>) {
    this.#pool = pool;
    this.#open = open;
  }

  /** A process for this session; see `ProcessPool`. */
  take(): Taken {
    const taken = this.#pool.take(this.#open.principal, this.#open.person);
    const before = this.#personal.size;
    if (taken.ok) for (const value of taken.personal ?? []) this.#personal.add(value);
    if (this.#personal.size > before)
      this.#redaction = new Redaction([...this.#pool.secrets, ...this.#personal]);
    return taken;
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
