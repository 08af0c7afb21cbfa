// What the fleet actor records: on the console, and the newest lines for whoever asks. Those are in memory only: they are gone when the
// actor has slept. What lasts is on the console.
import { sha256 } from '../../access/digest.ts';
import type { FleetEffect } from '../../core/fleet-effects.ts';
import { logSessionEnd, logSessionOpen, type LogLine, type LogPort } from '../../core/log.ts';
import {
  recordingLog,
  RecordRing,
  type RecordLevel,
  type RecordQuery,
  type RecordView,
} from '../../core/record.ts';
import { consoleLog } from './console-log.ts';

/** Whoever watches looks more often than that. */
const WATCHED_MS = 5_000;

export class FleetRecord {
  readonly #ring = new RecordRing(Date.now());
  readonly log: LogPort;
  #watchedAt = 0;

  constructor(level: RecordLevel) {
    this.log = recordingLog(level, consoleLog, (line) => this.keep([line]));
  }

  /** What a worker has put on its console itself. */
  keep(lines: readonly LogLine[]): void {
    for (const line of lines) this.#ring.push(line, Date.now());
  }

  read(query: RecordQuery): RecordView {
    return this.#ring.read(query);
  }

  /** The same for somebody who looks again and again. */
  watch(query: RecordQuery): RecordView {
    this.#watchedAt = Date.now();
    return this.#ring.read(query);
  }

  /** Somebody has looked a moment ago, so workers tell what they record soon. */
  get isWatched(): boolean {
    return Date.now() - this.#watchedAt < WATCHED_MS;
  }

  /** A session was placed, or is over; its name is told as a digest. */
  session(effect: FleetEffect & { readonly do: 'began' | 'ended' }): Promise<void> {
    return effect.do === 'began'
      ? logSessionOpen(this.log, sha256, effect)
      : logSessionEnd(this.log, sha256, effect);
  }
}
