// How much a run measures: counts and times of every phase, for a full run and for `--quick`.

/** How much is called of this bridge and of a bare prototype beside it. */
export interface PairPlan {
  readonly sessions: number;
  /**
   * Calls of each side that are not counted. V8 compiles in the background while they go on, the longer the more code a call goes
   * through: the bare bridge is done after some thousand, this bridge after 30,000, and costs twice as much after 10,000.
   */
  readonly warmUpCalls: number;
  readonly turns: number;
  readonly turnMs: number;
}

/** Sizes of all phases. Every load is bounded by these. */
export interface Plan {
  readonly rounds: number;
  /** Sessions opened one after another, per way of opening. */
  readonly opens: number;
  /** Pause before each open: a pool that keeps processes ready refills, and every target gets the same rest. */
  readonly openPauseMs: number;
  /** Calls of a fresh target before all measured loads, that are not counted: see {@link PairPlan.warmUpCalls}. */
  readonly warmUpCalls: number;
  /** Calls before each measured load that are not counted: pools warm up. */
  readonly warmUpMs: number;
  readonly latencyCalls: number;
  /** The latency phase ends after this, with however many calls it has. */
  readonly latencyLimitMs: number;
  /** Sessions of the closed loops, one call in flight each. */
  readonly sessionCounts: readonly number[];
  readonly loadMs: number;
  /** Requests of one kind after another, for one hop. */
  readonly hopMs: number;
  /** Between two phases of a target. */
  readonly settleMs: number;
  /** Results of each size. */
  readonly payloadCalls: number;
  /** Sessions opened at once. */
  readonly burst: number;
  /** How long a neighbour is watched that nothing happens to. */
  readonly quietMs: number;
  /** How long one is watched beside a client that reads nothing, and before. */
  readonly unreadMs: number;
  /** Of each kind, over a distance. */
  readonly distanceCalls: number;
  readonly pair: PairPlan;
  /** Numbers of idle sessions at which memory is read, ascending. */
  readonly idleCounts: readonly number[];
  /** Longer than the 10 s between pings in use, and after which an idle actor hibernates. */
  readonly idleWatchMs: number;
  /**
   * At the largest number: until links rest, and until V8 has collected once more what the openings left, which it does 100 s after the
   * last time and which took a third of the runner's time; then longer than the time between two pings.
   */
  readonly restMs: number;
  readonly restWatchMs: number;
}

const FULL_PLAN: Plan = {
  rounds: 3,
  opens: 12,
  openPauseMs: 200,
  warmUpCalls: 40_000,
  warmUpMs: 1_000,
  latencyCalls: 3_000,
  latencyLimitMs: 3_000,
  sessionCounts: [1, 10, 50],
  loadMs: 2_500,
  hopMs: 1_200,
  settleMs: 1_000,
  payloadCalls: 8,
  burst: 200,
  quietMs: 1_000,
  unreadMs: 4_000,
  distanceCalls: 9,
  pair: { sessions: 10, warmUpCalls: 40_000, turns: 12, turnMs: 500 },
  idleCounts: [10, 50, 200, 1_000],
  idleWatchMs: 16_000,
  restMs: 120_000,
  restWatchMs: 60_000,
};

/** To see that it works; its figures mean little. */
const QUICK_PLAN: Plan = {
  rounds: 1,
  opens: 3,
  openPauseMs: 100,
  warmUpCalls: 300,
  warmUpMs: 100,
  latencyCalls: 300,
  latencyLimitMs: 400,
  sessionCounts: [1, 10],
  loadMs: 300,
  hopMs: 100,
  settleMs: 50,
  payloadCalls: 2,
  burst: 20,
  quietMs: 150,
  unreadMs: 1_200,
  distanceCalls: 2,
  pair: { sessions: 10, warmUpCalls: 500, turns: 3, turnMs: 200 },
  idleCounts: [10, 30],
  idleWatchMs: 300,
  restMs: 50,
  restWatchMs: 300,
};

export const PLANS = { full: FULL_PLAN, quick: QUICK_PLAN } as const;

/** One client's load is the latency phase; of four targets each comes first once. */
export const ERA_PLANS = {
  full: { ...FULL_PLAN, rounds: 4, sessionCounts: [10] },
  quick: { ...QUICK_PLAN, sessionCounts: [10] },
} as const;

/** How a virtual server and its members are measured. */
export interface VirtualPlan {
  /** Each on a fresh bridge: the first opening there is a cold one. */
  readonly openingRounds: number;
  /** Openings after the cold one. */
  readonly warmOpens: number;
  readonly restMs: number;
  /** Several calls in flight, for the CPU of a call. */
  readonly pair: PairPlan;
  /** One call in flight, for its latency. */
  readonly alone: PairPlan;
}

/** About two minutes on a quiet machine. */
export const VIRTUAL_PLANS = {
  full: {
    openingRounds: 3,
    warmOpens: 4,
    restMs: 300,
    pair: { sessions: 10, warmUpCalls: 4_000, turns: 50, turnMs: 100 },
    alone: { sessions: 1, warmUpCalls: 500, turns: 30, turnMs: 100 },
  },
  quick: {
    openingRounds: 1,
    warmOpens: 1,
    restMs: 100,
    pair: { sessions: 4, warmUpCalls: 200, turns: 3, turnMs: 100 },
    alone: { sessions: 1, warmUpCalls: 50, turns: 3, turnMs: 100 },
  },
} as const satisfies Record<string, VirtualPlan>;

/** How the sessions of one shared server grow. */
export interface SharedPlan {
  /** Sessions at each point; those of the last stay. */
  readonly counts: readonly number[];
  /** A call is due this often, from one session after the other. */
  readonly everyMs: number;
  readonly callMs: number;
  readonly settleMs: number;
}

/** A few minutes, most of which open sessions. */
export const SHARED_PLANS = {
  full: {
    counts: [100, 300, 1_000, 3_000, 10_000],
    everyMs: 10,
    callMs: 10_000,
    settleMs: 3_000,
  },
  quick: { counts: [10, 30, 100], everyMs: 10, callMs: 1_000, settleMs: 300 },
} as const satisfies Record<string, SharedPlan>;

/** What a credential costs is a few µs of hundreds: many short turns, since the noise of their median falls with their number. */
export const CREDENTIAL_PLANS = {
  full: { ...FULL_PLAN, pair: { ...FULL_PLAN.pair, turns: 150, turnMs: 150 } },
  quick: QUICK_PLAN,
} as const;
