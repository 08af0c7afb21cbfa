// Counts the messages that the runner may not have yet, and bounds them. The actor holds those that workers wait for; the
// worker that follows a stream holds the message of its own. Pure.
import type { Fault } from '../../shared/fault.ts';
import { UPWARD_BYTES } from '../../shared/link/sizes.ts';

const TOO_MUCH_ON_ITS_WAY =
  'This session already has more than 8 MiB of messages on their way to the server. Wait a second, then try again.';

const TOO_MUCH_WAITS =
  'The runner is away, and this session already has more than 8 MiB of messages waiting for it. Try again in a few seconds.';

export class UpwardCredit {
  /** Characters of each message, by the id of its post. */
  readonly #lengths = new Map<string, number>();
  #sum = 0;

  take(post: string, length: number): void {
    this.release(post);
    this.#lengths.set(post, length);
    this.#sum += length;
  }

  /** The runner has this post, or nobody waits for it any more. */
  release(post: string): void {
    const length = this.#lengths.get(post);
    if (length === undefined) return;
    this.#sum -= length;
    this.#lengths.delete(post);
  }

  releaseAll(): void {
    this.#lengths.clear();
    this.#sum = 0;
  }

  /** Characters; 0 if the runner has it. */
  lengthOf(post: string): number {
    return this.#lengths.get(post) ?? 0;
  }

  /** Whether something is counted beside these posts. */
  hasOthers(posts: { has(post: string): boolean }): boolean {
    for (const post of this.#lengths.keys()) if (!posts.has(post)) return true;
    return false;
  }

  /** Why a message of this many characters cannot be accepted on top of the others. */
  whyTooMuch(length: number, isLinked: boolean): Fault | undefined {
    if (this.#sum === 0 || this.#sum + length <= UPWARD_BYTES) return undefined;
    return isLinked
      ? { fault: 'overloaded', message: TOO_MUCH_ON_ITS_WAY }
      : { fault: 'runner_offline', message: TOO_MUCH_WAITS };
  }
}
