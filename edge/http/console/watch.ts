// What a watcher of the console sees, look after look: the facts of the edge, and the calls that came since. A person sees what is theirs.
import type { CallQuery, ConsoleFacts, ShownRunning, ShownSession } from './facts.ts';
import { toldName } from '../told-name.ts';
import { serversOf } from './own-servers.ts';
import type { ConsoleRequest } from './request.ts';
import { isCall } from './calls-view.ts';
import { offeredServers } from '../../core/offered-servers.ts';
import { OwnLines } from '../../core/own-lines.ts';
import type { RunnerView } from '../../core/ports.ts';
import { fitsQuery, type KeptLine } from '../../core/record.ts';
import type { FleetLook, SessionView } from '../../core/fleet-look.ts';
import type { RunningOf } from '../../core/what-runs.ts';
import { SignInTrails } from '../../core/sign-in-trail.ts';
import { WatchedRecord } from '../../core/watched-record.ts';

/** Lines that the first look goes through, for what was lately. */
const FIRST_LINES = 500;

/** Lines that a page has at most. */
export const PAGE_LINES = 200;

export interface Look {
  readonly facts: ConsoleFacts;
  /** That fit the query and came since the look before, oldest first; no more than {@link PAGE_LINES}, the newest. */
  readonly lines: readonly KeptLine[];
  /** To go on from. */
  readonly next: number;
}

export type WatchContext = Pick<
  ConsoleRequest,
  'settings' | 'ports' | 'seenTools' | 'policies' | 'signIn' | 'viewer'
>;

export class Watch {
  readonly #context: WatchContext;
  readonly #query: CallQuery;
  readonly #record = new WatchedRecord();
  readonly #trails = new SignInTrails();
  /** Of a person who is not the owner. */
  readonly #own: OwnLines | undefined;
  #after: number | undefined;

  constructor(context: WatchContext, query: CallQuery) {
    this.#context = context;
    this.#query = query;
    const { viewer } = context;
    this.#own = viewer.isOwner ? undefined : new OwnLines(viewer.name);
  }

  /** `seen`: a place in the record up to which the watcher has seen the lines. Rejects when the fleet is out of reach. */
  async look(seen?: number): Promise<Look> {
    const { ports, viewer } = this.#context;
    const look = await ports.fleet.look({
      after: this.#after,
      last: FIRST_LINES,
      ...(this.#own && { principal: viewer.name }),
    });
    this.#after = look.record.next;
    const came = this.#own?.take(look.record.lines) ?? look.record.lines;
    this.#record.take(came);
    const facts = this.#own ? await this.#ownFacts(look) : await this.#allFacts(look, came);
    const next = this.#own?.last ?? look.record.next;
    return { facts, lines: this.#fitting(came, seen), next };
  }

  async #allFacts(look: FleetLook, came: readonly KeptLine[]): Promise<ConsoleFacts> {
    this.#trails.take(came);
    const { problems } = this.#context.settings;
    const facts = await this.#ownFacts(look);
    const { view, recent, running } = look;
    return {
      ...facts,
      runners: view.runners,
      sessions: view.sessions,
      recent,
      problems,
      trails: this.#trails.all,
      stuck: this.#trails.stuck(facts.at),
      changed: this.#context.seenTools.changed(facts.at),
      running: await Promise.all(running.map(shownRunning)),
    };
  }

  /** What may be shown to whoever looks, of what is theirs. */
  async #ownFacts({ view, sessions: seen }: FleetLook): Promise<ConsoleFacts> {
    const { settings, viewer } = this.#context;
    const { name, label, isOwner } = viewer;
    const sessions = seen.filter(({ principal }) => isOwner || principal === name);
    const now = Date.now();
    const runners = new Map(view.runners.map((runner) => [runner.runner, runner]));
    const linked = new Set(offeredServers(view.runners.filter(({ isLinked }) => isLinked)));
    const servers = await serversOf(this.#context, view);
    return {
      at: now,
      viewer: { name, label, isOwner },
      servers,
      reachable: servers.filter((server) => linked.has(server)),
      sessions: sessions.length,
      shownSessions: await Promise.all(
        sessions.map((session) => shown(session, runners.get(session.runner), isOwner)),
      ),
      lastCallAt: this.#record.lastCallAt,
      record: settings.record,
      failing: this.#record.failing(now),
      runners: [],
      recent: [],
      problems: [],
      trails: [],
      stuck: [],
      changed: [],
      running: [],
    };
  }

  #fitting(lines: readonly KeptLine[], seen = 0): readonly KeptLine[] {
    const { server, person, outcome } = this.#query;
    return lines
      .filter(
        ({ at, line }) =>
          at > seen && fitsQuery(line, { server, principal: person, outcome }) && isCall(line),
      )
      .slice(-PAGE_LINES);
  }
}

async function shownRunning({
  runner,
  count,
  processes,
  virtual,
}: RunningOf): Promise<ShownRunning> {
  return {
    runner,
    count,
    processes: await Promise.all(
      processes.map(async ({ sessions, ...process }) => ({
        ...process,
        sessions: await Promise.all(sessions.map(async (session) => toldName(session))),
      })),
    ),
    virtual,
  };
}

async function shown(
  { session, server, principal, runner, openedAt }: SessionView,
  view: RunnerView | undefined,
  isOwner: boolean,
): Promise<ShownSession> {
  const isReachable = view?.isLinked === true;
  const id = await toldName(session);
  const awaySince = isReachable ? undefined : view?.since;
  const shown = { id, server, principal, openedAt, isReachable, awaySince };
  return isOwner ? { ...shown, runner } : shown;
}
