// What a watcher of the console sees, look after look: the facts of the edge, and the calls that came since.
import type { CallQuery, ConsoleFacts, ShownSession, Viewer } from './facts.ts';
import { toldName } from '../told-name.ts';
import type { ConsoleContext } from './request.ts';
import { isCall } from './calls-view.ts';
import { fitsQuery, type KeptLine, type RecordView } from '../../core/record.ts';
import type { SessionView } from '../../core/fleet-look.ts';
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

export type WatchContext = Pick<ConsoleContext, 'settings' | 'ports' | 'seenTools'>;

export class Watch {
  readonly #context: WatchContext;
  readonly #viewer: Viewer;
  readonly #query: CallQuery;
  readonly #record = new WatchedRecord();
  readonly #trails = new SignInTrails();
  #after: number | undefined;

  /** `after`: what came up to there was seen. */
  constructor(context: WatchContext, viewer: Viewer, query: CallQuery) {
    this.#context = context;
    this.#viewer = viewer;
    this.#query = query;
  }

  /** `seen`: a place in the record up to which the watcher has seen the lines. Rejects when the fleet is out of reach. */
  async look(seen?: number): Promise<Look> {
    const { view, sessions, record, recent } = await this.#context.ports.fleet.look({
      after: this.#after,
      last: FIRST_LINES,
    });
    this.#after = record.next;
    this.#record.take(record.lines);
    this.#trails.take(record.lines);
    const lines = this.#fitting(record, seen);
    const now = Date.now();
    const { problems, record: level } = this.#context.settings;
    const facts: ConsoleFacts = {
      at: now,
      viewer: this.#viewer,
      runners: view.runners,
      servers: [...new Set(view.runners.flatMap(({ servers }) => servers))].toSorted(),
      sessions: view.sessions,
      shownSessions: await Promise.all(sessions.map(shown)),
      recent,
      lastCallAt: this.#record.lastCallAt,
      problems,
      record: level,
      failing: this.#record.failing(now),
      trails: this.#trails.all,
      stuck: this.#trails.stuck(now),
      changed: this.#context.seenTools.changed(now),
    };
    return { facts, lines, next: record.next };
  }

  #fitting({ lines }: RecordView, seen = 0): readonly KeptLine[] {
    const { server, person, outcome } = this.#query;
    return lines
      .filter(
        ({ at, line }) =>
          at > seen && fitsQuery(line, { server, principal: person, outcome }) && isCall(line),
      )
      .slice(-PAGE_LINES);
  }
}

async function shown({
  session,
  server,
  principal,
  runner,
  openedAt,
}: SessionView): Promise<ShownSession> {
  return { id: await toldName(session), server, principal, runner, openedAt };
}
