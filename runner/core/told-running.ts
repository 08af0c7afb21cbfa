// What the edge's owner is told of the processes a runner has, while the owner looks (PROTOCOL.md LP34): all that there is at first, and
// then whenever it is another, no more often than somebody reads. Pure.
import type { RunningFrame } from '../../shared/link/control-frames.ts';
import {
  TOLD_MEMBERS,
  TOLD_PROCESSES,
  TOLD_SESSIONS,
  TOLD_VIRTUAL,
} from '../../shared/link/sizes.ts';
import { RUNNING_TOLD_MS, WATCHED_MS } from '../../shared/link/timing.ts';
import type { ServerName, SessionName } from '../../shared/ids.ts';

type ToldProcess = RunningFrame['processes'][number];

/** A process there is now. */
export interface LivingProcess extends Pick<ToldProcess, 'server' | 'state'> {
  /** Undefined: it is not one of this machine, or has not begun. */
  readonly pid: number | undefined;
  /** In ms of a steady clock, the one of `now`. */
  readonly startedAt: number;
  /** Those that have it. */
  readonly sessions: readonly SessionName[];
  /** How many these are, of one that several may share. */
  readonly sharedBy?: number;
}

/** What there is at one moment. */
export interface Living {
  readonly processes: readonly LivingProcess[];
  /** The virtual servers that are offered. */
  readonly virtual: readonly {
    readonly server: ServerName;
    readonly members: readonly ServerName[];
  }[];
}

export class ToldRunning {
  /** The owner looks until then. */
  #until: number | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Without ages, which change by themselves. */
  #told: string | undefined;

  /** The edge says that the owner looks. It may know nothing of what was told before. */
  watched(now: number): void {
    this.#until = now + WATCHED_MS;
    this.#told = undefined;
  }

  /** The socket is gone. */
  unlinked(): void {
    this.#until = undefined;
  }

  /** What to tell now, if anything. `look` is called only while somebody watches, once a second at most. */
  news(look: () => Living, now: number): RunningFrame | undefined {
    if (this.#until === undefined || now < this.#lookedAt + RUNNING_TOLD_MS) return undefined;
    if (now >= this.#until) {
      this.#until = undefined;
      return undefined;
    }
    this.#lookedAt = now;
    const frame = frameOf(look(), now);
    const processes = frame.processes.map((process) => ({ ...process, ageS: 0 }));
    const told = JSON.stringify({ ...frame, processes });
    if (told === this.#told) return undefined;
    this.#told = told;
    return frame;
  }

  /** When {@link news} is to be asked for again; undefined: nobody watches. */
  get wakeAt(): number | undefined {
    return this.#until === undefined ? undefined : this.#lookedAt + RUNNING_TOLD_MS;
  }
}

function frameOf({ processes, virtual }: Living, now: number): RunningFrame {
  const oldest = processes.toSorted((one, other) => one.startedAt - other.startedAt);
  return {
    type: 'running',
    count: processes.length,
    processes: oldest
      .slice(0, TOLD_PROCESSES)
      .map(({ server, state, pid, startedAt, sessions, sharedBy }) => ({
        server,
        state,
        ageS: Math.max(0, Math.floor((now - startedAt) / 1_000)),
        ...(pid !== undefined && { pid }),
        sessions: sessions.slice(0, TOLD_SESSIONS),
        ...(sharedBy !== undefined && { sharedBy }),
      })),
    virtual: virtual.slice(0, TOLD_VIRTUAL).map(({ server, members }) => ({
      server,
      members: members.slice(0, TOLD_MEMBERS),
    })),
  };
}
