// The spares in the fleet's books (LP27): which a runner may have, which may be handed out, and which are of no use any more. Pure:
// the store keeps the rows, and the fleet tells runners and actors.
import { place, type Candidate } from './placement.ts';
import type { FleetStore, RunnerRecord, SpareRow } from './ports.ts';
import type { RunnerName, ServerName, SessionName } from '../../shared/ids.ts';
import { SPARES } from '../../shared/link/sizes.ts';

/** Characters of a spare's name: 132 bits, as a session's. */
const NAME_LENGTH = 22;

export class SpareBooks {
  readonly #store: FleetStore;
  readonly #mint: (characters: number) => string;

  /** `mint`: random text of so many characters (A–Z, a–z, 0–9, `_`, `-`). */
  constructor(store: FleetStore, mint: (characters: number) => string) {
    this.#store = store;
    this.#mint = mint;
  }

  on(runner: RunnerName): readonly SpareRow[] {
    return this.#store.spares({ runner });
  }

  /** How many of a runner can be handed out. */
  readyOn(runner: RunnerName): number {
    return this.on(runner).filter(({ isReady }) => isReady).length;
  }

  /** Whether any runner has a spare of this server, ready or not. */
  has(server: ServerName): boolean {
    return this.#store.spares({ server }).length > 0;
  }

  /** Names one for a runner that wants it; undefined if it may not have it. */
  name(
    { runner, boot, servers, isDraining }: RunnerRecord,
    server: ServerName,
    now: number,
  ): SpareRow | undefined {
    if (isDraining || !servers.includes(server) || this.on(runner).length >= SPARES)
      return undefined;
    const session = this.#mint(NAME_LENGTH);
    const row = { session, runner, boot, server, openedAt: now, isReady: false };
    this.#store.putSpare(row);
    return row;
  }

  /** Its runner has linked it. */
  linked(session: SessionName, runner: RunnerName): void {
    const row = this.#store.spare(session);
    if (row?.runner === runner) this.#store.putSpare({ ...row, isReady: true });
  }

  /** Its runner takes it back. */
  withdrawn(session: SessionName, runner: RunnerName): void {
    if (this.#store.spare(session)?.runner === runner) this.#store.removeSpare(session);
  }

  /** One that may be handed out: ready, on the runner that would be given the session among those that have one. */
  choose(server: ServerName, linked: () => readonly Candidate[]): SpareRow | undefined {
    const ready = this.#store.spares({ server }).filter(({ isReady }) => isReady);
    if (ready.length === 0) return undefined;
    const holders = new Set(ready.map(({ runner }) => runner));
    const placement = place(
      server,
      linked().filter(({ runner }) => holders.has(runner)),
    );
    if (!placement.ok) return undefined;
    const { runner, boot } = placement.runner;
    return ready.find((row) => row.runner === runner && row.boot === boot);
  }

  /** Takes these off the books; their names. */
  forget(rows: readonly SpareRow[]): SessionName[] {
    for (const { session } of rows) this.#store.removeSpare(session);
    return rows.map(({ session }) => session);
  }
}
