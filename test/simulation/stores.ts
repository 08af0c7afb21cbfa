// The stores of the edge's rules, in memory. The writes of one step are kept all together or not at all, as on the platform.
import type { Figure } from '../../shared/figures.ts';
import type {
  FleetStore,
  GivenUp,
  LostSession,
  PolicyOf,
  RunnerRecord,
  SessionRow,
  SessionStore,
  SpareRow,
} from '../../edge/core/ports.ts';

/** A store whose steps can be taken back. */
export interface SteppedStore {
  begin(): void;
  /** The step's writes never reached the disk. */
  rollback(): void;
  /** When the actor is to be woken. */
  readonly wakesAt: number | undefined;
  /** It is being woken for that. */
  fired(): void;
}

interface SessionState {
  readonly lost?: LostSession | undefined;
  readonly wakeAt?: number | undefined;
}

export class MemorySessionStore implements SessionStore, SteppedStore {
  #state: SessionState = {};
  #before: SessionState = {};

  begin(): void {
    this.#before = this.#state;
  }

  rollback(): void {
    this.#state = this.#before;
  }

  get isEmpty(): boolean {
    return Object.values(this.#state).every((value) => value === undefined);
  }

  get wakesAt(): number | undefined {
    return this.#state.wakeAt;
  }

  fired(): void {
    this.wakeAt(undefined);
  }

  lost(): LostSession | undefined {
    return this.#state.lost;
  }

  keepLost(lost: LostSession): void {
    this.#state = { ...this.#state, lost };
  }

  wakeAt(at: number | undefined): void {
    this.#state = { ...this.#state, wakeAt: at };
  }

  clear(): void {
    this.#state = {};
  }
}

interface Books {
  readonly runners: Map<string, RunnerRecord>;
  readonly sessions: Map<string, SessionRow>;
  readonly spares: Map<string, SpareRow>;
  /** The session that stands in for those of an actor. */
  readonly homes: Map<string, string>;
  readonly owed: Map<string, GivenUp>;
  figures: readonly Figure[];
  readonly policies: Map<PolicyOf, string>;
  reviewAt: number | undefined;
}

const copyOf = ({
  runners,
  sessions,
  spares,
  homes,
  owed,
  figures,
  policies,
  reviewAt,
}: Books): Books => ({
  runners: new Map(runners),
  sessions: new Map(sessions),
  spares: new Map(spares),
  homes: new Map(homes),
  owed: new Map(owed),
  figures,
  policies: new Map(policies),
  reviewAt,
});

export class MemoryFleetStore implements FleetStore, SteppedStore {
  #books: Books = {
    runners: new Map(),
    sessions: new Map(),
    spares: new Map(),
    homes: new Map(),
    owed: new Map(),
    figures: [],
    policies: new Map(),
    reviewAt: undefined,
  };
  #before = this.#books;

  begin(): void {
    this.#before = copyOf(this.#books);
  }

  rollback(): void {
    this.#books = this.#before;
  }

  get wakesAt(): number | undefined {
    return this.#books.reviewAt;
  }

  policy(of: PolicyOf): string | undefined {
    return this.#books.policies.get(of);
  }

  putPolicy(of: PolicyOf, text: string | undefined): void {
    if (text === undefined) this.#books.policies.delete(of);
    else this.#books.policies.set(of, text);
  }

  fired(): void {
    // The rules take the time out of the books themselves.
  }

  runners(): RunnerRecord[] {
    return [...this.#books.runners.values()];
  }

  putRunner(record: RunnerRecord): void {
    this.#books.runners.set(record.runner, record);
  }

  sessions(runner?: string): SessionRow[] {
    const rows = [...this.#books.sessions.values()];
    return runner === undefined ? rows : rows.filter((row) => row.runner === runner);
  }

  session(session: string): SessionRow | undefined {
    return this.#books.sessions.get(session);
  }

  newestSessions(most: number): SessionRow[] {
    return this.sessions()
      .toSorted((one, other) => other.openedAt - one.openedAt)
      .slice(0, most);
  }

  sessionsOf(principal: string): SessionRow[] {
    return this.sessions().filter((row) => row.principal === principal);
  }

  newestOf(actor: string): SessionRow | undefined {
    return this.sessions()
      .filter(({ session }) => session === actor || session.startsWith(`${actor}~`))
      .toSorted((a, b) => b.openedAt - a.openedAt)[0];
  }

  putSession(row: SessionRow): void {
    this.#books.sessions.set(row.session, row);
  }

  removeSession(session: string): boolean {
    for (const [actor, home] of this.#books.homes)
      if (home === session) this.#books.homes.delete(actor);
    return this.#books.sessions.delete(session);
  }

  spare(session: string): SpareRow | undefined {
    return this.#books.spares.get(session);
  }

  spares(of: { readonly server: string } | { readonly runner: string }): SpareRow[] {
    return [...this.#books.spares.values()].filter((row) =>
      'server' in of ? row.server === of.server : row.runner === of.runner,
    );
  }

  putSpare(row: SpareRow): void {
    this.#books.spares.set(row.session, row);
  }

  removeSpare(session: string): boolean {
    return this.#books.spares.delete(session);
  }

  putHome(actor: string, session: string): void {
    this.#books.homes.set(actor, session);
  }

  homeOf(actor: string): SessionRow | undefined {
    return this.session(this.#books.homes.get(actor) ?? '');
  }

  countOn(runner: string): number {
    return this.sessions(runner).length;
  }

  countOf(principal: string): number {
    return this.sessions().filter((row) => row.principal === principal).length;
  }

  runnersOf(principal: string): string[] {
    const held = this.sessions().filter((row) => row.principal === principal);
    return [...Map.groupBy(held, ({ runner }) => runner)]
      .toSorted(([, a], [, b]) => b.length - a.length)
      .map(([runner]) => runner);
  }

  owed(): GivenUp[] {
    return [...this.#books.owed.values()];
  }

  owe(givenUp: GivenUp): void {
    this.#books.owed.set(givenUp.session, givenUp);
  }

  paid(session: string): void {
    this.#books.owed.delete(session);
  }

  figures(): readonly Figure[] {
    return this.#books.figures;
  }

  keepFigures(figures: readonly Figure[]): void {
    this.#books.figures = figures;
  }

  reviewAt(): number | undefined {
    return this.#books.reviewAt;
  }

  setReview(at: number | undefined): void {
    this.#books.reviewAt = at;
  }
}
