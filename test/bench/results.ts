// What a run found: the figures of all rounds and targets, and how they are compared.
import type { Hop } from './hops.ts';
import type { IdleCourse, Load, Opening } from './measures.ts';
import type { Pair } from './pairs.ts';
import type { Plan } from './plan.ts';
import type { Burst } from './scenarios/burst.ts';
import type { Distance } from './scenarios/distance.ts';
import type { Payload } from './scenarios/payloads.ts';
import type { Unread } from './scenarios/unread.ts';

/** One target in one round. */
export interface RoundResult {
  readonly round: number;
  readonly target: string;
  /** Load of the machine when the target was started. */
  readonly load1: number;
  readonly opening?: Opening;
  readonly warmOpening?: Opening;
  readonly latency?: Load;
  readonly throughput: readonly Load[];
  readonly modern?: Load;
  readonly payloads?: readonly Payload[];
  readonly unread?: Unread;
  readonly distance?: Distance;
  readonly hops: readonly Hop[];
  readonly failures: readonly string[];
}

/** A target with many sessions. */
export interface IdleResult {
  readonly target: string;
  readonly course?: IdleCourse;
  readonly burst?: Burst;
  readonly failure?: string;
}

/** A whole run. */
export interface Results {
  readonly startedAt: string;
  readonly node: string;
  readonly cpus: number;
  readonly plan: Plan;
  readonly load1: { readonly start: number; end: number };
  /** Targets that were left out, and why. */
  readonly skipped: Readonly<Record<string, string>>;
  readonly rounds: RoundResult[];
  readonly idle: IdleResult[];
  readonly pairs: Pair[];
}

/** A figure a target has in each round; undefined in a round without it. */
export interface Figure {
  readonly title: string;
  readonly of: (round: RoundResult) => number | undefined;
}

/** A target's figure, round by round. */
export const valuesOf = (
  rounds: readonly RoundResult[],
  target: string,
  of: Figure['of'],
): (number | undefined)[] => rounds.filter((round) => round.target === target).map(of);

/** A figure of `target` divided by that of `base`, in each round of the base. */
export function ratiosBetween(
  rounds: readonly RoundResult[],
  target: string,
  base: string,
  of: Figure['of'],
): (number | undefined)[] {
  return rounds
    .filter((round) => round.target === base)
    .map((other) => {
      const own = rounds.find((round) => round.target === target && round.round === other.round);
      const [above, below] = [own && of(own), of(other)];
      return above !== undefined && below !== undefined && below > 0 ? above / below : undefined;
    });
}
