// What runners told of processes that failed (PROTOCOL.md LP32), for the owner: the last of each server. In memory only. Pure.
import { toldAfter } from './told-of-servers.ts';
import type { FailedFrame } from '../../shared/link/control-frames.ts';
import type { RunnerName } from '../../shared/ids.ts';

/** A process of a server failed, as its runner says. */
export interface ServerFailure extends Pick<FailedFrame, 'server' | 'what' | 'stderr'> {
  /** The virtual servers under which clients meet it; absent: it is offered by itself. */
  readonly memberOf?: readonly string[] | undefined;
  /** ms since the epoch. */
  readonly at: number;
}

export class ServerFailures {
  readonly #of = new Map<RunnerName, readonly ServerFailure[]>();

  /** The runner may offer `offered`: of what no client can meet, it has nothing to say. */
  took(
    runner: RunnerName,
    { server, what, stderr, memberOf = [] }: FailedFrame,
    offered: readonly string[],
    at: number,
  ): void {
    const virtual = memberOf.filter((each) => offered.includes(each));
    const isOffered = offered.includes(server);
    if (!isOffered && virtual.length === 0) return;
    const failure = { server, what, stderr, at, ...(!isOffered && { memberOf: virtual }) };
    this.#of.set(runner, toldAfter(this.#of.get(runner) ?? [], failure));
  }

  /** Of a runner's program that is over. */
  forget(runner: RunnerName): void {
    this.#of.delete(runner);
  }

  /** The newest first; undefined if there are none. */
  of(runner: RunnerName): readonly ServerFailure[] | undefined {
    return this.#of.get(runner)?.toReversed();
  }
}
