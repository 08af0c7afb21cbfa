// The search for a place when none is free, or when a principal is at its quota: runners are asked in turn to end an idle session
// (LP25). Who is asked, and which answers are still awaited.
import type { ControlLinks } from './control-links.ts';
import type { Opening } from './ports.ts';
import type { Dues, OnDue } from '../../shared/dues.ts';
import type { Fault } from '../../shared/fault.ts';
import { YIELD_WAIT_MS } from '../../shared/link/timing.ts';
import type { RunnerName, SessionName, SocketId } from '../../shared/ids.ts';

/** A request to open a session; `ask` is the host's id for the answer. */
export interface Wanted extends Opening {
  readonly ask: string;
  readonly session: SessionName;
}

/** The search for a place for one session: runners are asked in turn to end an idle session. */
export interface RoomWish {
  readonly wanted: Wanted;
  /** True: the principal is at its quota, so one of its own sessions must end. False: all places are taken. */
  readonly isOwn: boolean;
  /** Runners not asked yet. */
  readonly runners: RunnerName[];
  /** The answer if no runner has a session that can end. */
  readonly otherwise: Fault;
}

/** A `yield` sent to a runner. Runners answer in order, so an entry whose answer is no longer awaited keeps its place in the list. */
interface Yield {
  room: RoomWish | undefined;
  readonly askedAt: number;
}

export class RoomSearch {
  readonly #links: ControlLinks;
  readonly #failed: (room: RoomWish) => void;
  readonly #yields = new Map<SocketId, Yield[]>();

  /** `failed`: no runner has a session that can end. */
  constructor(links: ControlLinks, failed: (room: RoomWish) => void) {
    this.#links = links;
    this.#failed = failed;
  }

  /** Asks the next runner to end an idle session: one of the principal's own, or one of a principal that holds more. */
  ask(room: RoomWish, now: number): void {
    for (;;) {
      const runner = room.runners.shift();
      if (runner === undefined) return this.#failed(room);
      const socket = this.#links.socketOf(runner, now);
      if (socket === undefined) continue;
      const asked = this.#yields.get(socket) ?? [];
      this.#yields.set(socket, [...asked, { room, askedAt: now }]);
      const { principal } = room.wanted;
      return this.#links.say(socket, { type: 'yield', principal, own: room.isOwn });
    }
  }

  /** The next `yielded` of a socket: the search that still waits for it. */
  answered(socket: SocketId): RoomWish | undefined {
    return this.#yields.get(socket)?.shift()?.room;
  }

  /** What was asked on this socket will not be answered, so the next runners are asked. */
  dropped(socket: SocketId, now: number): void {
    const asked = this.#yields.get(socket) ?? [];
    this.#yields.delete(socket);
    for (const { room } of asked) if (room) this.ask(room, now);
  }

  /** A runner that does not answer in time is skipped. */
  readonly dues: Dues = (due) => {
    for (const yields of this.#yields.values()) for (const asked of yields) this.#due(asked, due);
  };

  #due(asked: Yield, due: OnDue): void {
    const { room, askedAt } = asked;
    if (!room) return;
    const act = (now: number): void => {
      asked.room = undefined;
      this.ask(room, now);
    };
    due(askedAt + YIELD_WAIT_MS, act, YIELD_WAIT_MS);
  }
}
