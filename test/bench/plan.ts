// How much a run measures: counts and times of every phase, for a full run and for `--quick`.

/** Sizes of all phases. Every load is bounded by these. */
export interface Plan {
  readonly rounds: number;
  /** Sessions opened one after another, per way of opening. */
  readonly opens: number;
  /** Pause before each open: a pool that keeps processes ready refills, and every target gets the same rest. */
  readonly openPauseMs: number;
  /** Calls before each measured load that are not counted: compilers and pools warm up. */
  readonly warmUpMs: number;
  readonly latencyCalls: number;
  /** The latency phase ends after this, with however many calls it has. */
  readonly latencyLimitMs: number;
  /** Sessions of the closed loops, one call in flight each. */
  readonly sessionCounts: readonly number[];
  readonly loadMs: number;
  /** Requests of one kind after another, for one hop. */
  readonly hopMs: number;
  /** Numbers of idle sessions at which memory is read, ascending. */
  readonly idleCounts: readonly number[];
  /** Longer than a link's ping interval (15 s) and than the 10 s after which an idle actor hibernates. */
  readonly idleWatchMs: number;
}

const FULL_PLAN: Plan = {
  rounds: 3,
  opens: 12,
  openPauseMs: 200,
  warmUpMs: 1_000,
  latencyCalls: 3_000,
  latencyLimitMs: 3_000,
  sessionCounts: [1, 10, 50],
  loadMs: 2_500,
  hopMs: 1_200,
  idleCounts: [50, 200],
  idleWatchMs: 16_000,
};

/** To see that it works; its figures mean little. */
const QUICK_PLAN: Plan = {
  rounds: 1,
  opens: 4,
  openPauseMs: 150,
  warmUpMs: 200,
  latencyCalls: 300,
  latencyLimitMs: 800,
  sessionCounts: [1, 10],
  loadMs: 700,
  hopMs: 300,
  idleCounts: [10],
  idleWatchMs: 1_500,
};

export const PLANS = { full: FULL_PLAN, quick: QUICK_PLAN } as const;

/** One client's load is the latency phase; of four targets each comes first once. */
export const ERA_PLANS = {
  full: { ...FULL_PLAN, rounds: 4, sessionCounts: [10] },
  quick: { ...QUICK_PLAN, sessionCounts: [10] },
} as const;
