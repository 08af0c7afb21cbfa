// How a session comes to its end: its client asks for it, and the runner confirms; or the runner announces it, and the answers it
// still owes come first. Pure.
import type { EndedFrame } from '../../shared/link/session-frames.ts';
import { END_WAIT_MS, LAST_WORD_MS, SLOW_WORD_MS } from '../../shared/link/timing.ts';

export class SessionEnding {
  #confirmBy: number | undefined;
  #announced:
    | { readonly frame: EndedFrame; readonly since: number; readonly until: number }
    | undefined;

  /** Until when the runner may confirm the end that the client asked for; undefined unless that is awaited. */
  get confirmBy(): number | undefined {
    return this.#confirmBy;
  }

  /** The end that the runner announced. */
  get announced(): EndedFrame | undefined {
    return this.#announced?.frame;
  }

  /** Until when what it owes is awaited. */
  get lastWordBy(): number | undefined {
    return this.#announced?.until;
  }

  ask(now: number): void {
    this.#confirmBy = now + END_WAIT_MS;
  }

  announce(frame: EndedFrame, now: number): void {
    this.#announced = { frame, since: now, until: now + LAST_WORD_MS };
    this.#confirmBy = undefined;
  }

  /** The link is lost. The runner repeats the announcement when it is back. */
  unlinked(): void {
    this.#announced = undefined;
  }

  /** The session is over. */
  clear(): void {
    this.#confirmBy = undefined;
    this.#announced = undefined;
  }

  /** Waits on for what the runner owes; false if it has had the longest time it may have. */
  waitsOn(now: number): boolean {
    if (!this.#announced) return false;
    const { frame, since } = this.#announced;
    const last = since + SLOW_WORD_MS;
    if (last <= now) return false;
    this.#announced = { frame, since, until: Math.min(last, now + LAST_WORD_MS) };
    return true;
  }

  /** If the clock was set back, nobody waits until it is there again. */
  rebase(now: number): void {
    if (this.#confirmBy !== undefined)
      this.#confirmBy = Math.min(this.#confirmBy, now + END_WAIT_MS);
    if (!this.#announced) return;
    const { frame, since, until } = this.#announced;
    const last = Math.min(until, now + SLOW_WORD_MS);
    this.#announced = { frame, since: Math.min(since, now), until: last };
  }
}
