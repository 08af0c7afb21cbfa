// What the fleet asks about whom the settings let in: what other settings end of what is open. The rule is edge/access's.
import type { SessionRow } from './ports.ts';

/** A change of what lets clients in. */
export interface OpenedChange {
  /** Whether a session that is open ends. */
  ends(row: SessionRow): boolean;
  /** Whether one ends that was opened while the change was on its way. */
  endsLate(row: SessionRow): boolean;
}

/** Whom the settings let in. */
export interface LetIn {
  /** As it is kept with the sessions that are opened by it. */
  readonly text: string;
  /** From an earlier text to this one. */
  changeFrom(before: string): OpenedChange;
}
