// What the pages of the console are made of: the state of the edge as it is sent to whoever watches.
import type { RecentCalls } from '../../core/fleet-look.ts';
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
  readonly isOwner: boolean;
}

/** A session as it is shown: by a digest of its name, which opens nothing. */
export interface ShownSession {
  readonly id: string;
  readonly server: string;
  readonly principal: string;
  readonly runner: string;
  readonly openedAt: number;
}

export interface ConsoleFacts extends EdgeState {
  /** The edge's clock, ms since the epoch. */
  readonly at: number;
  readonly viewer: Viewer;
  /** The newest of the open ones. */
  readonly shownSessions: readonly ShownSession[];
  /** Of servers that were called of late. */
  readonly recent: readonly RecentCalls[];
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
