// Collects what a hub wants done, in order, until its host takes it; and how much may wait for a process that does not read its stdin.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { emptyResponse, errorResponse, type ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CLIENT_MESSAGE_BYTES } from '../../shared/limits.ts';
import { RareMap } from '../../shared/rare-map.ts';
import { DropNotes } from '../core/drop-notes.ts';
import { cancelled } from '../translate/effects.ts';
import { ownMessage } from '../translate/message.ts';
import type { HubEffect, SeatNumber } from './effects.ts';

/** Of one seat: the largest message. The others must not lose their turn by it. */
const MOST_OF_SEAT_BYTES = CLIENT_MESSAGE_BYTES;

/** Of all seats: half of what a process may owe before it counts as stuck. */
const MOST_BYTES = 16 * 1024 * 1024;

/** What a line costs beside its bytes, so that many small ones are bounded, too. */
const OVERHEAD_BYTES = 128;

/** Longest reason of a cancellation: no bound on what waits counts it. */
const MOST_REASON_CHARS = 400;

const encoder = new TextEncoder();

export class HubOutput {
  readonly #drops = new DropNotes();
  #effects: HubEffect[] = [];
  #hasNotified = false;
  /** Bytes written since the process's stdin was full, of all; undefined while it takes what it is given. */
  #waitingBytes: number | undefined;
  /** And of each seat. */
  readonly #waitingOf = new RareMap<SeatNumber, number>();

  get isFull(): boolean {
    return this.#waitingBytes !== undefined;
  }

  full(): void {
    this.#waitingBytes ??= 0;
  }

  drained(): void {
    this.#waitingBytes = undefined;
    this.#waitingOf.clear();
  }

  /** Whether this many more bytes of a seat may wait; if so, they are counted. */
  takes(seat: SeatNumber, bytes: number): boolean {
    const waiting = this.#waitingBytes;
    if (waiting === undefined) return true;
    const cost = bytes + OVERHEAD_BYTES;
    const own = (this.#waitingOf.get(seat) ?? 0) + cost;
    if (waiting + cost > MOST_BYTES || own > MOST_OF_SEAT_BYTES + OVERHEAD_BYTES) return false;
    this.#waitingOf.set(seat, own);
    this.#waitingBytes = waiting + cost;
    return true;
  }

  write(line: Uint8Array): void {
    this.#effects.push({ do: 'write', line });
  }

  /** Some servers answer notifications, so the reader of the process's output must know of them. */
  notify(line: Uint8Array): void {
    this.write(line);
    this.#hasNotified = true;
  }

  /** A message of the bridge's own, without its `jsonrpc`. */
  tell(message: object): void {
    const line = encoder.encode(JSON.stringify({ jsonrpc: '2.0', ...message }));
    if ('id' in message) this.write(line);
    else this.notify(line);
  }

  cancel(requestId: BridgeRequestId, because: string | undefined): void {
    this.tell(cancelled(requestId, because?.slice(0, MOST_REASON_CHARS)));
  }

  say(seat: SeatNumber, message: MessageView): void {
    this.#effects.push({ do: 'say', seat, message });
  }

  /** Answers a seat's request, which it knows by the JSON text `rawId`, with an empty result. */
  done(seat: SeatNumber, rawId: string): void {
    this.say(seat, ownMessage(emptyResponse(rawId)));
  }

  fail(seat: SeatNumber, rawId: string, error: ErrorObject): void {
    this.say(seat, ownMessage(errorResponse(rawId, error)));
  }

  stop(reason: string): void {
    this.#effects.push({ do: 'stop', reason });
  }

  /** Notes that something was dropped, but not every time. */
  drop(words: string, fields: object, now: number): void {
    const note = this.#drops.count(words, fields, now);
    if (note) this.#effects.push(note);
  }

  /** Whether a notification was written since the last look. */
  takeNotified(): boolean {
    const has = this.#hasNotified;
    this.#hasNotified = false;
    return has;
  }

  take(): HubEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
