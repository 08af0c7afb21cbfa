// What the edge's owner is told of a process that failed (PROTOCOL.md LP32): its end in words and the last of its stderr, and not more often than
// somebody reads. Pure.
import { FAILURE_LINE_CHARS, FAILURE_LINES, MEMBER_OF } from '../../shared/link/sizes.ts';
import type { FailedFrame } from '../../shared/link/control-frames.ts';
import type { ServerName } from '../../shared/ids.ts';
import { shownLine } from './shown-line.ts';
import { toldLines } from './told-lines.ts';

/** A server that fails all the time is told of so often. */
const TOLD_MS = 10_000;

/** What is known of a process that failed. Its lines are cleaned, and without secrets. */
export interface Failure {
  readonly server: ServerName;
  /** Completes "the process …". */
  readonly what: string;
  readonly stderr: readonly string[];
  /** It had something of a person: what it wrote may be theirs. */
  readonly isPersonal: boolean;
  /** The virtual servers that have it as a member. */
  readonly memberOf: readonly ServerName[];
}

export class ToldFailures {
  readonly #toldAt = new Map<ServerName, number>();

  /** What to tell; undefined if the server was told of a moment ago. `now`: of any steady clock, in ms. */
  told(
    { server, what, stderr, isPersonal, memberOf }: Failure,
    now: number,
  ): FailedFrame | undefined {
    if (now - (this.#toldAt.get(server) ?? Number.NEGATIVE_INFINITY) < TOLD_MS) return undefined;
    this.#toldAt.set(server, now);
    const lines = isPersonal ? [] : toldLines(stderr, FAILURE_LINES);
    return {
      type: 'failed',
      server,
      what: shownLine(what, FAILURE_LINE_CHARS),
      stderr: lines.map((line) => shownLine(line, FAILURE_LINE_CHARS)),
      ...(memberOf.length > 0 && { memberOf: memberOf.slice(0, MEMBER_OF) }),
    };
  }

  /** It has another config, or is gone. */
  forget(server: ServerName): void {
    this.#toldAt.delete(server);
  }
}
