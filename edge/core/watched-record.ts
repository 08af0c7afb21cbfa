// What somebody who watches learns from the lines of the record: when the last call was, and which servers fail. Pure.
import type { KeptLine } from './record.ts';
import type { FailingServer } from './state-words.ts';

/** Faults of a process, which its operator can do something about. */
const OF_PROCESSES: ReadonlySet<unknown> = new Set([
  'process_start_failed',
  'process_exited',
  'process_protocol',
]);

/** A server that has not failed for so long is well. */
const FAILING_MS = 10 * 60_000;

/** Servers that are remembered as failing. */
const MOST_SERVERS = 100;

export class WatchedRecord {
  #lastCallAt: number | undefined;
  readonly #failing = new Map<string, FailingServer>();

  /** Takes the lines that came since the last look, oldest first. */
  take(lines: readonly KeptLine[]): void {
    for (const { time, line } of lines) {
      if (line.message === 'call') {
        this.#lastCallAt = time;
        // A process that answers is well.
        if (line.outcome === 'answered') this.#failing.delete(line.server);
      } else if (line.message === 'request refused' && line.method !== undefined) {
        this.#lastCallAt = time;
        const { server, fault } = line;
        if (server !== undefined && OF_PROCESSES.has(fault)) this.#fails(server, fault, time);
      }
    }
  }

  #fails(server: string, fault: string | number, at: number): void {
    const times = (this.#failing.get(server)?.times ?? 0) + 1;
    this.#failing.delete(server);
    this.#failing.set(server, { server, fault: String(fault), at, times });
    const [oldest] = this.#failing.keys();
    if (this.#failing.size > MOST_SERVERS && oldest !== undefined) this.#failing.delete(oldest);
  }

  /** In ms since the epoch. */
  get lastCallAt(): number | undefined {
    return this.#lastCallAt;
  }

  failing(now: number): FailingServer[] {
    return [...this.#failing.values()].filter(({ at }) => now - at < FAILING_MS);
  }
}
