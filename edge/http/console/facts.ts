// What the pages of the console are made of: the state of the edge as it is sent to whoever watches.
import type { RecentCalls } from '../../core/fleet-look.ts';
import type { RunningOf, RunningProcess } from '../../core/what-runs.ts';
import type { EdgeState } from '../../core/state-words.ts';
import type { Trail } from '../../core/sign-in-trail.ts';
import type { KeptLine } from '../../core/record.ts';

export const CONSOLE_PAGES = [
  'overview',
  'calls',
  'servers',
  'runners',
  'sessions',
  'connect',
  'sign-ins',
  'access',
  'try',
] as const;

export type ConsolePage = (typeof CONSOLE_PAGES)[number];

/** Who looks. A person sees what is theirs. */
export interface Viewer {
  /** `owner`, or the id of a person. */
  readonly name: string;
  /** What to call them. */
  readonly label: string;
  readonly isOwner: boolean;
}

/** A session as it is shown: by a digest of its name, which opens nothing. */
export interface ShownSession {
  readonly id: string;
  readonly server: string;
  readonly principal: string;
  /** For the owner. */
  readonly runner?: string | undefined;
  readonly openedAt: number;
  /** Its runner is linked; otherwise since when it is away, if that is known. */
  readonly isReachable: boolean;
  readonly awaySince?: number | undefined;
}

/** What a runner has, with its sessions as they are shown. */
export interface ShownRunning extends Omit<RunningOf, 'processes'> {
  readonly processes: readonly ShownProcess[];
}

export interface ShownProcess extends Omit<RunningProcess, 'sessions'> {
  readonly sessions: readonly string[];
}

/** The state of the edge; for a person, of what is theirs: the members about anything else are empty then. */
export interface ConsoleFacts extends EdgeState {
  /** The edge's clock, ms since the epoch. */
  readonly at: number;
  readonly viewer: Viewer;
  /** The newest of the open ones. */
  readonly shownSessions: readonly ShownSession[];
  /** Of servers that were called of late. */
  readonly recent: readonly RecentCalls[];
  /** Of runners that told of late what runs there. */
  readonly running: readonly ShownRunning[];
  /** The newest first. */
  readonly trails: readonly Trail[];
}

/** Which calls are shown: those of a server, a person, or with an outcome. */
export interface CallQuery {
  readonly server?: string | undefined;
  readonly person?: string | undefined;
  readonly outcome?: string | undefined;
}

/** What a page that lives is made of. */
export interface LiveModel {
  readonly facts: ConsoleFacts;
  /** Oldest first. */
  readonly lines: readonly KeptLine[];
  readonly query: CallQuery;
  /** The edge's clock now. */
  readonly now: number;
  readonly isPaused: boolean;
  /** There is a stream, or no script that could have one. */
  readonly isLive: boolean;
}
