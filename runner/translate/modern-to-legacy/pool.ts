// The legacy processes of one principal, and on which of them a call runs. All calls of a client run on one, where its state
// is. A server without state (`stateless`) may have a process for each call that can ask for input.
import { misfit, type Capabilities } from '../capabilities.ts';
import { earliest } from '../../../shared/dues.ts';
import { clientName } from '../client-key.ts';
import type { HeldQuestion } from './held-question.ts';
import { isObject } from '../../../shared/json-value.ts';
import { at, withoutNulls } from '../json.ts';
import type { LegacyCall } from './call.ts';
import type { LoggingLevel } from '../log-levels.ts';

/** If all places are taken, a client that has been away for this long loses its process, which may hold its work. */
const GIVE_WAY_MS = 5 * 60_000;

/** For a server without state, idle processes beyond the first end after this: they were started for a short peak. */
const STATELESS_IDLE_MS = 5 * 60_000;

/** Any process can say what the server is, and this leaves no state. */
const DISCOVER = 'server/discover';

/** Clients a process remembers: clients that invent a new name for each call must not fill the runner. */
const MAX_CLIENTS = 1_000;

/** The oldest revision in which a server may elicit. */
const FIRST_ELICITING = '2025-06-18';

/** What a process said about itself in its `initialize` result. */
export interface About {
  readonly revision: unknown;
  readonly capabilities: Capabilities;
  readonly serverInfo: unknown;
  readonly instructions: unknown;
}

export interface LegacyProcess {
  readonly slot: number;
  /** The key of the capabilities it is initialized with. */
  readonly key: string;
  readonly capabilities: Capabilities;
  /** The names of the clients whose state it holds, by their keys. */
  readonly clients: Map<string, string>;
  readonly calls: Set<LegacyCall>;
  /** It has done more than say what the server is, so it may hold a client's state. */
  isUsed: boolean;
  /** Undefined until it is initialized. */
  about: About | undefined;
  /** During a call it may ask what only one client, or one user, can answer. */
  mayAsk: boolean;
  /** Questions whose call is not known yet. */
  held: HeldQuestion[];
  /** When a call that may ask was last written, or continued. */
  enteredAt: number;
  /** The time by which it must be initialized. */
  readonly startBy: number;
  idleSince: number;
  logLevel: LoggingLevel | undefined;
}

export interface PoolLimits {
  readonly maxProcesses: number;
  /** The server has no state that a client could lose. */
  readonly stateless: boolean;
  /** A client that has sent nothing for this long has no state any more. */
  readonly idleTimeoutMs: number;
}

/** The process that a call is to run on, there or still to be started in another's stead. */
export type Assignment =
  | { readonly process: LegacyProcess }
  | { readonly process: undefined; readonly evict?: LegacyProcess };

export class LegacyPool {
  readonly #limits: PoolLimits;
  /** Oldest first. */
  #processes: LegacyProcess[] = [];
  /** Slots of processes that are ending. */
  readonly #ending = new Set<number>();

  constructor(limits: PoolLimits) {
    this.#limits = limits;
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

  /** It is no longer of use and will end. */
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

  /** Where a call may run; undefined if it has to wait for a place. */
  assignmentFor(call: LegacyCall, now: number): Assignment | undefined {
    const process = this.#limits.stateless ? this.#freeFor(call) : this.#homeOf(call);
    if (process) return { process };
    const { length } = this.#processes;
    if (length < this.#limits.maxProcesses) return { process: undefined };
    // Clients that take turns must not start processes faster than processes end.
    const isCrowded = this.#ending.size >= this.#limits.maxProcesses;
    const evict = isCrowded ? undefined : this.#longestIdle(now);
    if (evict) return { process: undefined, evict };
    // Nobody's process is ended for another client: they share one.
    const shared = this.#bestFor(call);
    return shared && { process: shared };
  }

  assign(call: LegacyCall, process: LegacyProcess): void {
    process.calls.add(call);
    if (call.method === DISCOVER) return;
    process.isUsed = true;
    process.clients.set(call.of, clientName(call.client.clientInfo));
    const [oldest] = process.clients.keys();
    if (process.clients.size > MAX_CLIENTS && oldest !== undefined) process.clients.delete(oldest);
  }

  /** Processes that have been idle for too long. */
  idle(now: number): LegacyProcess[] {
    return this.#spare().filter((process) => process.idleSince + this.#idleMs <= now);
  }

  /** When the next process will have been idle for too long. */
  get idleAt(): number | undefined {
    return earliest(this.#spare().map((process) => process.idleSince + this.#idleMs));
  }

  get #idleMs(): number {
    return this.#limits.stateless ? STATELESS_IDLE_MS : this.#limits.idleTimeoutMs;
  }

  /** The process with the client's state; any can say what the server is. */
  #homeOf({ method, of }: LegacyCall): LegacyProcess | undefined {
    const home = this.#processes.find(({ clients }) => clients.has(of));
    return home ?? (method === DISCOVER ? this.first : undefined);
  }

  /** Without state any process will do, if no question of another call can come between. */
  #freeFor({ isAsking, key }: LegacyCall): LegacyProcess | undefined {
    if (!isAsking) return this.first;
    return this.#processes.find(
      (process) => process.key === key && !(process.mayAsk && hasAsking(process)),
    );
  }

  /**
   * The process to share: the least busy one with the same capabilities, else the least busy of those that fit the client best.
   * Without state the call waits for one with the same capabilities.
   */
  #bestFor({ key, capabilities }: LegacyCall): LegacyProcess | undefined {
    const same = this.#processes.filter((process) => process.key === key);
    if (same.length > 0 || this.#limits.stateless) return leastBusy(same);
    const misfits = this.#processes.map((process) => misfit(process.capabilities, capabilities));
    const least = Math.min(...misfits);
    return leastBusy(this.#processes.filter((_, n) => misfits[n] === least));
  }

  /** The process that may be ended for another client. */
  #longestIdle(now: number): LegacyProcess | undefined {
    const graceMs = this.#limits.stateless ? 0 : GIVE_WAY_MS;
    const idle = this.#processes.filter(
      ({ calls, idleSince, isUsed }) => calls.size === 0 && (!isUsed || idleSince + graceMs <= now),
    );
    return idle.toSorted((a, b) => a.idleSince - b.idleSince)[0];
  }

  #spare(): readonly LegacyProcess[] {
    if (this.#processes.length < 2) return NONE;
    return this.#processes.slice(1).filter((process) => process.calls.size === 0);
  }
}

const NONE: readonly LegacyProcess[] = [];

function leastBusy([first, ...rest]: readonly LegacyProcess[]): LegacyProcess | undefined {
  return rest.reduce(
    (best, each) => (best && best.calls.size <= each.calls.size ? best : each),
    first,
  );
}

const hasAsking = ({ calls }: LegacyProcess): boolean =>
  [...calls].some(({ isAsking }) => isAsking);

/** What a process says about itself, read as leniently as it can be used. */
export function aboutOf(result: unknown): About {
  const capabilities = at(result, 'capabilities');
  const serverInfo = at(result, 'serverInfo');
  return {
    revision: at(result, 'protocolVersion'),
    capabilities: isObject(capabilities) ? withoutNulls(capabilities) : {},
    serverInfo: isObject(serverInfo) ? withoutNulls(serverInfo) : undefined,
    instructions: at(result, 'instructions') ?? undefined,
  };
}

/** Whether a process of `revision` (undefined: not known yet) may ask a client something that its calls may answer differently. */
export function mayAsk(revision: unknown, capabilities: Capabilities): boolean {
  const elicits = typeof revision !== 'string' || revision >= FIRST_ELICITING;
  return (
    Object.hasOwn(capabilities, 'sampling') ||
    (elicits && Object.hasOwn(capabilities, 'elicitation'))
  );
}
