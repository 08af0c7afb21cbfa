// What a soak's clients and processes saw, in the form of the simulator's checker, and whether errors have a cause:
// a call may fail only where a fault was made.
import type { JournalFact } from '../e2e/journal.ts';
import {
  check,
  emptyHistory,
  type CallHistory,
  newCall,
  type ProcessRecord,
} from '../simulation/history.ts';

/** What a fault may still do after it is over: the grace of a lost link, and reconnecting. */
const AFTERMATH_MS = 35_000;

/** A session that is being opened has no process that could be named: a kill this recent may have met it. */
const OPENING_MS = 35_000;

/** A call and when it was under way, for judging its errors. */
export interface Tracked {
  readonly call: CallHistory;
  readonly startedAt: number;
  endedAt: number | undefined;
}

/** What a fault meets. A session it ends answers nothing from then on; others are only late. */
export type Reach =
  | { readonly meets: 'process'; readonly pid: number; readonly isKilled: boolean }
  | { readonly meets: 'all'; readonly ends: 'every session' | 'HTTP+SSE sessions' | 'none' };

interface Disturbance {
  readonly reach: Reach;
  readonly from: number;
  until: number;
}

export type Transport = 'Streamable HTTP' | 'HTTP+SSE';

interface Opened {
  readonly transport: Transport;
  readonly since: number;
  /** It has processes that no journal names. */
  readonly isVirtual: boolean;
}

interface Failure {
  readonly session: string;
  readonly what: string;
  readonly at: number;
}

export class Evidence {
  readonly history = emptyHistory();
  readonly #calls: Tracked[] = [];
  readonly #disturbances: Disturbance[] = [];
  readonly #openFailures: Failure[] = [];
  /** Streams the runner did not know, with the call each was opened for. */
  readonly #unknownStreams: { readonly call: CallHistory; readonly fault: string }[] = [];
  readonly #sessions = new Map<string, Opened>();
  #count = 0;

  get calls(): number {
    return this.#calls.length;
  }

  get faults(): number {
    return this.#disturbances.length;
  }

  /** A name no other call or note of the run has. */
  newUid(): string {
    this.#count += 1;
    return `u${this.#count}`;
  }

  /** `isUnseen`: its server keeps no journal. */
  begin(
    session: string,
    client: string,
    { uid, isUnseen }: { readonly uid: string; readonly isUnseen?: boolean },
    progressSent: number,
  ): Tracked {
    const call = newCall({
      session,
      client,
      uid,
      progressSent,
      ...(isUnseen && { virtual: { sentAt: Date.now(), takes: () => true } }),
    });
    const tracked = { call, startedAt: Date.now(), endedAt: undefined };
    this.history.calls.set(uid, call);
    this.#calls.push(tracked);
    return tracked;
  }

  /** An event with an id reached a client. */
  sawEvent(session: string, id: string): void {
    const dot = id.lastIndexOf('.');
    const stream = `${session}/${id.slice(0, dot)}`;
    const seen = this.history.streams.get(stream);
    if (seen) seen.push(Number(id.slice(dot + 1)));
    else this.history.streams.set(stream, [Number(id.slice(dot + 1))]);
  }

  sentNote(session: string, uid: string): void {
    const sent = this.history.sentNotes.get(session);
    if (sent) sent.push(uid);
    else this.history.sentNotes.set(session, [uid]);
  }

  openFailed(session: string, what: string): void {
    this.#openFailures.push({ session, what, at: Date.now() });
  }

  streamUnknown(call: CallHistory, fault: string): void {
    this.#unknownStreams.push({ call, fault });
  }

  /** A session begins; its calls name it. `transport` decides which faults end it. */
  opens(session: string, transport: Transport, isVirtual: boolean): void {
    this.#sessions.set(session, { transport, since: Date.now(), isVirtual });
  }

  /** A fault begins; call what is returned when it is over. */
  disturb(reach: Reach): () => void {
    const disturbance = { reach, from: Date.now(), until: Infinity };
    this.#disturbances.push(disturbance);
    return () => {
      disturbance.until = Date.now();
    };
  }

  /** Every rule broken so far, each in a line. Call when nothing is under way. */
  violations(facts: readonly JournalFact[]): string[] {
    const processes = new Journal(facts);
    // An hour's records are more than a call takes arguments.
    this.history.journal.length = 0;
    for (const record of processes.records) this.history.journal.push(record);
    const ran = new Set(processes.records.map(({ uid }) => uid));
    for (const { call, fault } of this.#unknownStreams) {
      // A request that never reached the runner has no stream there; one that ran must have.
      if (ran.has(call.uid)) {
        this.history.evicted.push(`call ${call.uid} ran, and resuming it got ${fault}`);
      }
    }
    const broken = [
      ...check(this.history),
      ...processes.tooEarly,
      ...this.#calls.flatMap((tracked) => this.#withoutCause(tracked, processes)),
    ];
    return [
      ...broken.map((violation) => this.#described(violation, processes)),
      ...this.#openFailures
        .filter(({ at }) => !this.#isDisturbed(at - OPENING_MS, at, () => true))
        .map(({ session, what }) => `session ${session} was not opened, for no reason: ${what}`),
    ];
  }

  /** What is known of the session that a living process serves. */
  sessionOn(pid: number, facts: readonly JournalFact[]): string {
    const processes = new Journal(facts);
    const names = [...this.#sessions.keys()].filter((name) => processes.pidsOf(name).has(pid));
    const name = names.at(-1) ?? 'none that called';
    const calls = this.#calls.filter(({ call }) => call.session === name);
    const shown = calls.slice(-5).map(({ call, startedAt, endedAt = 0 }) => ({
      ...call,
      startedAt: timeOf(startedAt),
      endedAt: timeOf(endedAt),
    }));
    return `${name} ${JSON.stringify(shown)}`;
  }

  /** A violation with what is known of the call it names. */
  #described(violation: string, processes: Journal): string {
    const uid = /call (u\d+)/u.exec(violation)?.[1];
    const tracked = this.#calls.find(({ call }) => call.uid === uid);
    if (!tracked) return violation;
    const { call, startedAt, endedAt } = tracked;
    const { since = 0 } = this.#sessions.get(call.session) ?? {};
    const facts = {
      session: call.session,
      client: call.client,
      openedAt: timeOf(since),
      startedAt: timeOf(startedAt),
      endedAt: endedAt && timeOf(endedAt),
      pids: [...processes.pidsOf(call.session)],
      ranIn: processes.ranIn(call.uid),
    };
    return `${violation} ${JSON.stringify(facts)}`;
  }

  #withoutCause({ call, startedAt, endedAt = Infinity }: Tracked, processes: Journal): string[] {
    const [outcome] = call.outcomes;
    if (!outcome?.startsWith('error:')) return [];
    const { session, uid } = call;
    const opened = this.#sessions.get(session);
    const { transport, since = 0, isVirtual = false } = opened ?? {};
    const pids = processes.pidsOf(session);
    const isLate = this.#isDisturbed(startedAt, endedAt, ({ meets }) => meets === 'all');
    const isOver = this.#isDisturbed(since, endedAt, (reach) => {
      if (reach.meets === 'all') {
        return (
          reach.ends === 'every session' ||
          (reach.ends === 'HTTP+SSE sessions' && transport === 'HTTP+SSE')
        );
      }
      // A process that was killed before its first call wrote nothing that would name it; a member may never write any.
      const isNameless = pids.size === 0 || (isVirtual && !processes.names(reach.pid));
      return reach.isKilled && (pids.has(reach.pid) || isNameless);
    });
    return isLate || isOver ? [] : [`call ${uid} got ${outcome}, for no reason`];
  }

  #isDisturbed(from: number, until: number, meets: (reach: Reach) => boolean): boolean {
    return this.#disturbances.some(
      (fault) => fault.from <= until && fault.until + AFTERMATH_MS >= from && meets(fault.reach),
    );
  }
}

const timeOf = (at: number): string => new Date(at).toISOString().slice(11, 23);

/** Which process took what. A pid may be used again, and each process says when it starts. */
class Journal {
  readonly records: ProcessRecord[] = [];
  /** What processes were told before they were initialized, which none may be, each in a line. */
  readonly tooEarly: string[] = [];
  /** By the name of what ran: the process that it ran in. */
  readonly #ranIn = new Map<string, number>();
  readonly #pids = new Map<string, Set<number>>();

  constructor(facts: readonly JournalFact[]) {
    const owners = new Map<number, string>();
    const started = new Set<number>();
    for (const { pid, type, line = '', arguments: args } of facts) {
      if (type === 'start') {
        owners.delete(pid);
        started.add(pid);
      }
      if (type === 'line' && started.delete(pid) && !line.includes('"initialize"'))
        this.tooEarly.push(`process ${pid} was told before it was initialized: ${line}`);
      const told = type === 'call' ? args : type === 'line' ? noteOf(line) : undefined;
      if (told === undefined) continue;
      const { uid, session } = told as { uid: string; session: string };
      // The process belongs to whoever it served first; another's call on it is a crossing.
      const owner = owners.get(pid) ?? session;
      owners.set(pid, owner);
      this.records.push({ session: owner, kind: type === 'call' ? 'call' : 'note', uid });
      this.#ranIn.set(uid, pid);
      const pids = this.#pids.get(session);
      if (pids) pids.add(pid);
      else this.#pids.set(session, new Set([pid]));
    }
  }

  /** Whether a process is known by what it took. */
  names(pid: number): boolean {
    return [...this.#pids.values()].some((pids) => pids.has(pid));
  }

  ranIn(uid: string): number | undefined {
    return this.#ranIn.get(uid);
  }

  pidsOf(session: string): ReadonlySet<number> {
    return this.#pids.get(session) ?? new Set();
  }
}

/** The method of a soak's notes. */
export const NOTE_METHOD = 'notifications/soak';

function noteOf(line = ''): object | undefined {
  if (!line.includes(NOTE_METHOD)) return undefined;
  return (JSON.parse(line) as { params: object }).params;
}
