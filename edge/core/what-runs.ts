// What runners told of their processes while the owner looks (PROTOCOL.md LP34): which of them are to be asked, and what is shown.
// In memory only. Pure.
import type { RunningFrame } from '../../shared/link/control-frames.ts';
import { RUNNING_SHOWN_MS, WATCH_AGAIN_MS } from '../../shared/link/timing.ts';
import type { RunnerName } from '../../shared/ids.ts';

type ToldProcess = RunningFrame['processes'][number];

/** A process of a runner, as that says. */
export interface RunningProcess extends Pick<
  ToldProcess,
  'server' | 'state' | 'pid' | 'sessions' | 'sharedBy'
> {
  /** About when, in ms since the epoch. */
  readonly startedAt: number;
}

/** What one runner has. */
export interface RunningOf {
  readonly runner: RunnerName;
  /** All there are; `processes` may have only the oldest. */
  readonly count: number;
  readonly processes: readonly RunningProcess[];
  readonly virtual: RunningFrame['virtual'];
}

interface Told extends RunningOf {
  readonly at: number;
}

/** An age is told in whole seconds, and takes a while to come: within so much it is the same time. */
const SAME_MS = 3_000;

export class WhatRuns {
  readonly #askedAt = new Map<RunnerName, number>();
  readonly #told = new Map<RunnerName, Told>();

  /** The owner looks: whether this runner has to be told so. */
  isToBeAsked(runner: RunnerName, now: number): boolean {
    if (now < (this.#askedAt.get(runner) ?? Number.NEGATIVE_INFINITY) + WATCH_AGAIN_MS)
      return false;
    this.#askedAt.set(runner, now);
    return true;
  }

  /** `runner` may offer `servers`: of other virtual servers it has nothing to say. */
  took(
    runner: RunnerName,
    { count, processes, virtual }: RunningFrame,
    servers: readonly string[],
    now: number,
  ): void {
    const before = new Map(
      this.#told.get(runner)?.processes.map((process) => [keyOf(process), process.startedAt]),
    );
    const startedAt = ({ ageS, ...process }: ToldProcess): number => {
      const at = now - ageS * 1_000;
      const known = before.get(keyOf(process));
      return known !== undefined && Math.abs(known - at) < SAME_MS ? known : at;
    };
    this.#told.set(runner, {
      runner,
      at: now,
      count: Math.max(count, processes.length),
      processes: processes.map((process) => {
        const { ageS: _age, ...shown } = process;
        return { ...shown, startedAt: startedAt(process) };
      }),
      virtual: virtual.filter(({ server }) => servers.includes(server)),
    });
  }

  /** Its socket is gone: the next is asked anew. */
  forget(runner: RunnerName): void {
    this.#askedAt.delete(runner);
    this.#told.delete(runner);
  }

  /** What is known of all that told of late. */
  all(now: number): RunningOf[] {
    return [...this.#told.values()]
      .filter(({ at }) => now - at < RUNNING_SHOWN_MS)
      .map(({ runner, count, processes, virtual }) => ({ runner, count, processes, virtual }));
  }
}

/** Sessions tell those apart that have no pid. */
const keyOf = ({ server, pid, sessions }: Omit<ToldProcess, 'ageS' | 'state'>): string =>
  `${server} ${pid ?? sessions.join(' ')}`;
