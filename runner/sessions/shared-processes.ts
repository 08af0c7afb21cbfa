// The processes of a server whose config lets sessions share them (`sharing`): who shares with whom, and which process a session is at.
import type { SessionName } from '../../shared/ids.ts';
import type { SharingConfig } from '../config/runner-config.ts';
import type { Log } from '../log.ts';
import type { HubOptions } from '../seats/hub.ts';
import { PROGRAM_TIME, type LaterTime } from '../wake-timer.ts';
import { firstLineOf, hasFreeSeat, hasRoom, seatAt } from '../seats/seating.ts';
import { HubHost } from './hub-host.ts';
import type { ServerProcess } from './pooled-process.ts';
import { Seat, type SeatAt } from './seat.ts';

/** A process for the first seat at it, or why there is none: `words` complete "the server process …". */
export type StartShared = () =>
  | { readonly ok: true; readonly process: ServerProcess }
  | { readonly ok: false; readonly words: string };

export interface SharedProcessesParts {
  readonly sharing: SharingConfig;
  readonly hub: Omit<HubOptions, 'isOfOnePrincipal'>;
  readonly log: Log;
  readonly showsStderr: boolean;
  readonly time?: LaterTime;
}

/** Completes "the server process could not be started: …". */
const FULL = 'all processes that the server may have are taken';

export class SharedProcesses {
  readonly #parts: SharedProcessesParts;
  readonly #time: LaterTime;
  /** By who shares them. */
  readonly #hosts = new Map<string, HubHost[]>();
  #isClosed = false;

  constructor(parts: SharedProcessesParts) {
    this.#parts = parts;
    this.#time = parts.time ?? PROGRAM_TIME;
  }

  get isOfOnePrincipal(): boolean {
    return this.#parts.sharing.by === 'principal';
  }

  /** What those have in common who share a process; `owner`: with whose secrets it is made. */
  groupOf(principal: string | undefined, owner: string | undefined): string {
    return JSON.stringify(this.isOfOnePrincipal ? [principal ?? null, owner ?? null] : []);
  }

  /** Whether a process runs at which there is a place. */
  isStarted(group: string): boolean {
    return hasFreeSeat(this.#of(group), this.#parts.sharing);
  }

  /** Whether one more session can have a place, at one that is started for it if need be. */
  hasRoom(group: string): boolean {
    return hasRoom(this.#of(group), this.#parts.sharing);
  }

  /** A seat for a session; `start` gives the process if it needs a new one, `joins` hears of another that it is at. */
  seat(
    group: string,
    session: SessionName | undefined,
    start: StartShared,
    joins: (process: ServerProcess) => void = () => undefined,
  ): Seat {
    const place: SeatAt = (seat, first) => {
      const seating = seatAt(this.#of(group), firstLineOf(first), this.#parts.sharing);
      if (seating.kind === 'full') return { ok: false, words: FULL };
      if (seating.kind === 'join') {
        joins(seating.table.process);
        return placed(seating.table, seat);
      }
      void seating.instead?.end('its place was needed for another process');
      const started = start();
      return started.ok ? placed(this.#host(started.process, group), seat) : started;
    };
    return new Seat(session, place, this.#time);
  }

  /** Which sessions are at a process now; undefined: it is nobody's. */
  sessionsByProcess(): (process: ServerProcess) => SessionName[] | undefined {
    const known = new Map<ServerProcess | number, SessionName[]>();
    for (const { process, sessions } of [...this.#hosts.values()].flat()) {
      // A race of processes that were left has the id of the one that won it; a server at a URL has none.
      known.set(process.pid ?? process, sessions);
    }
    return (process) => known.get(process.pid ?? process);
  }

  /** Ends the processes without sessions; the others end with the last one of theirs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const empty = [...this.#hosts.values()].flat().filter(({ seats }) => seats === 0);
    await Promise.all(empty.map((host) => host.end('the server is no longer offered')));
  }

  #of(group: string): readonly HubHost[] {
    return this.#hosts.get(group) ?? [];
  }

  #host(process: ServerProcess, group: string): HubHost {
    const { hub, log, showsStderr } = this.#parts;
    const host = new HubHost({
      process,
      hub: { ...hub, isOfOnePrincipal: this.isOfOnePrincipal },
      log,
      showsStderr,
      gone: (gone) => this.#forget(gone, group),
      isClosed: () => this.#isClosed,
      time: this.#time,
    });
    this.#hosts.set(group, [...this.#of(group), host]);
    return host;
  }

  #forget(gone: HubHost, group: string): void {
    const left = this.#of(group).filter((host) => host !== gone);
    if (left.length > 0) this.#hosts.set(group, left);
    else this.#hosts.delete(group);
  }
}

const placed = (host: HubHost, seat: Seat): ReturnType<SeatAt> => ({
  ok: true,
  place: { host, number: host.join(seat) },
});
