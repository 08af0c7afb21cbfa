// The runner's heartbeat on one socket: when a ping is due, and when silence shows that the socket is half-open (PROTOCOL.md LP4,
// LP23). Pure: it is told the time, and how many bytes have come.
import { IN_USE_MS, PING_MS, PONG_MS, RESTING_PING_MS, RESTING_SPREAD } from './timing.ts';

/** What the host does: send a ping, or give the socket up. */
export type Beat = 'ping' | 'silent' | undefined;

export class Heartbeat {
  readonly #mayRest: boolean;
  #usedAt: number;
  #pingedAt: number;
  /** Bytes that had come when the last ping left. */
  #heardThen: number;
  #isAwaited = true;
  #dueAt: number;

  /** The socket has opened and a ping leaves. `mayRest`: pings are rare while no frame passes (session links). */
  constructor(mayRest: boolean, now: number, heard: number) {
    this.#mayRest = mayRest;
    this.#usedAt = now;
    this.#pingedAt = now;
    this.#heardThen = heard;
    this.#dueAt = now + PONG_MS;
  }

  /** When {@link tick} is due. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** A ping is out: what is due next is a look, which must not come early. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /** A frame has come: a ping is due soon, and not now. */
  came(now: number): undefined {
    this.#usedAt = now;
    if (!this.#isAwaited) this.#dueAt = Math.min(this.#dueAt, now + PING_MS);
    return undefined;
  }

  /** A frame leaves. If the socket rested, the frame is not left to a ping that may be a minute off. */
  left(now: number, heard: number): Beat {
    const hasRested = !this.#isInUse(now);
    this.came(now);
    return hasRested ? this.ask(now, heard) : undefined;
  }

  /** There is a doubt whether the socket lives. */
  ask(now: number, heard: number): Beat {
    if (this.#isAwaited) return undefined;
    this.#pingedAt = now;
    this.#heardThen = heard;
    this.#isAwaited = true;
    this.#dueAt = now + PONG_MS;
    return 'ping';
  }

  /** The due time has come. Anything that came since the ping is a sign of life: the pong may have to wait behind it. `random` in [0, 1). */
  tick(now: number, heard: number, random: number): Beat {
    if (!this.#isAwaited) return this.ask(now, heard);
    if (heard === this.#heardThen) return 'silent';
    this.#isAwaited = false;
    this.#dueAt = this.#pingedAt + this.#intervalMs(now, random);
    return undefined;
  }

  #intervalMs(now: number, random: number): number {
    return this.#isInUse(now) ? PING_MS : RESTING_PING_MS * (1 - RESTING_SPREAD * random);
  }

  #isInUse(now: number): boolean {
    return !this.#mayRest || now - this.#usedAt < IN_USE_MS;
  }
}
