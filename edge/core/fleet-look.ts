// What somebody who watches an edge sees at one time. Pure.
import type { FleetView, SessionRow } from './ports.ts';
import type { RecordView } from './record.ts';

/** What somebody who watches sees at one time. */
export interface FleetLook {
  readonly view: FleetView;
  /** The newest of them. */
  readonly sessions: readonly SessionView[];
  readonly record: RecordView;
}

/** Sessions that are shown at a time. */
export const SHOWN_SESSIONS = 200;

/** An open session, for the owner. */
export type SessionView = Pick<
  SessionRow,
  'session' | 'server' | 'principal' | 'runner' | 'openedAt'
>;
