// The events of one session, by stream: their numbers, what is owed to attached clients, what is kept for resumption, and what
// is let go (PROTOCOL.md LP14–LP19; ). Pure: the time is an input.
// One file above 300 lines: each change of a stream changes what is owed and what is kept at once.
import type { Bytes } from '../../shared/bytes.ts';
import {
  CREDIT_BYTES,
  CREDIT_EVENTS,
  WINDOW_BYTES,
  WINDOW_EVENTS,
} from '../../shared/link/sizes.ts';
import { WINDOW_MS } from '../../shared/link/timing.ts';
import { Queue } from './queue.ts';
import type { StreamId } from '../../shared/ids.ts';

/** Stdout is read again once what is owed has fallen to this; halving avoids stop-and-go on every ack. */
export const RESUME_BYTES = CREDIT_BYTES / 2;

/** What one event costs in addition to its message: keeps a flood of tiny events within the byte bounds. */
const EVENT_OVERHEAD_BYTES = 64;

export interface StreamEvent {
  readonly stream: StreamId;
  readonly seq: number;
  readonly final: boolean;
  readonly message: Bytes | undefined;
  /** Of a final event: for how long its call was the process's (LP31). */
  readonly ms?: number | undefined;
}

interface Logged extends StreamEvent {
  readonly at: number;
  readonly bytes: number;
}

interface Stream {
  readonly id: string;
  /** Kept events, contiguous, oldest first. */
  readonly events: Queue<Logged>;
  lastSeq: number;
  /** Last event written to the client, as far as acknowledged. */
  acked: number;
  /** Last event handed to the link since the stream was attached or relinked. */
  sent: number;
  isAttached: boolean;
  /** A worker has confirmed that it listens since the link's newest socket is up. */
  isConfirmed: boolean;
  /** Acknowledged events stay for resumption; the alternative is a revision without it. */
  readonly isKept: boolean;
  isFinal: boolean;
  /** When the client last made progress: attached, or acknowledged something. */
  progressAt: number;
}

export type Attaching =
  | { readonly ok: true; readonly after: number }
  | { readonly ok: false; readonly fault: 'replay_evicted' | 'event_unknown' };

export class StreamLog {
  readonly #streams = new Map<string, Stream>();
  /** Streams a client listens to, without those whose end it has acknowledged. */
  readonly #attached = new Set<Stream>();
  /** Bytes attached clients have not acknowledged, sent or not. */
  #owedBytes = 0;
  /** The part of them that is on the way. */
  #sentBytes = 0;
  #sentEvents = 0;
  #keptBytes = 0;
  #keptEvents = 0;

  /** True when stdout should not be read until clients catch up. */
  get isCongested(): boolean {
    return this.#owedBytes >= CREDIT_BYTES;
  }

  get mayResume(): boolean {
    return this.#owedBytes <= RESUME_BYTES;
  }

  get owedBytes(): number {
    return this.#owedBytes;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  has(id: string): boolean {
    return this.#streams.has(id);
  }

  isAttached(id: string): boolean {
    return this.#streams.get(id)?.isAttached ?? false;
  }

  /** True while a client listens on any stream. */
  get hasAttached(): boolean {
    return this.#attached.size > 0;
  }

  /** True while an attached client's event waits for credit. */
  get hasUnsent(): boolean {
    for (const stream of this.#attached) if (stream.sent < stream.lastSeq) return true;
    return false;
  }

  /** True while an event waits for a client that may still come for it. */
  get hasUndelivered(): boolean {
    for (const stream of this.#streams.values()) {
      if (stream.acked < stream.lastSeq && stream.events.length > 0) return true;
    }
    return false;
  }

  /** The streams a client listens to. */
  attached(): string[] {
    return [...this.#attached].map(({ id }) => id);
  }

  /** Opens a stream; one that exists is left as it is. */
  open(id: string, options: { isAttached: boolean; isKept: boolean }, now: number): void {
    if (this.#streams.has(id)) return;
    const stream: Stream = {
      id,
      events: new Queue(),
      lastSeq: 0,
      acked: 0,
      sent: 0,
      isConfirmed: true,
      isFinal: false,
      progressAt: now,
      ...options,
    };
    this.#streams.set(id, stream);
    if (stream.isAttached) this.#attached.add(stream);
  }

  /** Adds the stream's next event. False when the stream is over (LP19) or was never opened. */
  append(
    id: string,
    message: Bytes | undefined,
    final: boolean,
    now: number,
    ms?: number,
  ): boolean {
    const stream = this.#streams.get(id);
    if (!stream || stream.isFinal) return false;
    const bytes = (message?.length ?? 0) + EVENT_OVERHEAD_BYTES;
    if (stream.acked === stream.lastSeq) stream.progressAt = now;
    stream.lastSeq += 1;
    stream.isFinal = final;
    const told = final && ms !== undefined ? { ms } : undefined;
    stream.events.push({
      stream: id,
      seq: stream.lastSeq,
      final,
      message,
      at: now,
      bytes,
      ...told,
    });
    this.#keptBytes += bytes;
    this.#keptEvents += 1;
    if (stream.isAttached) this.#owedBytes += bytes;
    this.#trim();
    return true;
  }

  /** Takes what may be sent now, within the credit (LP15), and counts it as on the way. */
  takeSendable(): StreamEvent[] {
    const taken: StreamEvent[] = [];
    for (const stream of this.#attached) {
      if (stream.sent === stream.lastSeq) continue;
      const { events } = stream;
      for (let at = placeBehind(stream, stream.sent); at < events.length; at++) {
        const event = events.at(at);
        if (!event || !this.#mayBeSent(event)) {
          this.#goBehind(stream);
          return taken;
        }
        stream.sent = event.seq;
        this.#sentBytes += event.bytes;
        this.#sentEvents += 1;
        taken.push(event);
      }
    }
    return taken;
  }

  #mayBeSent({ bytes }: Logged): boolean {
    if (this.#sentEvents === 0) return true;
    return this.#sentEvents < CREDIT_EVENTS && this.#sentBytes + bytes <= CREDIT_BYTES;
  }

  /** It has used up the credit, so that freed credit goes to the session's other streams first. */
  #goBehind(stream: Stream): void {
    this.#attached.delete(stream);
    this.#attached.add(stream);
  }

  /** The link has a new socket: what attached clients have not acknowledged is sent again (LP18). */
  rewind(now: number): void {
    this.#sentBytes = 0;
    this.#sentEvents = 0;
    for (const stream of this.#attached) {
      stream.sent = stream.acked;
      // Nobody could acknowledge anything in the meantime.
      stream.progressAt = now;
      stream.isConfirmed = false;
    }
  }

  /** Somebody still waits for this stream. */
  confirm(id: string): void {
    const stream = this.#streams.get(id);
    if (stream) stream.isConfirmed = true;
  }

  /** Attached streams nobody has asked for since the link has its newest socket. */
  unconfirmed(): string[] {
    return [...this.#attached].filter(({ isConfirmed }) => !isConfirmed).map(({ id }) => id);
  }

  /** A client listens from after `after`; `null` continues behind its last acknowledged event (LP16). */
  attach(id: string, after: number | null, now: number): Attaching {
    const stream = this.#streams.get(id);
    if (!stream) return { ok: false, fault: 'event_unknown' };
    const from = after ?? stream.acked;
    if (from > stream.lastSeq) return { ok: false, fault: 'event_unknown' };
    const first = stream.events.first?.seq ?? stream.lastSeq + 1;
    if (after !== null && from + 1 < first) return { ok: false, fault: 'replay_evicted' };
    this.#release(stream);
    stream.progressAt = now;
    stream.isConfirmed = true;
    stream.acked = Math.max(from, first - 1);
    stream.sent = stream.acked;
    // Nothing can come after the end, so a client that waits there must not keep the session alive.
    stream.isAttached = !(stream.isFinal && stream.acked === stream.lastSeq);
    if (stream.isAttached) this.#attached.add(stream);
    else this.#attached.delete(stream);
    for (const event of stream.events) if (event.seq > stream.acked) this.#owedBytes += event.bytes;
    this.#trim();
    return { ok: true, after: stream.acked };
  }

  /** True when the stream is over and its client has nothing left to hear: at most a final without a message. */
  isSpent(id: string): boolean {
    const stream = this.#streams.get(id);
    if (!stream?.isFinal) return false;
    return ![...eventsBehind(stream, stream.acked)].some(({ message }) => message !== undefined);
  }

  /** True if a stream's client has got all of it, or the stream is gone. */
  isDelivered(id: string): boolean {
    const stream = this.#streams.get(id);
    return !stream || (stream.isFinal && stream.acked === stream.lastSeq);
  }

  /** The stream's client is gone; its events stay for the window. */
  detach(id: string, now: number): void {
    const stream = this.#streams.get(id);
    if (!stream?.isAttached) return;
    this.#release(stream);
    stream.isAttached = false;
    this.#attached.delete(stream);
    stream.progressAt = now;
    this.#trim();
  }

  /** The client was sent everything up to `seq`. */
  ack(id: string, seq: number, now: number): void {
    const stream = this.#streams.get(id);
    if (!stream?.isAttached || seq <= stream.acked) return;
    const upTo = Math.min(seq, stream.lastSeq);
    for (const event of eventsBehind(stream, stream.acked)) {
      if (event.seq > upTo) break;
      this.#owedBytes -= event.bytes;
      if (event.seq <= stream.sent) this.#arrived(event);
    }
    stream.acked = upTo;
    stream.sent = Math.max(stream.sent, upTo);
    stream.progressAt = now;
    if (stream.isFinal && upTo === stream.lastSeq) {
      stream.isAttached = false;
      this.#attached.delete(stream);
    }
    if (!stream.isKept) this.#dropAcknowledged(stream);
    this.#trim();
  }

  /** The whole answer left in one body; nobody can resume it (LP17). */
  drop(id: string): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#release(stream);
    const { events } = stream;
    for (let at = 0; at < events.length; at++) {
      const event = events.at(at);
      if (event) this.#forget(event);
    }
    this.#attached.delete(stream);
    this.#streams.delete(id);
  }

  /** Attached streams whose client acknowledged nothing for `ms` although something is owed. */
  stalled(ms: number, now: number): string[] {
    const ids: string[] = [];
    // The same sum as for the wake-up: a difference could round to the other side of the bound and never become due.
    for (const stream of this.#attached) {
      if (stream.acked < stream.sent && stream.progressAt + ms <= now) ids.push(stream.id);
    }
    return ids;
  }

  /** An event of the stream is on its way to the client, which cannot acknowledge it yet. */
  moving(id: string, now: number): void {
    const stream = this.#streams.get(id);
    if (stream?.isAttached) stream.progressAt = now;
  }

  /** The link was given an event of the stream that its client has not acknowledged. */
  isUnderWay(id: string): boolean {
    const stream = this.#streams.get(id);
    return stream !== undefined && stream.acked < stream.sent;
  }

  /** The start of the longest wait among clients that were sent something and acknowledged nothing; undefined if there is none. */
  get waitingSince(): number | undefined {
    let since: number | undefined;
    for (const { acked, sent, progressAt } of this.#attached) {
      if (acked < sent && (since === undefined || progressAt < since)) since = progressAt;
    }
    return since;
  }

  /** Drops events older than the window. */
  expire(now: number): void {
    for (const stream of this.#streams.values()) {
      for (let event = stream.events.first; event; event = stream.events.first) {
        if (isOwed(stream, event) || event.at + WINDOW_MS > now) break;
        this.#evictFirst(stream, event);
      }
    }
  }

  /** When the next event leaves the window; undefined if none is kept that could. */
  get expiresAt(): number | undefined {
    let at: number | undefined;
    for (const stream of this.#streams.values()) {
      const event = stream.events.first;
      if (event && !isOwed(stream, event) && (at === undefined || event.at < at)) at = event.at;
    }
    return at === undefined ? undefined : at + WINDOW_MS;
  }

  #trim(): void {
    while (this.#keptEvents > WINDOW_EVENTS || this.#keptBytes - this.#owedBytes > WINDOW_BYTES) {
      if (!this.#evictOne()) return;
    }
  }

  /** Evicts the oldest event that is not owed: notifications before final responses (a response is lost last). */
  #evictOne(): boolean {
    const stream = this.#oldestEvictable();
    const event = stream?.events.first;
    if (!stream || !event) return false;
    this.#evictFirst(stream, event);
    return true;
  }

  #evictFirst(stream: Stream, event: Logged): void {
    stream.events.shift();
    this.#forget(event);
    if (stream.isFinal && stream.events.length === 0) this.#streams.delete(stream.id);
  }

  #dropAcknowledged(stream: Stream): void {
    for (let event = stream.events.first; event; event = stream.events.first) {
      if (event.seq > stream.acked) return;
      this.#evictFirst(stream, event);
    }
  }

  #oldestEvictable(): Stream | undefined {
    let best: Stream | undefined;
    for (const stream of this.#streams.values()) {
      const event = stream.events.first;
      if (!event || isOwed(stream, event)) continue;
      const champion = best?.events.first;
      if (
        !champion ||
        (champion.final && !event.final) ||
        (champion.final === event.final && event.at < champion.at)
      ) {
        best = stream;
      }
    }
    return best;
  }

  /** Takes a stream's unacknowledged bytes out of what is owed. */
  #release(stream: Stream): void {
    if (!stream.isAttached) return;
    const { events } = stream;
    for (let at = placeBehind(stream, stream.acked); at < events.length; at++) {
      const event = events.at(at);
      if (!event) continue;
      this.#owedBytes -= event.bytes;
      if (event.seq <= stream.sent) this.#arrived(event);
    }
  }

  /** It is no longer on the way. */
  #arrived({ bytes }: Logged): void {
    this.#sentBytes -= bytes;
    this.#sentEvents -= 1;
  }

  #forget(event: Logged): void {
    this.#keptBytes -= event.bytes;
    this.#keptEvents -= 1;
  }
}

/** Where the kept events after `seq` begin, by their numbers, so that a flood is not walked again for each event and each ack. */
const placeBehind = ({ events }: Stream, seq: number): number =>
  Math.max(0, seq + 1 - (events.first?.seq ?? 0));

/** The kept events after `seq`. For what each call does, a loop over {@link placeBehind} costs less. */
function* eventsBehind(stream: Stream, seq: number): Generator<Logged> {
  const { events } = stream;
  for (let at = placeBehind(stream, seq); at < events.length; at++) {
    const event = events.at(at);
    if (event) yield event;
  }
}

const isOwed = (stream: Stream, event: Logged): boolean =>
  stream.isAttached && event.seq > stream.acked;
