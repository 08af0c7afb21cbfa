// The legacy processes of one principal: which of them a call may run on (DESIGN §7).
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import type { Capabilities } from './capabilities.ts';
import { earliest } from '../core/earliest.ts';
import { at, isObject } from './json.ts';
import type { LegacyCall } from './legacy-call.ts';
import type { LogLevel } from './log-levels.ts';

/** A process without calls beyond the first ends after this: it was started for a moment of much at once. */
const IDLE_MS = 5 * 60_000;

/** What a process said of itself in its `initialize` result. */
export interface About {
  readonly capabilities: Capabilities;
  readonly serverInfo: unknown;
  readonly instructions: unknown;
}

export interface LegacyProcess {
  readonly slot: number;
  /** Of the capabilities it is initialized with. */
  readonly key: string;
  readonly calls: Set<LegacyCall>;
  /** Undefined until it is initialized. */
  about: About | undefined;
  /** Until when it may take to be initialized. */
  readonly startBy: number;
  idleSince: number;
  logLevel: LogLevel | undefined;
}

export type Place =
  | { readonly on: LegacyProcess }
  | { readonly on: 'new'; readonly evict?: LegacyProcess }
  | undefined;

export class LegacyPool {
  readonly #maxProcesses: number;
  /** Oldest first. */
  #processes: LegacyProcess[] = [];
  /** Slots of those that were told to end and are not gone. */
  readonly #ending = new Set<number>();

  constructor(maxProcesses: number) {
    this.#maxProcesses = maxProcesses;
  }

  get first(): LegacyProcess | undefined {
    return this.#processes[0];
  }

  all(): readonly LegacyProcess[] {
    return this.#processes;
  }

  get(slot: number | undefined): LegacyProcess | undefined {
    return this.#processes.find((process) => process.slot === slot);
  }

  add(process: LegacyProcess): LegacyProcess {
    this.#processes.push(process);
    return process;
  }

  /** It is of no use any more, and about to end. */
  end(slot: number): void {
    this.remove(slot);
    this.#ending.add(slot);
  }

  gone(slot: number): void {
    this.#ending.delete(slot);
  }

  remove(slot: number): void {
    this.#processes = this.#processes.filter((process) => process.slot !== slot);
  }

  /** As many are about to end as may run: nothing gives way before one of them is gone. */
  get isCrowded(): boolean {
    return this.#ending.size >= this.#maxProcesses;
  }

  /** Where a call may run now; undefined when it has to wait. */
  placeFor(call: LegacyCall): Place {
    const on = this.#processes.find((process) => isFree(process, call));
    if (on) return { on };
    if (this.#processes.length < this.#maxProcesses) return { on: 'new' };
    // Clients that take turns must not start processes faster than processes end.
    if (this.isCrowded) return undefined;
    // The first keeps what lists, listens and subscriptions of this principal meet.
    const others = this.#processes.slice(1);
    const evict = others.findLast(({ calls }) => calls.size === 0) ?? this.#spareFirst();
    return evict && { on: 'new', evict };
  }

  /** Those that have been of no use for long. */
  idle(now: number): LegacyProcess[] {
    return this.#spare().filter((process) => process.idleSince + IDLE_MS <= now);
  }

  /** When the next process has been idle for long. */
  get idleAt(): number | undefined {
    return earliest(this.#spare().map((process) => process.idleSince + IDLE_MS));
  }

  /** The first, if nothing runs on it. A listen never ends by itself: where there is no second process it has to give way. */
  #spareFirst(): LegacyProcess | undefined {
    const [first, second] = this.#processes;
    const calls = [...(first?.calls ?? [])];
    const isSpare = calls.every(({ client }) => !second && client.method === LISTEN_METHOD);
    return isSpare ? first : undefined;
  }

  #spare(): LegacyProcess[] {
    return this.#processes.slice(1).filter((process) => process.calls.size === 0);
  }
}

/** What a process says of itself, read as laxly as it can be used. */
export function aboutOf(result: unknown): About {
  const capabilities = at(result, 'capabilities');
  return {
    capabilities: isObject(capabilities) ? capabilities : {},
    serverInfo: at(result, 'serverInfo'),
    instructions: at(result, 'instructions'),
  };
}

/** Calls with equal capabilities may share a process unless one of them must be alone; lists and the like disturb nobody. */
function isFree(process: LegacyProcess, call: LegacyCall): boolean {
  if (call.need === 'any') return true;
  if (process.key !== call.key) return false;
  const others = [...process.calls].filter(({ need }) => need !== 'any');
  return others.every(({ need }) => need === 'equal' && call.need === 'equal');
}
