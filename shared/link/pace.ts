// How much a link may have under way: as much as its line carries in a moment, measured by the answers to pings between the
// data, and no more messages than a far end should be given at once (PROTOCOL.md LP23). What waits on this side can be ordered; what waits
// in the network cannot. Pure.
import {
  MAX_WINDOW,
  MESSAGES_UNDER_WAY,
  MIN_WINDOW,
  QUEUE_BYTES,
  START_WINDOW,
  WINDOW_STEPS,
} from './sizes.ts';
import { QUEUE_MS } from './timing.ts';

/** The fastest of this many samples counts: two round trips of a full window. */
const SAMPLES = 8;

/** A ping is due after so many messages, however small: not sooner, since light traffic need not be measured. */
const MARKED_MESSAGES = (MESSAGES_UNDER_WAY * 3) / 4;

interface Mark {
  /** Units and messages sent before it. */
  readonly sent: number;
  readonly messages: number;
  readonly at: number;
  /** Units known to have arrived when it was sent. */
  readonly arrivedThen: number;
}

export class Pace {
  #window = START_WINDOW;
  #sent = 0;
  #arrived = 0;
  #marked = 0;
  /** The same of messages. */
  #messages = { sent: 0, arrived: 0, marked: 0 };
  readonly #marks: Mark[] = [];
  /** The shortest answer: the line's round trip without a queue. */
  #roundTripMs: number | undefined;
  /** Units a millisecond, newest last. */
  #rates: number[] = [];
  /** Units sent when data last had to wait for the window. */
  #heldBackAt = -1;
  /** The window grows once a round trip. */
  #growsAfter = 0;

  /** More may be sent. */
  get isOpen(): boolean {
    return !this.#isFull && this.#messages.sent - this.#messages.arrived < MESSAGES_UNDER_WAY;
  }

  /** As much is under way as the line may hold. */
  get #isFull(): boolean {
    return this.#sent - this.#arrived >= this.#window;
  }

  /** The largest message that does not hold up others for long. */
  get slice(): number {
    return this.#rates.length === 0
      ? START_WINDOW
      : Math.max(MIN_WINDOW / 2, Math.floor(this.#window / WINDOW_STEPS));
  }

  /** A ping should go out: enough was sent since the last. */
  get isMarkDue(): boolean {
    return (
      this.#sent - this.#marked >= this.#window / WINDOW_STEPS ||
      this.#messages.sent - this.#messages.marked >= MARKED_MESSAGES
    );
  }

  /** Nothing is known of the line, and no ping is out that will show it. */
  get isUnknown(): boolean {
    return this.#roundTripMs === undefined && this.#marks.length === 0;
  }

  /** A ping is out. */
  get isAwaited(): boolean {
    return this.#marks.length > 0;
  }

  /** The window in units. */
  get window(): number {
    return this.#window;
  }

  sent(units: number): void {
    this.#sent += units;
    this.#messages.sent += 1;
  }

  /** Data waits. Only where it waits for the window does it show what the line can carry. */
  heldBack(): void {
    if (this.#isFull) this.#heldBackAt = this.#sent;
  }

  /** A ping goes out. */
  marked(now: number): void {
    this.#marked = this.#sent;
    const messages = this.#messages.sent;
    this.#messages.marked = messages;
    this.#marks.push({ sent: this.#sent, messages, at: now, arrivedThen: this.#arrived });
  }

  /** The oldest ping was answered: all that was sent before it has arrived. */
  answered(now: number): void {
    const mark = this.#marks.shift();
    if (!mark) return;
    this.#arrived = mark.sent;
    this.#messages.arrived = mark.messages;
    // A clock that was set back must not make a line endlessly fast.
    const tookMs = Math.max(1, now - mark.at);
    this.#roundTripMs = Math.min(this.#roundTripMs ?? Infinity, tookMs);
    // Only a line that was kept busy shows what it can carry.
    if (this.#heldBackAt < mark.sent) return;
    this.#rates = [...this.#rates.slice(1 - SAMPLES), (mark.sent - mark.arrivedThen) / tookMs];
    this.#adjust(mark);
  }

  #adjust(mark: Mark): void {
    const rate = Math.max(...this.#rates);
    const wanted = rate * (this.#roundTripMs ?? 0) + Math.min(rate * QUEUE_MS, QUEUE_BYTES);
    if (wanted <= this.#window) this.#window = Math.max(MIN_WINDOW, Math.floor(wanted));
    else if (mark.sent > this.#growsAfter) {
      // A line that lets one burst pass at once may not keep doing so.
      this.#window = Math.min(MAX_WINDOW, Math.floor(wanted), this.#window * 2);
      this.#growsAfter = this.#sent;
    }
  }
}
