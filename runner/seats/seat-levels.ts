// The log levels that seats have set (MCP 2025-11-25, Logging). The process has one level: the most verbose that any seat wants.
import type { SeatNumber } from './effects.ts';
import { isAtLeast, moreVerbose, type LoggingLevel } from '../translate/log-levels.ts';
import { RareMap } from '../../shared/rare-map.ts';

/** What a seat hears that has set no level while others have: what most servers send by themselves. */
const UNSET: LoggingLevel = 'info';

export class SeatLevels {
  readonly #set = new RareMap<SeatNumber, LoggingLevel>();
  /** As the process was last told; undefined: nobody has set one. */
  #told: LoggingLevel | undefined;

  set(seat: SeatNumber, level: LoggingLevel): void {
    this.#set.set(seat, level);
  }

  drop(seat: SeatNumber): void {
    this.#set.delete(seat);
  }

  /** The level that a process with so many seats is to be told now; undefined: it has it. */
  untold(seats: number): LoggingLevel | undefined {
    if (seats === 0 || (this.#set.size === 0 && this.#told === undefined)) return undefined;
    let wanted: LoggingLevel | undefined = this.#set.size < seats ? UNSET : undefined;
    for (const level of this.#set.values()) wanted = moreVerbose(wanted, level);
    return wanted === this.#told ? undefined : wanted;
  }

  told(level: LoggingLevel): void {
    this.#told = level;
  }

  /** The process refused it. */
  refused(): void {
    this.#told = undefined;
  }

  /** Whether a seat hears a message of this level. */
  hears(seat: SeatNumber, level: unknown): boolean {
    if (this.#told === undefined) return true;
    return isAtLeast(level, this.#set.get(seat) ?? UNSET);
  }
}
