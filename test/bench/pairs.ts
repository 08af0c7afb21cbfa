// CPU per call of this bridge beside a bare prototype, or of two ways through it: both are up, and the load goes to one and the other in short turns. What else the
// machine does hits both alike, so the ratio of two turns next to each other holds where times of calls mean nothing.
import { quantile } from './figures.ts';
import { callInLoops, openMore } from './measures.ts';
import type { PairPlan } from './plan.ts';
import { readOwnCpu } from './process-accounts.ts';
import type { ClientSession } from './sessions.ts';
import type { Target } from './targets.ts';

/** One target's turns: µs of CPU per call, of each of its programs. */
export interface PairSide {
  readonly name: string;
  readonly turns: readonly Readonly<Record<string, number>>[];
  /** Of each turn, the median time of a call. */
  readonly p50Ms: readonly number[];
}

export interface Pair {
  readonly ours: PairSide;
  readonly floor: PairSide;
}

/** However slow the machine. */
const WARM_UP_LIMIT_MS = 60_000;

/** All of a bridge's programs, µs per call. */
export const cpuOf = (turn: Readonly<Record<string, number>>): number =>
  Object.values(turn).reduce((all, each) => all + each, 0);

/** The ratio of the whole bridges, turn by turn. */
export const pairRatios = ({ ours, floor }: Pair): number[] =>
  ours.turns.map((turn, at) => cpuOf(turn) / cpuOf(floor.turns[at] ?? {}));

interface Contender {
  readonly name: string;
  readonly target: Target;
}

/** Ends no target. Throws when an answer is not right. */
export async function measurePair(
  plan: PairPlan,
  ours: Contender,
  floor: Contender,
): Promise<Pair> {
  const sides = [ours, floor].map((contender) => new Side(contender));
  try {
    for (const side of sides) await side.open(plan);
    for (let turn = 0; turn < plan.turns; turn++) {
      // Who comes second finds the caches of the first, so each comes first in every other turn.
      for (const side of turn % 2 === 0 ? sides : sides.toReversed()) await side.turn(plan.turnMs);
    }
    const [first, second] = sides.map(({ name, turns, p50Ms }) => ({ name, turns, p50Ms }));
    if (first === undefined || second === undefined) throw new Error('A pair has two sides.');
    return { ours: first, floor: second };
  } finally {
    for (const side of sides) await side.close();
  }
}

class Side {
  readonly name: string;
  readonly turns: Record<string, number>[] = [];
  readonly p50Ms: number[] = [];
  readonly #target: Target;
  readonly #sessions: ClientSession[] = [];

  constructor({ name, target }: Contender) {
    this.name = name;
    this.#target = target;
  }

  async open({ sessions, warmUpCalls }: PairPlan): Promise<void> {
    await openMore(this.#target, this.#sessions, sessions);
    await callInLoops(this.#sessions, WARM_UP_LIMIT_MS, warmUpCalls);
  }

  async turn(ms: number): Promise<void> {
    const before = readOwnCpu(this.#target);
    const { sample, reasons } = await callInLoops(this.#sessions, ms, Number.POSITIVE_INFINITY);
    if (reasons.length > 0) throw new Error(`${this.name}: ${reasons.join(' | ')}`);
    const after = readOwnCpu(this.#target);
    const perCall = Object.entries(after).map(
      ([group, us]) => [group, (us - (before[group] ?? 0)) / sample.length] as const,
    );
    this.turns.push(Object.fromEntries(perCall));
    this.p50Ms.push(quantile(sample, 0.5));
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close()));
  }
}
