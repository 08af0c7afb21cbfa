// A line between an outbox and an inbox on a clock of its own: bytes take their time, and pings are answered at the far end.
import { bytesForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { Outbox, type Place } from '../../shared/link/outbox.ts';

const decoder = new TextDecoder();

const isPing = (message: Uint8Array): boolean =>
  message.length === 4 && decoder.decode(message) === 'ping';

interface Amount {
  readonly messages: number;
  readonly bytes: number;
}

const plus = ({ messages, bytes }: Amount, { length }: Uint8Array): Amount => ({
  messages: messages + 1,
  bytes: bytes + length,
});

interface Event {
  readonly at: number;
  readonly order: number;
  run(): void;
}

export class Line {
  now = 0;
  readonly outbox = Outbox.ofBytes();
  readonly inbox = new Inbox(bytesForm);
  /** Whole frames that arrived, and when. */
  readonly arrived: { readonly frame: Uint8Array; readonly at: number }[] = [];
  bytesPerSecond: number;
  readonly delayMs: number;
  /** WebSocket messages and pings that went out. */
  messages = 0;
  pings = 0;
  bytes = 0;
  /** The longest that a byte waited for the line. */
  longestQueueMs = 0;
  /** The most that was sent and not known to have arrived, pings aside. */
  readonly mostUnderWay = { messages: 0, bytes: 0 };
  /** The line of the other way, in whose queue the pongs wait. */
  pongsThrough: Line | undefined;
  #freeAt = 0;
  #order = 0;
  #events: Event[] = [];
  /** Sent, arrived and confirmed, pings aside. */
  #sent = { messages: 0, bytes: 0 };
  #delivered = { messages: 0, bytes: 0 };
  #confirmed = { messages: 0, bytes: 0 };

  constructor(bytesPerSecond: number, delayMs = 1) {
    this.bytesPerSecond = bytesPerSecond;
    this.delayMs = delayMs;
  }

  push(frame: Uint8Array, place: Place): void {
    this.carry(this.outbox.push(frame, () => place, this.now));
  }

  carry(messages: readonly Uint8Array[]): void {
    for (const message of messages) {
      this.messages += 1;
      this.bytes += message.length;
      if (!isPing(message)) this.#note(message);
      this.#freeAt =
        Math.max(this.now, this.#freeAt) + (1000 * message.length) / this.bytesPerSecond;
      this.longestQueueMs = Math.max(this.longestQueueMs, this.#freeAt - this.now);
      this.at(this.#freeAt + this.delayMs, () => this.#deliver(message));
    }
  }

  #deliver(message: Uint8Array): void {
    if (isPing(message)) {
      this.pings += 1;
      return this.#pong();
    }
    this.#delivered = plus(this.#delivered, message);
    const received = this.inbox.push(message);
    if (received.state === 'whole') this.arrived.push({ frame: received.frame, at: this.now });
    else if (received.state !== 'partial') throw new Error(JSON.stringify(received));
  }

  #pong(): void {
    const arrived = this.#delivered;
    const answered = (): void => {
      this.#confirmed = arrived;
      this.carry(this.outbox.answered(this.now));
    };
    const other = this.pongsThrough;
    const queueMs = other ? Math.max(0, other.#freeAt - this.now) : 0;
    this.at(this.now + queueMs + this.delayMs, answered);
  }

  #note(message: Uint8Array): void {
    this.#sent = plus(this.#sent, message);
    const most = this.mostUnderWay;
    most.messages = Math.max(most.messages, this.#sent.messages - this.#confirmed.messages);
    most.bytes = Math.max(most.bytes, this.#sent.bytes - this.#confirmed.bytes);
  }

  at(at: number, run: () => void): void {
    this.#events.push({ at, order: (this.#order += 1), run });
    this.#events.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  /** Runs until nothing happens any more, or until `until`. */
  run(until = Infinity): void {
    for (let event = this.#events[0]; event && event.at <= until; event = this.#events[0]) {
      this.#events.shift();
      this.now = event.at;
      event.run();
    }
    if (until !== Infinity) this.now = until;
  }
}
