// Checks whether the process of a session still answers at all, by doubts and the pings that settle them
// (runner/core/liveness.ts). Only for a session with one process; a translator checks its own.
import type { OnDue } from '../../shared/dues.ts';
import type { Call } from './calls.ts';
import { OWN_IDS_FROM } from './request-ids.ts';
import type { ClientTraits } from './client-kinds.ts';
import { Liveness } from './liveness.ts';
import type { End } from './session-effects.ts';
import type { SessionOutput } from './session-output.ts';

/** Ids of the bridge's pings, different from those a translator gives its own requests. */
const PING_IDS_FROM = OWN_IDS_FROM + 2 ** 29;

/** The only slot there is. */
const PROCESS = 0;

interface Parts {
  readonly clients: ClientTraits;
  readonly out: SessionOutput;
  readonly end: End;
}

const encoder = new TextEncoder();

export class Pulse {
  readonly #parts: Parts;
  readonly #liveness: Liveness;
  #pings = 0;

  /** @param silenceMs how long a process may say nothing before it is asked. */
  constructor(parts: Parts, silenceMs: number) {
    this.#parts = parts;
    this.#liveness = new Liveness({
      silenceMs,
      probe: () => this.#ping(),
      failed: (_process, description, now) => {
        const message = `The server process ${description}, so it was ended.`;
        parts.end({ fault: 'process_exited', message }, now);
      },
    });
  }

  /** The process answered something, asked something or reported progress. */
  seen(now: number): void {
    this.#liveness.seen(PROCESS, now);
  }

  /** A call is given up. One slow call proves nothing, but a process that says nothing at all any more is of no use to the next call. */
  doubt({ startedAt }: Call, now: number): void {
    if (this.#parts.clients.hasOneProcess) this.#liveness.doubt(PROCESS, startedAt, now);
  }

  /** Whether an answer under this id is one to a ping. */
  isPing(id: number): boolean {
    return id > PING_IDS_FROM && id <= PING_IDS_FROM + this.#pings;
  }

  dues(due: OnDue): void {
    due(this.#liveness.wakeAt, (now) => this.#liveness.tick(now));
  }

  #ping(): void {
    const id = PING_IDS_FROM + ++this.#pings;
    this.#parts.out.write(encoder.encode(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })));
  }
}
