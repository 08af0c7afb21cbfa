// Remembers that the access actor limits a network in what it does, and answers for it until then: a flood of what fails asks the actor
// once in a while, not once each.
import type { Limited, Network } from '../core/access-limits.ts';
import type { AccessPort } from '../core/access-ports.ts';
import { ShortMemory } from './short-memory.ts';

export class ToldLimits {
  readonly #until = new ShortMemory<number>();

  /** The actor, behind what is remembered of it. */
  around(access: AccessPort): AccessPort {
    return (async (name, input) => {
      const key = keyOf(name, input);
      const now = Date.now();
      const until = key === undefined ? undefined : this.#until.get(key, now);
      if (until !== undefined) return limitedUntil(until, now);
      const answer: unknown = await access(name, input);
      if (key !== undefined && isLimited(answer)) {
        const told = Date.now() + answer.retryAfterS * 1_000;
        this.#until.set(key, told, told);
      }
      return answer;
    }) as AccessPort;
  }
}

/** What is limited as a whole for a network. An app is not: pages and documents are counted apart. Nor is an owner key that is right. */
function keyOf(name: string, input: object): string | undefined {
  const { from, isRight } = input as { readonly from?: Network; readonly isRight?: boolean };
  return !('from' in input) || name === 'app' || isRight === true
    ? undefined
    : `${name} ${from ?? ''}`;
}

const isLimited = (answer: unknown): answer is Limited =>
  typeof answer === 'object' && answer !== null && 'kind' in answer && answer.kind === 'limited';

const limitedUntil = (until: number, now: number): Limited => ({
  kind: 'limited',
  retryAfterS: Math.ceil((until - now) / 1_000),
});
