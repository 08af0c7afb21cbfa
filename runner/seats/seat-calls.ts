// The requests in flight to a process that several seats share: whose each is, and under which id and progress token its seat knows
// it. The process sees ids of the hub's own, so that no seat can name what another asked.
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { RareMap } from '../../shared/rare-map.ts';
import { CANCEL_GRACE_MS } from '../core/calls.ts';
import { Queue } from '../core/queue.ts';
import { RequestIds } from '../core/request-ids.ts';
import type { SeatNumber } from './effects.ts';

export interface SeatCall {
  readonly id: BridgeRequestId;
  /** Undefined: a request of the hub's own, or of a seat that has left. */
  seat: SeatNumber | undefined;
  /** Raw JSON text, by which the seat knows the request, and its progress; empty: it is the hub's own. */
  readonly rawId: string;
  readonly progressToken: string | undefined;
  readonly method: string;
  readonly writtenAt: number;
  /** Set once nobody waits for the answer any more; the process may still send it for a while. */
  releaseAt: number | undefined;
  /** Takes the answer in the seat's place. */
  readonly answered: OnAnswer | undefined;
}

export type OnAnswer = (answer: MessageView, now: number) => void;

/** What a process says belongs to a request for this long after its answer: servers log and clean up when they have answered. */
const ECHO_MS = 5_000;

/** Requests given up whose answers are remembered to be missing. Beyond it, nobody is known to be served alone any more. */
const MOST_UNFINISHED = 1_024;

/** What nobody asks about is forgotten beyond this. */
const MANY_SEATS = 1_024;

interface Activity {
  running: number;
  endedAt: number;
}

export class SeatCalls {
  readonly #ids = new RequestIds();
  readonly #calls = new Map<BridgeRequestId, SeatCall>();
  /** Of each seat, oldest first. It may use an id again when it has cancelled the request. */
  readonly #bySeat = new RareMap<SeatNumber, Set<SeatCall>>();
  /** Those that were given up, oldest first. */
  readonly #released = new Queue<SeatCall>();
  readonly #active = new Map<SeatNumber, Activity>();
  /** Given up and never answered: the process may be at them still, whatever it was told. */
  readonly #unfinished = new Set<BridgeRequestId>();
  #hasMoreUnfinished = false;
  #lateAt = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#calls.size;
  }

  get ids(): BridgeRequestId[] {
    return [...this.#calls.keys()];
  }

  add(call: Omit<SeatCall, 'id' | 'releaseAt'>): SeatCall {
    const added: SeatCall = { ...call, id: this.#ids.mint(this.#calls), releaseAt: undefined };
    this.#calls.set(added.id, added);
    if (call.seat === undefined) return added;
    const own = this.#bySeat.get(call.seat) ?? new Set<SeatCall>();
    own.add(added);
    this.#bySeat.set(call.seat, own);
    if (isListen(added)) return added;
    const activity = this.#active.get(call.seat) ?? { running: 0, endedAt: 0 };
    activity.running += 1;
    this.#active.set(call.seat, activity);
    return added;
  }

  /** A request of the hub's own. */
  addOwn(method: string, writtenAt: number, answered?: OnAnswer): SeatCall {
    const own = { seat: undefined, rawId: '', progressToken: undefined };
    return this.add({ ...own, method, writtenAt, answered });
  }

  /** When the oldest request was written whose answer is due: all but those that listen. */
  get owedSince(): number | undefined {
    for (const call of this.#calls.values()) if (!isListen(call)) return call.writtenAt;
    return undefined;
  }

  get(id: BridgeRequestId | undefined): SeatCall | undefined {
    return id === undefined ? undefined : this.#calls.get(id);
  }

  hasIssued(id: BridgeRequestId): boolean {
    return this.#ids.hasIssued(id);
  }

  /** The seat's own request that it calls `rawId`, unless it was given up. */
  of(seat: SeatNumber, rawId: string | undefined): SeatCall | undefined {
    for (const call of this.#bySeat.get(seat) ?? [])
      if (call.rawId === rawId && call.releaseAt === undefined) return call;
    return undefined;
  }

  /** It is answered, or will not be. */
  settle(call: SeatCall, now: number): void {
    if (!this.#calls.delete(call.id)) return;
    const { seat } = call;
    if (seat === undefined) return;
    this.#forget(seat, call);
    this.#ended(seat, call, now);
  }

  /** Nobody waits for its answer any more; its seat may still hear it. */
  release(call: SeatCall, now: number): void {
    if (call.releaseAt !== undefined) return;
    call.releaseAt = now + CANCEL_GRACE_MS;
    this.#released.push(call);
  }

  /** The seat leaves: what it has in flight, which belongs to nobody now. */
  leave(seat: SeatNumber, now: number): SeatCall[] {
    const own = [...(this.#bySeat.get(seat) ?? [])];
    this.#bySeat.delete(seat);
    for (const call of own) {
      call.seat = undefined;
      this.#ended(seat, call, now);
    }
    return own;
  }

  /** When {@link expire} has something to do. */
  get expiresAt(): number | undefined {
    return this.#released.first?.releaseAt;
  }

  /** Forgets what the process had its time to answer. */
  expire(now: number): void {
    for (let first = this.#released.first; first; first = this.#released.first) {
      if ((first.releaseAt ?? 0) > now) return;
      this.#released.shift();
      this.settle(first, now);
      if (first.rawId !== '' && !isListen(first)) this.#noteUnfinished(first.id);
    }
  }

  /** The answer to a request that is not in flight, or no more. */
  answeredLate(id: BridgeRequestId | undefined, now: number): void {
    if (id !== undefined && this.#unfinished.delete(id)) this.#lateAt = now;
  }

  /**
   * The seat that alone has a request in flight, if no other had one until a moment ago, and none that was given up is unanswered;
   * listening does not count.
   */
  only(now: number): SeatNumber | undefined {
    // Their time may be over before anybody was woken for it.
    this.expire(now);
    if (this.#hasMoreUnfinished || this.#unfinished.size > 0 || now - this.#lateAt < ECHO_MS)
      return undefined;
    let only: SeatNumber | undefined;
    for (const [seat, { running, endedAt }] of this.#active) {
      if (running === 0 && now - endedAt >= ECHO_MS) this.#active.delete(seat);
      else if (only === undefined) only = seat;
      else return undefined;
    }
    return only !== undefined && (this.#active.get(only)?.running ?? 0) > 0 ? only : undefined;
  }

  #noteUnfinished(id: BridgeRequestId): void {
    if (this.#unfinished.size < MOST_UNFINISHED) this.#unfinished.add(id);
    else this.#hasMoreUnfinished = true;
  }

  #forget(seat: SeatNumber, call: SeatCall): void {
    const own = this.#bySeat.get(seat);
    own?.delete(call);
    if (own?.size === 0) this.#bySeat.delete(seat);
  }

  #ended(seat: SeatNumber, call: SeatCall, now: number): void {
    const activity = isListen(call) ? undefined : this.#active.get(seat);
    if (!activity) return;
    activity.running -= 1;
    activity.endedAt = now;
    if (this.#active.size > MANY_SEATS) this.#forgetQuiet(now);
  }

  #forgetQuiet(now: number): void {
    for (const [seat, { running, endedAt }] of this.#active)
      if (running === 0 && now - endedAt >= ECHO_MS) this.#active.delete(seat);
  }
}

/** It lasts until somebody ends it, and says nothing of who is being served. */
const isListen = ({ method }: SeatCall): boolean => method === LISTEN_METHOD;
