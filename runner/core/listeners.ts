// Who listens to the streams of one session. Workers attach and detach, and some are lost without a word. From this it knows
// whether anybody still wants the session (LP16, LP18, LP21, LP22, R-10, R-11).
import type { OnDue } from '../../shared/dues.ts';
import { CONFIRM_MS, STALL_MS } from '../../shared/link/timing.ts';
import type { Calls } from './calls.ts';
import type { ClientTraits } from './client-kinds.ts';
import type { Outcomes } from './outcomes.ts';
import type { Attendance, Presence } from './presence.ts';
import type { SessionOutput } from './session-output.ts';
import type { StreamLog } from './stream-log.ts';
import type { StreamId } from '../../shared/ids.ts';
import { RareMap } from '../../shared/rare-map.ts';

interface Parts {
  readonly clients: ClientTraits;
  readonly log: StreamLog;
  readonly calls: Calls;
  readonly outcomes: Outcomes;
  readonly presence: Presence;
  readonly out: SessionOutput;
}

/** What the client knows of the session. It knows the session once it has the answer to its `initialize`, or has sent anything else. */
type Acquaintance =
  | { readonly state: 'none' }
  /** The answer goes out on this stream. */
  | { readonly state: 'initializing'; readonly stream: StreamId }
  | { readonly state: 'told' };

const decoder = new TextDecoder();

export class Listeners {
  readonly #parts: Parts;
  #acquaintance: Acquaintance = { state: 'none' };
  /** A client listened to the standing stream once, so that its absence means something. */
  #wasPresent = false;
  /** When streams that nobody has attached since the relink count as left. */
  #confirmBy: number | undefined;
  /** Streams whose worker is gone, with the time when their requests are cancelled; oldest first. */
  readonly #abandoned = new RareMap<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The client's `initialize` goes to the process; it is answered on `stream`. */
  initializes(stream: StreamId): void {
    if (this.#acquaintance.state === 'none') this.#acquaintance = { state: 'initializing', stream };
  }

  /** The client sent something that it can send only in a session. */
  spoke(): void {
    this.#acquaintance = { state: 'told' };
  }

  /** A new socket to the edge is up. */
  linked(now: number): void {
    const { log } = this.#parts;
    log.rewind(now);
    this.#confirmBy = log.hasAttached ? now + CONFIRM_MS : undefined;
  }

  unlinked(): void {
    this.#confirmBy = undefined;
  }

  attach(stream: StreamId, after: number | null, now: number): void {
    const { log, presence, out, clients } = this.#parts;
    presence.active(now);
    this.#abandoned.delete(stream);
    // Events under way are sent after `attached`; of a large event, only the rest.
    out.withdraw(stream);
    const attaching = log.attach(stream, after, now);
    if (!attaching.ok) return out.send({ type: 'refused', of: stream, fault: attaching.fault });
    if (log.isSpent(stream)) {
      log.detach(stream, now);
      return out.send({ type: 'refused', of: stream, fault: 'stream_over' });
    }
    if (stream === clients.standing) {
      this.#wasPresent = true;
      this.spoke();
    }
    const frame = { type: 'attached' as const, stream, after: attaching.after };
    const owes = this.#owed();
    out.send(owes.length > 0 ? { ...frame, owes } : frame);
  }

  /** Nobody listens to a stream any more; its worker may come back. */
  detach(stream: StreamId, now: number): void {
    const { log, presence, out, clients } = this.#parts;
    out.withdraw(stream);
    log.detach(stream, now);
    presence.active(now);
    if (clients.leaveCancelsAfterMs === undefined || !log.has(stream)) return;
    this.#abandoned.delete(stream);
    this.#abandoned.set(stream, now + clients.leaveCancelsAfterMs);
  }

  /** A stream's client is gone for good: its requests are cancelled and, if it cannot resume, nothing is kept for it. */
  abandon(stream: StreamId, now: number): void {
    const { calls, outcomes, out, clients } = this.#parts;
    this.#abandoned.delete(stream);
    for (const call of calls.all()) if (call.stream === stream) outcomes.cancel(call, now);
    if (clients.leaveCancelsAfterMs !== undefined) out.drop(stream);
  }

  /** The edge told the clients that what was in flight is lost: no second outcome may follow (LP20). */
  giveUp(now: number): void {
    const { log, calls, outcomes, out, clients } = this.#parts;
    for (const call of calls.all()) {
      // A call whose client left by itself goes on: nobody got an outcome for it.
      if (!log.isAttached(call.stream)) continue;
      outcomes.tellCancelled(call, 'the connection to the client was lost');
      outcomes.fail(call, { fault: 'runner_lost', phase: 'sent' }, now);
    }
    for (const stream of log.attached()) if (stream !== clients.standing) out.drop(stream);
  }

  /** The due times of listeners. */
  dues(due: OnDue): void {
    due(this.#stalledAt, (now) => this.#detachStalled(now));
    due(this.#confirmBy, (now) => this.#detachUnconfirmed(now));
    const [abandonAt] = this.#abandoned.values();
    due(abandonAt, (now) => this.#abandonDue(now));
  }

  /** When the session is over if nothing happens; undefined while something holds it. */
  get endsAt(): number | undefined {
    return this.#parts.presence.endsAt(this.#attendance());
  }

  /** Why it ended when {@link endsAt} was reached. */
  get reason(): string {
    return this.#parts.presence.reason(this.#attendance());
  }

  #attendance(): Attendance {
    const { log, calls } = this.#parts;
    const { hasAttached, hasUndelivered } = log;
    const isTold = this.#isTold;
    const wasPresent = this.#wasPresent;
    return { isTold, wasPresent, hasAttached, hasUndelivered, inFlight: calls.size };
  }

  get #isTold(): boolean {
    const known = this.#acquaintance;
    if (known.state === 'initializing') return this.#parts.log.isDelivered(known.stream);
    return known.state === 'told';
  }

  /** The raw ids of the requests in flight, if a worker that attaches wants them. */
  #owed(): string[] {
    const { clients, calls } = this.#parts;
    if (!clients.tellsOwed) return [];
    return calls.all().map(({ clientIdBytes }) => decoder.decode(clientIdBytes));
  }

  /** When a client that acknowledges nothing counts as stalled; without a link it cannot acknowledge. */
  get #stalledAt(): number | undefined {
    const { presence, log } = this.#parts;
    const since = presence.isLinked ? log.waitingSince : undefined;
    return since === undefined ? undefined : since + STALL_MS;
  }

  #detachStalled(now: number): void {
    const { log, out } = this.#parts;
    for (const stream of log.stalled(STALL_MS, now)) {
      this.detach(stream, now);
      const message = 'The client reads too slowly.';
      out.send({ type: 'refused', of: stream, fault: 'overloaded', message });
    }
  }

  /** A worker that died while the link was away could not say so: its streams must not keep the session alive. */
  #detachUnconfirmed(now: number): void {
    this.#confirmBy = undefined;
    for (const stream of this.#parts.log.unconfirmed()) this.detach(stream, now);
  }

  #abandonDue(now: number): void {
    for (const [stream, at] of this.#abandoned) if (at <= now) this.abandon(stream, now);
  }
}
