// Starts processes for sessions, some of them ahead of time (`warm`), and keeps a server that crashes from being started
// in a loop.
import { perUserOf, type ServerConfig } from '../config/runner-config.ts';
import { Breakers, type HeldBack } from '../core/breakers.ts';
import { IdleProcesses } from '../core/idle-processes.ts';
import type { LivingProcess } from '../core/told-running.ts';
import {
  personalEnvironment,
  type PersonalEnvironment,
  type PersonalReading,
} from '../core/per-user.ts';
import { failureFields } from '../failure.ts';
import type { Log } from '../log.ts';
import { readPersonFile } from '../person-file.ts';
import { PooledProcess, type ServerProcess } from './pooled-process.ts';
import { containedListener } from '../process/contained-listener.ts';
import { isFailure, type ExitFacts, type ExitReason } from '../process/exit.ts';
import { Redaction } from '../process/redaction.ts';
import { ProcessStarts, type ProcessGround, type ProcessStart } from './process-starts.ts';
import { Seat } from './seat.ts';
import { SharedProcesses, type StartShared } from './shared-processes.ts';
import type { Fault } from '../../shared/fault.ts';
import type { ProcessSnapshot } from '../running-runner.ts';
import { MOST_STARTING, StartRace } from './start-race.ts';
import { WarmProcesses } from './warm-processes.ts';
import { NO_ERA_KNOWN, type KnownEras } from '../translate/translator.ts';
import type { PrincipalName, SessionName } from '../../shared/ids.ts';
import type { ToldPerson } from '../../shared/link/person.ts';

/** A client that gave up comes back within this time or not at all. Until then its process continues to start. */
const LEFT_MS = 5 * 60_000;

/** No start takes longer, not even that of an image of gigabytes over a slow line. */
const LONGEST_START_MS = 10 * 60_000;

/** A start that was given up sooner has done nothing worth keeping yet. */
const WORTH_KEEPING_MS = 5_000;

export type Taken =
  | {
      readonly ok: true;
      readonly process: ServerProcess;
      /** What it gets of its person, by variable: no output may show it. */
      readonly personal?: Readonly<Record<string, string>>;
    }
  /** `description` completes the sentence "the server process …". */
  | { readonly ok: false; readonly fault: Fault; readonly description: string };

const taken = (process: ServerProcess, personal: PersonalEnvironment | undefined): Taken => ({
  ok: true,
  process,
  ...(personal && { personal: personal.env }),
});

const ALL_TAKEN: Taken = {
  ok: false,
  fault: {
    fault: 'overloaded',
    message: 'All processes that this server may have are taken. Try again soon.',
  },
  description: 'has no place for one more session',
};

/** Told of each process, to be counted. */
interface Counted {
  started(): void;
  ended(reason: ExitReason): void;
  /** It counts against the server. `isPersonal`: it had something of a person. */
  failed(facts: ExitFacts, isPersonal: boolean): void;
}

/** What else the runner has, as far as it says how many processes are kept ready. */
interface Surroundings {
  /** For how many sessions of this server more there is room, beside those for which another server has a process ready. */
  room(): number;
  /** {@link ProcessPool.wanted} has changed. */
  wantedChanged(): void;
}

const ALONE: Surroundings = {
  room: () => Number.POSITIVE_INFINITY,
  wantedChanged: () => undefined,
};

/** Whose a process is; of one that was started ahead, nobody's yet. */
interface Holder {
  readonly principal: PrincipalName | undefined;
  readonly session: SessionName | undefined;
  /** Sessions of others are at it too: what becomes of it counts against nobody. */
  readonly isForAll?: boolean;
}

/** Against whom it counts when a process fails that had served. */
const blamedOf = ({ principal, isForAll }: Holder): PrincipalName | undefined =>
  isForAll === true ? undefined : principal;

/** How a process was made. */
interface Made {
  /** What it got of a person; it stays theirs. */
  readonly personal: PersonalEnvironment | undefined;
  /** How a session says that it has one which was started ahead, or is at one that another's has asked for. */
  readonly turn: Pick<ProcessStart, 'claim' | 'join'>;
}

/** The processes of one server. */
export class ProcessPool {
  /** Learned from its processes; valid as long as this configuration is used. */
  #eras = NO_ERA_KNOWN;
  readonly #server: ServerConfig;
  readonly #starts: ProcessStarts;
  readonly #log: Log;
  readonly #breakers = new Breakers();
  readonly #idle = new IdleProcesses<PooledProcess>();
  /** When those are ended that were left by their sessions while they started. */
  readonly #leftUntil = new Map<PooledProcess, NodeJS.Timeout>();
  readonly #made = new WeakMap<ServerProcess, Made>();
  /** Whose each process is. */
  readonly #holders = new WeakMap<ServerProcess, Holder>();
  readonly #all = new Set<PooledProcess>();
  readonly #counted: Counted;
  readonly #warm: WarmProcesses;
  /** Absent: each session has a process of its own. */
  readonly #shared: SharedProcesses | undefined;
  #redaction: Redaction | undefined;
  #isClosed = false;

  constructor(
    server: ServerConfig,
    ground: ProcessGround,
    log: Log,
    counted: Counted,
    { room, wantedChanged }: Surroundings = ALONE,
  ) {
    this.#server = server;
    this.#starts = new ProcessStarts(server, ground, log);
    this.#log = log;
    this.#counted = counted;
    const { sharing, requestTimeoutMs, startTimeoutMs, source } = server;
    if (sharing)
      this.#shared = new SharedProcesses({
        sharing,
        hub: {
          requestTimeoutMs,
          startTimeoutMs,
          quote: (bytes, isCut) => this.quote(bytes, isCut),
        },
        log,
        showsStderr: source.kind === 'process' && source.stderr === 'client',
      });
    this.#warm = new WarmProcesses({
      bounds: server.warm,
      ready: () => this.ready,
      room,
      start: () => this.#startAhead(),
      end: () =>
        void this.#idle.takeNewest()?.terminate('fewer processes of its server are needed'),
      changed: wantedChanged,
    });
    this.#warm.fit();
  }

  /** How many processes wait for a session. */
  get ready(): number {
    return this.#idle.warm;
  }

  /** How many are to wait for one. */
  get wanted(): number {
    return this.#warm.wanted;
  }

  /** There is less room than there was. */
  fit(): void {
    this.#warm.fit();
  }

  /**
   * A process for a `session` of `principal`: one that is starting already, or a warm one, if there is one. Where the config says what each
   * person gets, it is one of `person`, and never anybody else's.
   */
  take(principal?: PrincipalName, person?: ToldPerson, session?: SessionName): Taken {
    const reading = this.#personalOf(person);
    if (reading && !reading.ok)
      return { ok: false, fault: reading.fault, description: 'is not set up for you' };
    const personal = reading?.personal;
    const owner = personal?.owner;
    if (this.#shared) return this.#takeSeat(this.#shared, { principal, session }, personal);
    // By those that are ready, one whose processes come and go would start as many as it likes, and others would find none.
    const takesWarm = !this.#starts.holdsBack(principal);
    const isStarted = this.#idle.has(owner, takesWarm);
    const verdict = this.#breakers.allow(principal, isStarted, performance.now());
    if (!verdict.ok) return this.#refusal(verdict);
    if (takesWarm) this.#warm.asked();
    const holder = { principal, session };
    return taken(this.#given(this.#choose(holder, personal, takesWarm), holder), personal);
  }

  /** A seat at a process that others share. A crash counts against a principal only where all sessions at it are of that one. */
  #takeSeat(
    shared: SharedProcesses,
    { principal, session }: Holder,
    personal: PersonalEnvironment | undefined,
  ): Taken {
    const owner = personal?.owner;
    const holder = { principal, session: undefined, isForAll: !shared.isOfOnePrincipal };
    const of = blamedOf(holder);
    const group = shared.groupOf(principal, owner);
    if (!shared.hasRoom(group)) return ALL_TAKEN;
    const now = performance.now();
    // A start is asked for with its first line, which may never come.
    const verdict = shared.isStarted(group)
      ? this.#breakers.allow(of, true, now)
      : this.#breakers.wouldAllow(of, this.#idle.has(owner), now);
    if (!verdict.ok) return this.#refusal(verdict);
    const started: StartShared = () => {
      const allowed = this.#breakers.allow(of, this.#idle.has(owner), performance.now());
      if (!allowed.ok) return { ok: false, words: this.#heldBackWords(allowed) };
      this.#warm.asked();
      // A process that is shared does not go with a session.
      return { ok: true, process: this.#given(this.#choose(holder, personal, true), holder) };
    };
    // It may not have had its turn yet, and this principal's may come sooner.
    const joins = (process: ServerProcess): void => this.#made.get(process)?.turn.join(principal);
    const seat = shared.seat(group, session, started, joins);
    return taken(this.#given(seat, holder), personal);
  }

  /** A warm process is replaced only after it has served: starting the next one earlier would cost the time that it saves. */
  #choose(
    holder: Holder,
    personal: PersonalEnvironment | undefined,
    takesWarm: boolean,
  ): ServerProcess {
    const given = this.#idle.take(personal?.owner, takesWarm);
    switch (given.kind) {
      case 'left':
        return this.#takeLeft(given.processes, holder, personal);
      case 'warm':
        this.#made.get(given.process)?.turn.claim(holder.principal);
        return given.process;
      case 'none':
        return this.#start(holder.principal, personal);
    }
  }

  /** What a process for this person gets; undefined if all get the same. */
  #personalOf(person: ToldPerson | undefined): PersonalReading | undefined {
    const perUser = perUserOf(this.#server);
    if (!perUser) return undefined;
    const reading = personalEnvironment(perUser, person, readPersonFile);
    const { missing } = reading;
    const words = reading.ok
      ? 'a process starts without something of its person'
      : 'a person who calls has no process here';
    if (missing.length > 0 || !reading.ok)
      this.#log[reading.ok ? 'info' : 'warn'](words, { person: person?.id, missing });
    return reading;
  }

  /** What the sessions of this server have learned of its eras. */
  get eras(): KnownEras {
    return this.#eras;
  }

  /** A process of this server has shown whether it serves an era. */
  learned(era: keyof KnownEras, isServed: boolean | undefined): void {
    this.#eras = { ...this.#eras, [era]: isServed };
  }

  /** A process of this server answered its first request. */
  served(process: ServerProcess): void {
    const hadServed = process instanceof Seat && process.processHasServed;
    process.hasServed = true;
    this.#breakers.served(this.#blamed(process), hadServed);
    this.#warm.served();
  }

  /** What a process of this server printed, as it may be shown to a client: on one line, without secrets. */
  quote(bytes: Uint8Array, isCut: boolean): string {
    this.#redaction ??= new Redaction(this.secrets);
    return this.#redaction.quote(bytes, isCut);
  }

  /** Its processes fail, so that none is started for now. */
  get isHeldBack(): boolean {
    return this.#breakers.isOpen(performance.now());
  }

  snapshot(): ProcessSnapshot[] {
    const sharing = this.#shared?.sessionsByProcess();
    return [...this.#all].map((process) => {
      const sessions = sharing?.(process);
      return {
        server: this.#server.name,
        pid: process.pid,
        state: this.#stateOf(process),
        ...(sessions && { sharedBy: sessions.length }),
      };
    });
  }

  /** For the owner of the edge. What a session has left is nobody's. */
  living(): LivingProcess[] {
    const shared = this.#shared?.sessionsByProcess();
    return [...this.#all].map((process) => {
      const session = this.#isIdle(process) ? undefined : this.#holders.get(process)?.session;
      const sharing = shared?.(process);
      return {
        server: this.#server.name,
        pid: this.#server.source.kind === 'process' ? process.pid : undefined,
        state: this.#livingState(process),
        startedAt: process.startedAt,
        sessions: sharing ?? (session === undefined ? [] : [session]),
        ...(sharing && { sharedBy: sharing.length }),
      };
    });
  }

  #livingState(process: PooledProcess): LivingProcess['state'] {
    if (this.#idle.isWarm(process)) return 'warm';
    if (process.state !== 'running') return 'ending';
    return process.hasAnswered ? 'running' : 'starting';
  }

  #isIdle(process: PooledProcess): boolean {
    return this.#idle.isWarm(process) || this.#idle.isLeft(process);
  }

  /** Ends the processes that no session has; the others end with their sessions. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#warm.close();
    const unused = this.#idle.clear();
    await Promise.all([
      ...unused.map((process) => process.terminate('the server is no longer offered')),
      this.#shared?.close(),
    ]);
  }

  /** What no output of any of its processes may show. */
  get secrets(): readonly string[] {
    return this.#starts.secrets;
  }

  #stateOf(process: PooledProcess): string {
    if (this.#idle.isWarm(process)) return 'warm';
    return this.#idle.isLeft(process) ? 'starting' : process.state;
  }

  #blamed(process: ServerProcess): PrincipalName | undefined {
    const holder = this.#holders.get(process);
    return holder && blamedOf(holder);
  }

  #given<P extends ServerProcess>(process: P, holder: Holder): P {
    this.#holders.set(process, holder);
    return process;
  }

  #takeLeft(
    processes: readonly PooledProcess[],
    holder: Holder,
    personal: PersonalEnvironment | undefined,
  ): ServerProcess {
    const { principal } = holder;
    const blamed = blamedOf(holder);
    const left = processes.map((process) => this.#given(process, holder));
    for (const process of left) this.#forgetTime(process);
    this.#log.info('a session takes over a process that is still starting');
    const start = (): PooledProcess | undefined => {
      const { ok } = this.#breakers.allow(blamed, false, performance.now());
      return ok ? this.#given(this.#start(principal, personal), holder) : undefined;
    };
    return new StartRace({ left, start });
  }

  #forgetTime(process: PooledProcess): void {
    clearTimeout(this.#leftUntil.get(process));
    this.#leftUntil.delete(process);
  }

  /** A slow start is not a crash: the first start, which downloads a package or an image, is not repeated for each client. */
  #keep(process: PooledProcess, askedAt: number): boolean {
    // One that was started ahead may have waited for hours.
    const age = performance.now() - askedAt;
    const isWorthIt = age >= Math.min(WORTH_KEEPING_MS, this.#server.startTimeoutMs);
    if (this.#isClosed || !isWorthIt || this.#idle.left >= MOST_STARTING) return false;
    if (age >= LONGEST_START_MS) {
      this.#breakers.failed(undefined, false, performance.now());
      return false;
    }
    const timer = setTimeout(() => {
      this.#idle.remove(process);
      this.#leftUntil.delete(process);
      void process.terminate('it was started for a client that did not come back');
    }, LEFT_MS);
    this.#leftUntil.set(process, timer.unref());
    this.#idle.leave(process, this.#made.get(process)?.personal?.owner);
    this.#log.info('a process goes on starting for the next session', { pid: process.pid });
    return true;
  }

  #heldBackWords({ retryAfterMs, isOwnDoing }: HeldBack & { ok: false }): string {
    const seconds = String(Math.ceil(retryAfterMs / 1000));
    const what = isOwnDoing ? 'keeps failing under your calls' : 'keeps failing to start';
    return `${what}; the next attempt is possible in ${seconds} s`;
  }

  #refusal(verdict: HeldBack & { ok: false }): Taken {
    const description = this.#heldBackWords(verdict);
    const message = `The server "${this.#server.name}" ${description}. Run \`mcp-bridge check\` on the runner to see why.`;
    return { ok: false, fault: { fault: 'process_start_failed', message }, description };
  }

  #startAhead(): boolean {
    const { ok } = this.#breakers.allow(undefined, false, performance.now());
    if (ok) this.#idle.startedAhead(this.#start(undefined, undefined));
    return ok;
  }

  #start(
    principal: PrincipalName | undefined,
    personal: PersonalEnvironment | undefined,
  ): PooledProcess {
    const failed = (error: unknown): void => {
      this.#log.error(
        'the output of a process could not be handled; the process is ended',
        failureFields(error),
      );
      void pooled.terminate('the bridge could not handle its output');
    };
    const { start, over, gone, ...turn } = this.#starts.next(principal, personal?.env);
    const pooled: PooledProcess = new PooledProcess({
      start: (listener) => start(containedListener(listener, failed)),
      ended: (facts, hasServed) => {
        gone();
        this.#ended(pooled, facts, hasServed);
      },
      left: (askedAt) => this.#keep(pooled, askedAt),
    });
    this.#made.set(pooled, { personal, turn });
    void pooled.settled.then(() => {
      over();
      // One that was started ahead answers when it is asked, and says nothing of how long it took.
      if (principal !== undefined && pooled.hasAnswered)
        this.#warm.started(performance.now() - pooled.startedAt);
    });
    this.#all.add(pooled);
    this.#counted.started();
    return pooled;
  }

  #ended(pooled: PooledProcess, facts: ExitFacts, hasServed: boolean): void {
    this.#all.delete(pooled);
    this.#counted.ended(facts.reason);
    const was = this.#idle.remove(pooled);
    if (!this.#isClosed && this.ready < this.wanted) setImmediate(() => this.#warm.fit());
    this.#forgetTime(pooled);
    const principal = this.#blamed(pooled);
    const now = performance.now();
    if (isFailure(facts, hasServed)) {
      this.#breakers.failed(principal, hasServed, now);
      this.#counted.failed(facts, this.#made.get(pooled)?.personal !== undefined);
    } else if (!hasServed) this.#breakers.withdrawn(principal, now);
    if (was !== 'warm') return;
    this.#log.warn('a warm process ended before it was used', {
      reason: facts.reason,
      code: facts.code,
    });
  }
}
