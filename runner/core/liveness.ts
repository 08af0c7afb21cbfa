// Decides whether the processes of one session or principal still answer at all. A call that was given up proves nothing; it
// may only be slow. But a process that has given no sign of life for as long as a request may take, and then does not answer a
// check either, is of no use to anyone.
import { earlier } from '../../shared/dues.ts';
import { RareMap } from '../../shared/rare-map.ts';

/** How long a process may take to answer the check: a busy process gets to it within moments. */
const PROBE_MS = 5_000;

interface Doubt {
  /** The time of the last sign of life, or of the request that raised the doubt. */
  readonly since: number;
  /** When it is checked, unless it says something before. */
  readonly askAt: number;
  /** Set once it is checked: the time by which it must answer. */
  until: number | undefined;
}

export class Liveness {
  readonly #silenceMs: number;
  readonly #probe: (slot: number) => void;
  readonly #failed: (slot: number, description: string, now: number) => void;
  /** By slot: the last sign of life. */
  readonly #seenAt = new RareMap<number, number>();
  readonly #doubts = new RareMap<number, Doubt>();

  /** @param parts.probe sends a request that every process answers; `failed` learns of a process that does not. */
  constructor(parts: {
    readonly silenceMs: number;
    readonly probe: (slot: number) => void;
    readonly failed: (slot: number, description: string, now: number) => void;
  }) {
    this.#silenceMs = parts.silenceMs;
    this.#probe = parts.probe;
    this.#failed = parts.failed;
  }

  /** It answered something, asked something or reported progress. */
  seen(slot: number, now: number): void {
    this.#seenAt.set(slot, now);
    this.#doubts.delete(slot);
  }

  /** Nobody waits any longer for the answer to a request that was written at `writtenAt`. */
  doubt(slot: number, writtenAt: number, now: number): void {
    if (this.#doubts.has(slot)) return;
    const since = this.silentSince(slot, writtenAt);
    const askAt = Math.max(now, since + this.#silenceMs);
    this.#doubts.set(slot, { since, askAt, until: undefined });
    this.tick(now);
  }

  /** Since when it gives no sign of life, with a request unanswered that was written at `writtenAt`. */
  silentSince(slot: number, writtenAt: number): number {
    return Math.max(writtenAt, this.#seenAt.get(slot) ?? 0);
  }

  forget(slot: number): void {
    this.#seenAt.delete(slot);
    this.#doubts.delete(slot);
  }

  tick(now: number): void {
    for (const [slot, doubt] of this.#doubts) {
      if (doubt.until === undefined && doubt.askAt <= now) {
        doubt.until = now + PROBE_MS;
        this.#probe(slot);
      } else if (doubt.until !== undefined && doubt.until <= now) {
        this.forget(slot);
        const seconds = String(Math.round((now - doubt.since) / 1000));
        this.#failed(
          slot,
          `has not answered anything for ${seconds} s, not even a check that it is alive`,
          now,
        );
      }
    }
  }

  get wakeAt(): number | undefined {
    let at: number | undefined;
    for (const { askAt, until } of this.#doubts.values()) at = earlier(at, until ?? askAt);
    return at;
  }
}
