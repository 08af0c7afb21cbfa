// Decides which of a server's processes a new seat is at, by the first line that its session writes: this line tells the era, and a
// process of both eras must not get both.
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import {
  isLegacyRevision,
  NEWEST_LEGACY_REVISION,
  type LegacyRevision,
} from '../../shared/mcp/revisions.ts';

/** What the first line asks for: a legacy session of a revision, or anything else. */
export type FirstLine = { readonly revision: LegacyRevision } | 'modern';

/**
 * A client that asks for an old revision must not choose it for others, so each revision has processes of its own. One that is not known
 * is answered with the newest, as a server would.
 */
export function firstLineOf(message: MessageView): FirstLine {
  if (message.method !== 'initialize') return 'modern';
  const wanted = message.string('params', 'protocolVersion') ?? '';
  return { revision: isLegacyRevision(wanted) ? wanted : NEWEST_LEGACY_REVISION };
}

/** A process, as far as this choice goes. */
export interface Table {
  readonly seats: number;
  /** Whether somebody with this first line can be seated here. */
  suits(first: FirstLine): boolean;
  /** It owes an answer for long and gives no sign of life: it may hang. */
  readonly isSilent: boolean;
}

export interface SeatLimits {
  readonly sessionsPerProcess: number;
  /** Processes that those who share them may have together. */
  readonly mostProcesses: number;
}

export type Seating<T> =
  | { readonly kind: 'join'; readonly table: T }
  /** A new process; `instead`: one without seats that makes room for it. */
  | { readonly kind: 'start'; readonly instead?: T }
  | { readonly kind: 'full' };

/** The process with the fewest seats; a new one when all that suit are full or silent. Rather than nowhere, at a silent one: it may be busy. */
export function seatAt<T extends Table>(
  tables: readonly T[],
  first: FirstLine,
  { sessionsPerProcess, mostProcesses }: SeatLimits,
): Seating<T> {
  let best: T | undefined;
  let silent: T | undefined;
  for (const table of tables) {
    if (table.seats >= sessionsPerProcess || !table.suits(first)) continue;
    if (table.isSilent) silent = fewer(silent, table);
    else best = fewer(best, table);
  }
  if (best) return { kind: 'join', table: best };
  if (tables.length < mostProcesses) return { kind: 'start' };
  const instead = tables.find(({ seats }) => seats === 0);
  if (instead) return { kind: 'start', instead };
  return silent ? { kind: 'join', table: silent } : { kind: 'full' };
}

const fewer = <T extends Table>(one: T | undefined, other: T): T =>
  one === undefined || other.seats < one.seats ? other : one;

type Seats = Pick<Table, 'seats'>;

/** Whether a process that there is has a seat free. */
export const hasFreeSeat = (
  tables: readonly Seats[],
  { sessionsPerProcess }: SeatLimits,
): boolean => tables.some(({ seats }) => seats < sessionsPerProcess);

/** Whether one more can be seated, whatever it will say first. */
export const hasRoom = (tables: readonly Seats[], limits: SeatLimits): boolean =>
  tables.length < limits.mostProcesses || hasFreeSeat(tables, limits);
