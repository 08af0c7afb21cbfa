// The record: what was done with the edge, by whom, and how it ended. Its lines go to the log of the host, and the newest of them are kept
// in memory for whoever looks (`mcp-bridge audit`); nothing is written to disk for them. Pure.
import type { LogLine, LogPort } from './log.ts';

/**
 * `all`: a line for each call, refusal, session and runner that comes or goes. `events`: all but calls. `off`: only warnings and
 * failures are logged, and nothing is kept.
 */
export type RecordLevel = 'all' | 'events' | 'off';

export const RECORD_LEVELS: readonly RecordLevel[] = ['all', 'events', 'off'];

/** Lines that are kept. The texts of a line are short by construction, so this bounds the bytes as well: about 1 MB. */
const KEPT_LINES = 2_000;

/** Lines that one look gets. */
const SHOWN_LINES = 500;

/** Failures and settings are for those who run the edge, whatever is recorded. */
const OF_OPERATORS: ReadonlySet<LogLine['message']> = new Set([
  'a request failed',
  'a frame could not be handled',
  'an actor failed',
  'a connection could not be taken',
  'a setting is wrong',
]);

export const isRecorded = ({ message }: LogLine): boolean => !OF_OPERATORS.has(message);

export interface KeptLine {
  /** Grows from line to line, also over restarts. */
  readonly at: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly line: LogLine;
}

/** Any fault. */
const REFUSED = 'refused';

/** Which lines somebody looks for; each member that is given must fit. */
export interface RecordQuery {
  /** Only so many, the newest. */
  readonly last?: number | undefined;
  /** Only lines behind this {@link KeptLine.at}. */
  readonly after?: number | undefined;
  readonly server?: string | undefined;
  readonly principal?: string | undefined;
  /** A fault, how a call ended, or {@link REFUSED}. */
  readonly outcome?: string | undefined;
}

export interface RecordView {
  readonly lines: readonly KeptLine[];
  /** To look from here on next time. */
  readonly next: number;
  /** Lines between `after` and the first of these are not kept any more. */
  readonly isGap: boolean;
}

/** The newest lines. */
export class RecordRing {
  readonly #kept: KeptLine[] = [];
  readonly #first: number;
  #next: number;

  /** `now` in ms since the epoch: an edge that was restarted goes on behind the lines of its earlier life. */
  constructor(now: number) {
    this.#first = now * 1_000;
    this.#next = this.#first;
  }

  push(line: LogLine, now: number): void {
    this.#kept[(this.#next - this.#first) % KEPT_LINES] = { at: this.#next, time: now, line };
    this.#next += 1;
  }

  /** The oldest lines that fit, or with `last` the newest, in order. */
  read(query: RecordQuery): RecordView {
    const oldest = Math.max(this.#first, this.#next - KEPT_LINES);
    const wanted = query.after === undefined ? oldest : query.after + 1;
    if (query.last !== undefined) return this.#newest(query, query.last, Math.max(oldest, wanted));
    const lines: KeptLine[] = [];
    let at = Math.max(oldest, wanted);
    for (; at < this.#next && lines.length < SHOWN_LINES; at++) {
      const kept = this.#kept[(at - this.#first) % KEPT_LINES];
      if (kept && fitsQuery(kept.line, query)) lines.push(kept);
    }
    return { lines, next: at - 1, isGap: query.after !== undefined && wanted < oldest };
  }

  #newest(query: RecordQuery, most: number, from: number): RecordView {
    const lines: KeptLine[] = [];
    let at = this.#next - 1;
    for (; at >= from && lines.length < Math.min(most, SHOWN_LINES); at--) {
      const kept = this.#kept[(at - this.#first) % KEPT_LINES];
      if (kept && fitsQuery(kept.line, query)) lines.push(kept);
    }
    return {
      lines: lines.toReversed(),
      next: this.#next - 1,
      isGap: query.after !== undefined && at >= query.after + 1,
    };
  }
}

/** Whether a line is one that somebody looks for, wherever it stands. */
export function fitsQuery(line: LogLine, { server, principal, outcome }: RecordQuery): boolean {
  const has = (key: string, value: string | undefined): boolean =>
    value === undefined || String((line as unknown as Record<string, unknown>)[key]) === value;
  return (
    has('server', server) &&
    has('principal', principal) &&
    (outcome === undefined ||
      has('outcome', outcome) ||
      has('fault', outcome) ||
      (outcome === REFUSED && line.message === 'request refused'))
  );
}

/** A log that drops what is not to be recorded, and also keeps what is. */
export function recordingLog(
  level: RecordLevel,
  log: LogPort,
  keep: (line: LogLine) => void,
): LogPort {
  return (line) => {
    const recorded = isRecorded(line);
    const isDropped =
      level === 'off' ? line.level === 'info' : level === 'events' && line.message === 'call';
    if (recorded && isDropped) return;
    log(line);
    if (recorded && level !== 'off') keep(line);
  };
}
