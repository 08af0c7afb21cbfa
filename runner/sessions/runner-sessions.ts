// The sessions of a runner: whether there is room for one more and which gives way for it, and when they are quiet or gone.
import type { SessionSnapshot } from '../running-runner.ts';
import type { ServedConfig } from '../config/runner-config.ts';
import { roomFor, yieldedFor, type HeldPlace } from '../core/room.ts';
import type { Held } from '../core/yielding.ts';
import type { SessionHost } from './session-host.ts';
import type { OpenFrame, YieldFrame } from '../../shared/link/control-frames.ts';
import type { PrincipalName, SessionName } from '../../shared/ids.ts';

interface Hosted {
  readonly host: SessionHost;
  readonly server: ServedConfig;
}

export class RunnerSessions {
  readonly #hosted = new Map<SessionName, Hosted>();
  #emptied: (() => void) | undefined;

  get names(): SessionName[] {
    return [...this.#hosted.keys()];
  }

  get size(): number {
    return this.#hosted.size;
  }

  /** Those of one server. */
  countOf(name: string): number {
    let count = 0;
    for (const { server } of this.#hosted.values()) if (server.name === name) count += 1;
    return count;
  }

  has(session: SessionName): boolean {
    return this.#hosted.has(session);
  }

  add(session: SessionName, hosted: Hosted): void {
    this.#hosted.set(session, hosted);
  }

  finished(session: SessionName): void {
    this.#hosted.delete(session);
    if (this.#hosted.size === 0) this.#emptied?.();
  }

  closedByEdge(session: SessionName): void {
    this.#hosted.get(session)?.host.closedByEdge();
  }

  redial(session: SessionName, epoch: number): void {
    this.#hosted.get(session)?.host.redial(epoch);
  }

  /** The control link is gone: the others may be dead without a word. */
  doubtLinks(): void {
    for (const { host } of this.#hosted.values()) host.doubtLink();
  }

  /** Whether another principal than this has a session. */
  isShared(principal: PrincipalName | undefined): boolean {
    for (const { host } of this.#hosted.values()) {
      if (host.principal !== principal && !host.isEnded) return true;
    }
    return false;
  }

  /** Whether there is room for one more; if all places are taken, an idle session is ended for it. */
  hasRoom(open: OpenFrame, { maxSessions }: ServedConfig, capacity: number): boolean {
    const kept = this.#hosted.size;
    const room = roomFor(open, { capacity, maxSessions, held: () => this.#held(), kept });
    if (room.ok) this.#giveWay(room.gives);
    return room.ok;
  }

  /** The edge needs a place: an idle session is ended. */
  yield(frame: YieldFrame): SessionName | undefined {
    const gone = yieldedFor(frame, this.#held());
    this.#giveWay(gone);
    return gone?.session;
  }

  /** Ends all sessions, or those of one server. */
  end(reason: string, server?: string): void {
    for (const { host, server: used } of this.#hosted.values())
      if (server === undefined || used.name === server) host.end(reason);
  }

  /** The runner stops: no session is dialled for any more. */
  hangUp(): void {
    for (const { host } of this.#hosted.values()) host.hangUp();
  }

  /** No session has a request in flight. */
  async quiet(): Promise<void> {
    await Promise.all([...this.#hosted.values()].map(({ host }) => host.quiet()));
  }

  /** There is none left. */
  empty(): Promise<void> {
    if (this.#hosted.size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    return promise;
  }

  snapshot(): SessionSnapshot[] {
    return [...this.#hosted.values()].map(({ host }) => host.snapshot());
  }

  #held(): HeldPlace[] {
    return [...this.#hosted]
      .filter(([, { host }]) => !host.isEnded)
      .map(([session, { host, server }]) => ({
        session,
        server: server.name,
        principal: host.principal,
        isIdle: host.inFlight === 0,
        idleMs: host.snapshot().idleMs,
      }));
  }

  #giveWay(held: Held | undefined): void {
    if (!held) return;
    this.#hosted
      .get(held.session)
      ?.host.end('The session was idle the longest and was ended to make room for another.');
  }
}
