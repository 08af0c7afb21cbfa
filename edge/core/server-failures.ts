// What runners told of processes that failed (PROTOCOL.md LP32), for the owner: the last of each server. In memory only. Pure.
import { toldAfter } from './told-of-servers.ts';
import type { FailedFrame } from '../../shared/link/control-frames.ts';
import type { RunnerName } from '../../shared/ids.ts';

/** A process of a server failed, as its runner says. */
export interface ServerFailure extends Pick<FailedFrame, 'server' | 'what' | 'stderr'> {
  /** ms since the epoch. */
  readonly at: number;
}

export class ServerFailures {
  readonly #of = new Map<RunnerName, readonly ServerFailure[]>();

  took(runner: RunnerName, { server, what, stderr }: FailedFrame, at: number): void {
    this.#of.set(runner, toldAfter(this.#of.get(runner) ?? [], { server, what, stderr, at }));
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
