// What runners told of processes that failed (PROTOCOL.md LP32), for the owner: the last of each server. In memory only. Pure.
import type { FailedFrame } from '../../shared/link/control-frames.ts';
import type { RunnerName, ServerName } from '../../shared/ids.ts';

/** Of a runner; each is 2 KB at most. */
const MOST_SERVERS = 32;

/** A process of a server failed, as its runner says. */
export interface ServerFailure extends Pick<FailedFrame, 'server' | 'what' | 'stderr'> {
  /** ms since the epoch. */
  readonly at: number;
}

export class ServerFailures {
  readonly #of = new Map<RunnerName, Map<ServerName, ServerFailure>>();

  took(runner: RunnerName, { server, what, stderr }: FailedFrame, at: number): void {
    const kept = this.#of.get(runner) ?? new Map<ServerName, ServerFailure>();
    this.#of.set(runner, kept);
    // The newest stands last.
    kept.delete(server);
    kept.set(server, { server, what, stderr, at });
    const [oldest] = kept.keys();
    if (kept.size > MOST_SERVERS && oldest !== undefined) kept.delete(oldest);
  }

  /** Of a runner's program that is over. */
  forget(runner: RunnerName): void {
    this.#of.delete(runner);
  }

  /** The newest first; undefined if there are none. */
  of(runner: RunnerName): readonly ServerFailure[] | undefined {
    const kept = this.#of.get(runner);
    return kept && [...kept.values()].toReversed();
  }
}
