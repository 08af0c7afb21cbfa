// The sessions of a runner: whether there is room for one more and which gives way for it, and when they are quiet or gone.
import type { SessionSnapshot } from '../running-runner.ts';
import type { ServerConfig } from '../config/runner-config.ts';
import { fairlyIdle, ownIdle, type Held } from '../core/yielding.ts';
import type { SessionHost } from './session-host.ts';
import type { OpenFrame, YieldFrame } from '../../shared/link/control-frames.ts';
import type { PrincipalName, SessionName } from '../../shared/ids.ts';

/** Beside the sessions that it takes; a process ends within seconds. */
const MAX_ENDING = 16;

interface Hosted {
  readonly host: SessionHost;
  readonly server: ServerConfig;
}

export class RunnerSessions {
  readonly #hosted = new Map<SessionName, Hosted>();
  #emptied: (() => void) | undefined;

  get names(): SessionName[] {
    return [...this.#hosted.keys()];
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

  edgeReached(): void {
    for (const { host } of this.#hosted.values()) host.edgeReached();
  }

  /** Whether another principal than this has a session. */
  isShared(principal: PrincipalName | undefined): boolean {
    for (const { host } of this.#hosted.values()) {
      if (host.principal !== principal && !host.isEnded) return true;
    }
    return false;
  }

  /** Whether there is room for one more; if all places are taken, an idle session is ended for it. */
  hasRoom({ principal }: OpenFrame, server: ServerConfig, capacity: number): boolean {
    // One that gave way holds its place until its process has ended; only so many may be ending at once.
    if (this.#hosted.size >= capacity + MAX_ENDING) return false;
    const all = this.#held();
    const ofServer = all.filter(
      ({ session }) => this.#hosted.get(session)?.server.name === server.name,
    );
    if (ofServer.length >= server.maxSessions)
      return this.#giveWay(fairlyIdle(ofServer, principal));
    return all.length < capacity || this.#giveWay(fairlyIdle(all, principal));
  }

  /** The edge needs a place: an idle session is ended, one of the principal's own or one of the principal that has the most. */
  yield({ principal, own }: YieldFrame): SessionName | undefined {
    const held = this.#held();
    const gone = own ? ownIdle(held, principal) : fairlyIdle(held, principal);
    this.#giveWay(gone);
    return gone?.session;
  }

  /** Ends all sessions, or those of one server. */
  end(reason: string, server?: string): void {
    for (const { host, server: used } of this.#hosted.values())
      if (server === undefined || used.name === server) host.end(reason);
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

  #held(): Held[] {
    return [...this.#hosted]
      .filter(([, { host }]) => !host.isEnded)
      .map(([session, { host }]) => ({
        session,
        principal: host.principal,
        isIdle: host.inFlight === 0,
        idleMs: host.snapshot().idleMs,
      }));
  }

  #giveWay(held: Held | undefined): boolean {
    if (!held) return false;
    this.#hosted
      .get(held.session)
      ?.host.end('The session was idle the longest and was ended to make room for another.');
    return true;
  }
}
