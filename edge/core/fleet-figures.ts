// What the edge has counted, in all its workers and lives. It is added up in memory, and kept on disk some seconds after the first change:
// no call costs a write, and an actor that sleeps or breaks away loses no more than those seconds. Pure.
import type { RecentCalls } from './fleet-look.ts';
import type { FleetStore, SessionRow } from './ports.ts';
import { RecentFigures } from './recent-calls.ts';
import { Figures, type Figure } from '../../shared/figures.ts';
import type { OnDue } from '../../shared/dues.ts';

/** An actor without work is awake for as long anyway, before it sleeps. */
const KEEP_MS = 10_000;

/** A step that does this and nothing else. */
export type KeepStep = (writes: () => void) => void;

type Store = Pick<FleetStore, 'figures' | 'keepFigures'>;

export class FleetFigures {
  readonly #figures = new Figures();
  readonly #recent = new RecentFigures();
  readonly #store: Store;
  #keepAt: number | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#figures.add(store.figures());
  }

  /** What workers have counted. */
  add(figures: readonly Figure[], now: number): void {
    if (figures.length === 0) return;
    this.#figures.add(figures);
    this.#recent.add(figures, now);
    this.#keepAt ??= now + KEEP_MS;
  }

  opened({ server, openedAt }: Pick<SessionRow, 'server' | 'openedAt'>): void {
    this.#figures.count('edgeSessionsOpened', server);
    this.#keepAt ??= openedAt + KEEP_MS;
  }

  /** `fault`: why it was given up, if it was. */
  ended(fault: string | undefined, now: number): void {
    this.#figures.count('edgeSessionsEnded', fault ?? 'closed');
    this.#keepAt ??= now + KEEP_MS;
  }

  all(): readonly Figure[] {
    return this.#figures.all();
  }

  recentCalls(now: number): RecentCalls[] {
    return this.#recent.calls(now);
  }

  /** When they are to be kept: `keep` has {@link FleetFigures.keep} called. What is not kept then is tried again later. */
  dues(due: OnDue, keep: () => void): void {
    due(
      this.#keepAt,
      (now) => {
        this.#keepAt = now + KEEP_MS;
        keep();
      },
      KEEP_MS,
    );
  }

  /** Before the host stops, too. `step` does the writes, in a step of their own, and throws if they are not kept. */
  keep(step: KeepStep): void {
    if (this.#keepAt === undefined) return;
    step(() => this.#store.keepFigures(this.#figures.all()));
    this.#keepAt = undefined;
  }
}
