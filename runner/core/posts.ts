// The posts a session has seen, so that none is served twice, and those it still has to accept (LP12, LP13).
import type { Fault } from '../../shared/fault.ts';
import { ACCEPT_DELAY_MS } from '../../shared/link/timing.ts';
import { PostIds, type Acquaintance } from './post-ids.ts';
import { RareMap } from '../../shared/rare-map.ts';

/** Refused posts that are remembered. Their copies come within seconds. */
const REFUSED_IDS = 4_096;

export class Posts {
  readonly #ids = new PostIds();
  /**
   * Posts that were refused for lack of room. A second copy may be under way when the client is told of the refusal, and must not
   * run then.
   */
  readonly #refused = new RareMap<string, Fault>();
  /** Posts that opened a stream and were not acknowledged by an event yet, with the time their `accepted` is due. */
  readonly #unaccepted = new Map<string, number>();

  knows(id: string): Acquaintance {
    return this.#ids.knows(id);
  }

  remember(id: string): void {
    this.#ids.add(id);
  }

  /** The post was refused, though it might be admitted later. */
  refuse(id: string, fault: Fault): void {
    this.#refused.set(id, fault);
    for (const oldest of this.#refused.keys()) {
      if (this.#refused.size <= REFUSED_IDS) return;
      this.#refused.delete(oldest);
    }
  }

  /** Why the post was refused before. */
  refusal(id: string): Fault | undefined {
    return this.#refused.get(id);
  }

  /** The post will be accepted by its first event, or by time. */
  acceptLater(id: string, now: number): void {
    this.#unaccepted.set(id, now + ACCEPT_DELAY_MS);
  }

  /** An event of the post's stream has accepted it. */
  accepted(id: string): void {
    this.#unaccepted.delete(id);
  }

  /** Takes the posts whose `accepted` is due. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (const [id, at] of this.#unaccepted) {
      if (at > now) break;
      due.push(id);
      this.#unaccepted.delete(id);
    }
    return due;
  }

  get nextDueAt(): number | undefined {
    const [first] = this.#unaccepted.values();
    return first;
  }

  forgetUnaccepted(): void {
    this.#unaccepted.clear();
  }
}
