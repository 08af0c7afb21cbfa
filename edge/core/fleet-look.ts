// What somebody who watches an edge sees at one time. Pure.
import type { FleetView, SessionRow } from './ports.ts';
import type { RecordView } from './record.ts';
import type { RunningOf } from './what-runs.ts';

/** What somebody who watches sees at one time. */
export interface FleetLook {
  readonly view: FleetView;
  /** The newest of them. */
  readonly sessions: readonly SessionView[];
  readonly record: RecordView;
  readonly recent: readonly RecentCalls[];
  /** What runners told of late of their processes; for the owner. */
  readonly running: readonly RunningOf[];
}

/** Which calls are recent: those that ended within so many ms. */
export const RECENT_MS = 5 * 60_000;

/** Calls that took longer are not told apart. */
export const LONGEST_MS = 5 * 60_000;

/** How the recent calls of a server went. */
export interface RecentCalls {
  readonly server: string;
  readonly calls: number;
  /** Of these, those that ended in a fault. */
  readonly errors: number;
  /** About the time, in ms, within which half of them were answered, and 95 of 100; no more than {@link LONGEST_MS}. Absent: none was timed. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
}

/** Sessions that are shown at a time. */
export const SHOWN_SESSIONS = 200;

/** An open session, for the owner. */
export type SessionView = Pick<
  SessionRow,
  'session' | 'server' | 'principal' | 'runner' | 'openedAt'
>;
