// Keeps a link by one loop: without a socket it dials; otherwise it sleeps until something happens. Sleeps have full jitter.
import { BACKOFF_BASE_MS } from '../../shared/link/timing.ts';
import { fullJitterMs } from '../../shared/backoff.ts';
import type { Bytes } from '../../shared/bytes.ts';
import type { CarriedDown } from '../../shared/link/carried.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { bytesForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import type { Place } from '../../shared/link/outbox.ts';
import type { Hold } from '../../shared/link/parts.ts';
import type { SessionUp } from '../../shared/link/session-frames.ts';
import { retryAfterIn } from './refusal.ts';
import type { DialOptions } from './connect.ts';
import { dial, type LinkEnd, type LinkSocket } from './dial.ts';
import type { Sleepers } from './sleepers.ts';

/** What a link's owner decides at the end of a socket. */
export type Verdict = 'relink' | 'relink_slowly' | 'stop';

export interface KeptLinkOptions {
  /**
   * Called before each dial, because headers and the token change with it. `holds`: what is here of frames from the last socket.
   * Never rejects.
   */
  dialOptions(holds: readonly Hold[]): Promise<DialOptions>;
  opened(): void;
  /** One whole frame. */
  frame(bytes: Uint8Array): void;
  /** One of an edge in this program. */
  carried?(frame: CarriedDown): void;
  /** The first part came of the frame with this name. */
  begun?(name: string): void;
  /** The edge confirmed that everything sent a moment ago has arrived. More waits here in these flows. */
  moved?(flows: readonly string[]): void;
  ended(end: LinkEnd): Verdict;
  /** One of the above threw, which is our own fault and ends the socket. */
  failed(error: unknown): void;
  /** The longest sleep between two dials of a link that has been without a socket for `awayMs`. */
  backoffCapMs(awayMs: number): number;
  /** Where it is while it sleeps, to be woken with the others. */
  readonly sleepers?: Sleepers | undefined;
}

/** After another link found the edge: at once, but a hundred links not in the same millisecond. */
const REACHED_JITTER_MS = 100;

/** An operator must act before a refused credential works; asking faster only fills logs. */
const SLOW_MS = 30_000;

export class KeptLink {
  readonly #options: KeptLinkOptions;
  readonly #inbox = new Inbox(bytesForm);
  #socket: LinkSocket | undefined;
  #isOpen = false;
  #attempt = 0;
  #sleep: { readonly timer: NodeJS.Timeout; readonly isSlow: boolean } | undefined;
  #awaySince = performance.now();
  #isPreparing = false;
  #isStopped = false;

  constructor(options: KeptLinkOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes that wait for their turn. */
  get waitingBytes(): number {
    return this.#socket?.waitingBytes ?? 0;
  }

  start(): void {
    this.#reconcile();
  }

  /** Sends a frame if the link is up; otherwise it is dropped, and the protocol resends what matters. */
  send(frame: Bytes, place: () => Place): void {
    if (this.#isOpen) this.#socket?.send(frame, place);
  }

  /** The same for an edge in this program; false: it is not in it. */
  carry(frame: SessionUp, message: Bytes | undefined): boolean {
    return !this.#isOpen || this.#socket?.carry(frame, message) !== false;
  }

  /** What the edge holds of frames from the last socket: those go on from there. */
  resume(holds: readonly Hold[]): void {
    this.#socket?.resume(holds);
  }

  /** What waits in a flow is not sent now. */
  withdraw(flow: string): void {
    this.#socket?.withdraw(flow);
  }

  /** What waits in a flow is not sent at all. */
  drop(flow: string): void {
    if (this.#isOpen) this.#socket?.drop(flow);
  }

  /** Closes the socket; the loop dials again. */
  reset(code: number, reason: string): void {
    this.#socket?.close(code, reason);
  }

  /** The socket may be half-open: unless something comes soon, the loop dials again. */
  doubt(): void {
    this.#socket?.doubt();
  }

  /** The edge found the socket half-open; the loop dials again. */
  giveUp(): void {
    if (this.#isOpen) this.#socket?.giveUp();
  }

  /** Dials no more and closes what is there. */
  stop(code: number, reason: string): void {
    this.#isStopped = true;
    clearTimeout(this.#sleep?.timer);
    this.#options.sleepers?.remove(this);
    this.#socket?.close(code, reason);
  }

  /** Another link has just reached the edge, so there is no need to sleep longer, unless a credential was refused. */
  edgeReached(): void {
    if (!this.#sleep || this.#sleep.isSlow) return;
    clearTimeout(this.#sleep.timer);
    this.#sleepFor(REACHED_JITTER_MS * Math.random());
  }

  #reconcile(): void {
    if (this.#isStopped || this.#socket || this.#sleep || this.#isPreparing) return;
    this.#isPreparing = true;
    void this.#options.dialOptions(this.#inbox.relinked()).then((options) => {
      this.#isPreparing = false;
      if (!this.#isStopped) this.#dial(options);
    });
  }

  #dial(options: DialOptions): void {
    const socket = dial(options, {
      opened: () => {
        this.#isOpen = true;
        this.#attempt = 0;
        this.#options.opened();
      },
      message: (bytes) => this.#message(bytes),
      carried: (frame) => this.#options.carried?.(frame),
      moved: (flows) => this.#options.moved?.(flows),
      ended: (end) => this.#ended(socket, end),
      failed: (error) => this.#options.failed(error),
    });
    this.#socket = socket;
  }

  #message(bytes: Uint8Array): void {
    const received = this.#inbox.push(bytes);
    switch (received.state) {
      case 'whole':
        return this.#options.frame(received.frame);
      case 'partial':
        return received.begins === undefined ? undefined : this.#options.begun?.(received.begins);
      case 'broken':
        return this.reset(CLOSE.protocol, OUTSIDE_PROTOCOL);
      case 'too_large':
        return this.reset(CLOSE.tooLarge, 'frame too large');
    }
  }

  #ended(socket: LinkSocket, end: LinkEnd): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    if (this.#isOpen) this.#awaySince = performance.now();
    this.#isOpen = false;
    const verdict = this.#verdictOn(end);
    if (verdict === 'stop') this.#isStopped = true;
    if (this.#isStopped) return;
    // The edge's own `Retry-After` counts more than what another link finds.
    const wishMs = end.kind === 'refused' ? retryAfterIn(end.answer.headers) : undefined;
    const isSlow = verdict === 'relink_slowly' || wishMs !== undefined;
    const capMs = this.#options.backoffCapMs(performance.now() - this.#awaySince);
    const jitterMs = fullJitterMs(this.#attempt, BACKOFF_BASE_MS, capMs, Math.random());
    this.#attempt += 1;
    const leastMs = Math.max(verdict === 'relink_slowly' ? SLOW_MS : 0, wishMs ?? 0);
    this.#sleepFor(leastMs + jitterMs, isSlow);
    if (!isSlow) this.#options.sleepers?.add(this);
  }

  /** If the owner fails to handle the end, the link dials again anyway. */
  #verdictOn(end: LinkEnd): Verdict {
    try {
      return this.#options.ended(end);
    } catch (error) {
      this.#options.failed(error);
      return 'relink';
    }
  }

  #sleepFor(ms: number, isSlow = false): void {
    const timer = setTimeout(() => {
      this.#sleep = undefined;
      this.#options.sleepers?.remove(this);
      this.#reconcile();
    }, ms);
    this.#sleep = { timer, isSlow };
  }
}
