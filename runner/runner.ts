// The runner: its offer to the edge, the sessions it was given, and their end.
import { nanoid } from 'nanoid';
import type { OpenFrame } from '../shared/link/control-frames.ts';
import { DRAIN_FAREWELL_MS } from '../shared/link/timing.ts';
import { ALL_BUSY } from './core/yielding.ts';
import { sameServer } from './config/read.ts';
import { SharedToolIndex } from './core/tool-index.ts';
import {
  offeredNames,
  type RunnerConfig,
  type ServedConfig,
  type ServerConfig,
  type VirtualConfig,
} from './config/runner-config.ts';
import { ControlLink } from './link/control-link.ts';
import { Sleepers } from './link/sleepers.ts';
import { failureFields } from './failure.ts';
import type { Log } from './log.ts';
import type { ServerProcess } from './sessions/pooled-process.ts';
import { ProcessPool } from './sessions/process-pool.ts';
import type { ProcessGround } from './sessions/process-starts.ts';
import { allCleared, killAllProcesses } from './process/stdio-process.ts';
import { ToldFailures } from './core/told-failures.ts';
import type { Living } from './core/told-running.ts';
import { TERMINATE_MS } from './process/terminate.ts';
import { PinBooks } from './pin-books.ts';
import { RunningNews } from './running-news.ts';
import type { RunnerSnapshot, RunningRunner, StartOptions } from './running-runner.ts';
import { RunnerSessions } from './sessions/runner-sessions.ts';
import { SessionHost, type SessionHostOptions } from './sessions/session-host.ts';
import { SessionShare } from './sessions/session-share.ts';
import type { DialGround } from './sessions/session-link.ts';
import { sessionProcess } from './sessions/process-choice.ts';
import { SpareLinks, type Ahead } from './sessions/spare-links.ts';
import type { SessionProcess } from './sessions/session-process.ts';
import { KnownOfVirtual, virtualProcess } from './sessions/virtual-choice.ts';
import { Starts } from './sessions/starts.ts';
import { describeEnd, type ExitFacts, type ExitReason } from './process/exit.ts';
import type { Fault } from '../shared/fault.ts';
import { CallFigures, Figures } from '../shared/figures.ts';
import type { ServerName, SessionName } from '../shared/ids.ts';
import { VERSION, versionSkew } from '../shared/version.ts';

/** Characters of a boot id: as random as a session's name. */
const BOOT_ID_LENGTH = 22;

/** Starts a runner; it dials until it is stopped. */
export const startRunner = (options: StartOptions): RunningRunner => new Runner(options);

/** A session to be hosted, with what there is of it. */
interface Opened {
  readonly open: OpenFrame;
  readonly server: ServedConfig;
  readonly ahead: Ahead | undefined;
}

class Runner implements RunningRunner {
  readonly ready: Promise<void>;
  readonly #options: StartOptions;
  readonly #boot = nanoid(BOOT_ID_LENGTH);
  readonly #log: Log;
  readonly #record: Log | undefined;
  readonly #ground: ProcessGround;
  readonly #dialGround: DialGround;
  readonly #sleepers = new Sleepers();
  readonly #control: ControlLink;
  readonly #spares: SpareLinks;
  readonly #pools = new Map<string, ProcessPool>();
  readonly #pins = new PinBooks((frame) => this.#control.say(frame));
  readonly #running = new RunningNews(
    () => this.#living(),
    (frame) => this.#control.say(frame),
  );
  readonly #sessions = new RunnerSessions();
  /** What is known of the members of virtual servers. */
  readonly #known = new KnownOfVirtual();
  /** Of what is served so that clients search it. */
  readonly #indexes = new WeakMap<ServedConfig, SharedToolIndex>();
  readonly #figures = new Figures();
  readonly #failures = new ToldFailures();
  readonly #calls = new CallFigures(this.#figures, 'process');
  #config: RunnerConfig;
  #isDraining = false;
  /** As the edge last said. */
  #edgeVersion: string | undefined;

  constructor(options: StartOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#log = options.log;
    this.#record = options.record === 'off' ? undefined : (options.record ?? options.log);
    const { token, containment } = options;
    this.#ground = {
      get token() {
        return token.text;
      },
      containment,
      starts: new Starts(
        (principal) => this.#sessions.isShared(principal),
        () => containment?.ready(),
      ),
    };
    const { edge, connect } = options;
    const sleepers = this.#sleepers;
    this.#dialGround = { edge, token, connect, boot: this.#boot, sleepers };
    this.#spares = new SpareLinks({
      ground: this.#dialGround,
      log: options.log,
      say: (frame) => this.#control.say(frame),
      reached: () => this.#edgeReached(),
      take: (frame) => this.#open(frame),
    });
    for (const server of options.config.servers.values()) this.#addPool(server);
    this.#spares.configured(this.#warm());
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.#control = new ControlLink({
      edge: options.edge,
      token: options.token,
      connect: options.connect,
      log: options.log,
      hello: () => this.#hello(),
      opened: () => {
        this.#figures.count('linksOpened', 'control');
        this.#edgeReached();
      },
      welcomed: ({ servers, version }) => {
        this.#log.info('control link up', { servers });
        this.#tellSkew(version);
        ready.resolve();
        this.#spares.welcomed(servers);
        this.#pins.linked();
      },
      lost: () => {
        this.#spares.unlinked();
        this.#pins.unlinked();
        this.#running.unlinked();
        this.#sessions.doubtLinks();
      },
      spare: (frame) => this.#spares.named(frame),
      open: (frame) => this.#open(frame),
      yield: (frame) =>
        this.#control.say({ type: 'yielded', session: this.#sessions.yield(frame) }),
      close: (session) => {
        this.#spares.closed(session);
        this.#sessions.closedByEdge(session);
      },
      redial: ({ session, epoch }) => this.#sessions.redial(session, epoch),
      watch: () => this.#running.watched(),
    });
  }

  /** Once for each other version of the edge. */
  #tellSkew(edge: string | undefined): void {
    const skew = edge === this.#edgeVersion ? undefined : versionSkew(VERSION, edge);
    this.#edgeVersion = edge;
    if (!skew) return;
    const what = `the edge is ${skew} than this runner`;
    const fix =
      skew === 'older'
        ? 'Bring the edge up to date: mcp-bridge upgrade, where it was deployed from.'
        : `Bring this runner up to date: npm install -g mcp-edge-bridge@${edge}, and start it again.`;
    this.#log.warn('runner and edge have different versions', { edge, runner: VERSION, what, fix });
  }

  #hello() {
    return {
      type: 'hello' as const,
      // The credential belongs to the name it was started with.
      runner: this.#options.config.runner,
      boot: this.#boot,
      servers: this.#isDraining ? [] : offeredNames(this.#config),
      capacity: this.#config.capacity,
      sessions: this.#sessions.names,
      version: VERSION,
    };
  }

  /** How many sessions are linked ahead: as many as have a process. */
  #warm(): Map<ServerName, number> {
    const { servers } = this.#config;
    const offered = [...servers.values()].filter(({ isMemberOnly }) => isMemberOnly !== true);
    return new Map(offered.map(({ name }) => [name, this.#pools.get(name)?.wanted ?? 0]));
  }

  /** For how many sessions of a server more there is room, if one waits for each process that other servers have ready. */
  #roomFor({ name, maxSessions }: ServerConfig): number {
    const others = this.#ready - (this.#pools.get(name)?.ready ?? 0);
    const ofAll = this.#config.capacity - this.#sessions.size - others;
    return Math.max(0, Math.min(ofAll, maxSessions - this.#sessions.countOf(name)));
  }

  /** Processes that wait for a session. */
  get #ready(): number {
    return [...this.#pools.values()].reduce((sum, { ready }) => sum + ready, 0);
  }

  /** A session took room: processes that wait for one that cannot come are ended. */
  #fitPools(): void {
    if (this.#sessions.size + this.#ready <= this.#config.capacity) return;
    for (const pool of this.#pools.values()) pool.fit();
  }

  /** One link found the edge: the others need not sleep on. */
  #edgeReached(): void {
    this.#control.edgeReached();
    this.#sleepers.edgeReached();
  }

  /** The edge opens a session, or a spare has its client: of that it may be told twice (LP27). */
  #open(frame: OpenFrame): void {
    const { session } = frame;
    if (this.#sessions.has(session)) return;
    const ahead = this.#spares.taken(session);
    const fault = this.#serve(frame, ahead);
    if (!fault) return;
    this.#figures.count('refusals', fault.fault);
    this.#control.refuse(session, fault);
    if (ahead) this.#spares.refuse(ahead, fault);
  }

  /** Why it cannot be served, if so. */
  #serve(frame: OpenFrame, ahead: Ahead | undefined): Fault | undefined {
    const { server: name } = frame;
    const virtual = this.#config.virtual.get(name);
    if (virtual) return this.#serveVirtual(frame, virtual, ahead);
    const found = this.#config.servers.get(name);
    const server = found?.isMemberOnly === true ? undefined : found;
    const fault = this.#whyNot(server);
    if (fault || !server) return fault ?? { fault: 'runner_offline' };
    if (!this.#sessions.hasRoom(frame, server, this.#config.capacity)) return ALL_BUSY;
    const pool = this.#pools.get(name);
    if (!pool) return { fault: 'runner_offline' };
    const share = new SessionShare(pool, frame);
    const taken = share.take();
    if (!taken.ok) return taken.fault;
    const first = taken.process;
    const log = this.#logOf(frame);
    return this.#hosted(first, () => {
      const process = sessionProcess({ open: frame, server, pool: share, first, log });
      this.#host({ open: frame, server, ahead }, process, {
        showsStderr: server.source.kind === 'process' && server.source.stderr === 'client',
        quote: (bytes, isCut) => share.quote(bytes, isCut),
        served: () => share.served(first),
      });
    });
  }

  /** As a server's, but that its members take processes when they need them. */
  #serveVirtual(
    frame: OpenFrame,
    virtual: VirtualConfig,
    ahead: Ahead | undefined,
  ): Fault | undefined {
    const fault = this.#whyNot(virtual);
    if (fault) return fault;
    if (!this.#sessions.hasRoom(frame, virtual, this.#config.capacity)) return ALL_BUSY;
    const process = virtualProcess({
      open: frame,
      virtual,
      servers: this.#config.servers,
      poolOf: (server) => this.#pools.get(server),
      pinsOf: (server) => this.#pins.get(server),
      known: this.#known,
      log: this.#logOf(frame),
    });
    return this.#hosted(process, () =>
      this.#host({ open: frame, server: virtual, ahead }, process, {
        showsStderr: false,
        quote: () => '',
        served: () => undefined,
      }),
    );
  }

  #hosted(first: Pick<ServerProcess, 'terminate'>, host: () => void): Fault | undefined {
    try {
      host();
      return undefined;
    } catch (error) {
      // A fault of ours: the process has no owner then, and the edge waits for an answer.
      this.#log.error('a session could not be opened', failureFields(error));
      void first.terminate('its session could not be opened');
      return { fault: 'process_start_failed' };
    }
  }

  #logOf({ session, server, principal }: OpenFrame): Log {
    return this.#log.child({ session, server, principal });
  }

  #host(
    { open: frame, server, ahead }: Opened,
    process: SessionProcess,
    more: Pick<SessionHostOptions, 'showsStderr' | 'quote' | 'served'>,
  ): void {
    const { session, server: name } = frame;
    this.#figures.count('sessionsOpened', name);
    const { principal, person } = frame;
    // The app that was let in, if that is known; what a client says of itself is in each call.
    const of = { session, server: name, principal, client: person?.client };
    const record = this.#record?.child(of);
    record?.info('session opened', { clientKind: frame.clientKind, pid: process.pid });
    const host = new SessionHost({
      open: frame,
      server,
      process,
      ...more,
      ground: this.#dialGround,
      ahead,
      guard: this.#pins.get(name)?.guardFor(frame.clientKind === 'modern' ? 'modern' : 'legacy'),
      discovery: this.#indexOf(server),
      log: this.#logOf(frame),
      record,
      tracer: this.#options.tracer,
      calls: this.#calls.of(name),
      reached: () => {
        this.#figures.count('linksOpened', 'session');
        this.#edgeReached();
      },
      unknown: () => this.#control.refuse(session, { fault: 'session_not_found' }),
      finished: () => this.#finished(session, record),
    });
    this.#sessions.add(session, { host, server });
    this.#fitPools();
  }

  #indexOf(server: ServedConfig): SharedToolIndex | undefined {
    if (server.isSearched !== true) return undefined;
    const index = this.#indexes.get(server) ?? new SharedToolIndex();
    this.#indexes.set(server, index);
    return index;
  }

  #whyNot(server: ServedConfig | undefined): Fault | undefined {
    if (!server)
      return {
        fault: 'runner_offline',
        message: 'This runner no longer offers the server.',
      };
    if (this.#isDraining)
      return { fault: 'runner_offline', message: 'The runner is stopping. Try again soon.' };
    return undefined;
  }

  #finished(session: SessionName, record: Log | undefined): void {
    record?.info('session closed');
    this.#sessions.finished(session);
  }

  reload(config: RunnerConfig): void {
    const before = this.#config;
    this.#config = config;
    const changed = new Set<ServerName>();
    for (const [name, old] of before.servers) {
      const server = config.servers.get(name);
      if (server && sameServer(old, server)) continue;
      void this.#pools.get(name)?.close();
      this.#pools.delete(name);
      this.#pins.remove(name);
      this.#failures.forget(name);
      changed.add(name);
      this.#endChanged(name, server);
    }
    for (const [name, old] of before.virtual) {
      const virtual = config.virtual.get(name);
      const isSame = virtual && sameServer(old, virtual);
      if (isSame && !old.members.some(({ server }) => changed.has(server))) continue;
      this.#known.forget(name);
      this.#endChanged(name, virtual);
    }
    for (const server of config.servers.values())
      if (!this.#pools.has(server.name)) this.#addPool(server);
    this.#spares.configured(this.#warm());
    this.#control.say(this.#hello());
  }

  #endChanged(name: ServerName, now: ServedConfig | undefined): void {
    const change = now ? 'changed' : 'removed';
    this.#sessions.end(`The server was ${change} in the runner's configuration.`, name);
  }

  #memberOf(name: ServerName): ServerName[] {
    return [...this.#config.virtual.values()]
      .filter(({ members }) => members.some(({ server }) => server === name))
      .map((virtual) => virtual.name);
  }

  #addPool(server: ServerConfig): void {
    const log = this.#log.child({ server: server.name });
    const counted = {
      started: () => this.#figures.count('processStarts', server.name),
      ended: (reason: ExitReason) => this.#figures.count('processExits', server.name, reason),
      failed: (facts: ExitFacts, isPersonal: boolean) => {
        const failure = {
          server: server.name,
          what: describeEnd(facts),
          stderr: facts.stderrTail,
          isPersonal,
          memberOf: this.#memberOf(server.name),
        };
        const frame = this.#failures.told(failure, performance.now());
        if (frame) this.#control.say(frame);
      },
    };
    const surroundings = {
      room: () => this.#roomFor(server),
      wantedChanged: () => this.#spares.configured(this.#warm()),
    };
    this.#pools.set(server.name, new ProcessPool(server, this.#ground, log, counted, surroundings));
    if (server.pin) this.#pins.add(server.name, server.pin, log);
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#spares.drained();
    this.#control.say({ type: 'drain' });
    const closing = [...this.#pools.values()].map((pool) => pool.close());
    // Sessions tell when they are through; time bounds the rest.
    await Promise.race([this.#sessions.quiet(), timeout(this.#config.drainTimeoutMs)]);
    this.#sessions.end('The runner stopped.');
    await Promise.all(closing);
    await Promise.race([this.#sessions.empty(), timeout(DRAIN_FAREWELL_MS + TERMINATE_MS)]);
    this.kill();
    // A session is over when its process is; what that left behind may still be being ended.
    await Promise.race([allCleared(), timeout(TERMINATE_MS)]);
  }

  kill(): void {
    this.#control.stop();
    this.#pins.close();
    this.#running.unlinked();
    this.#spares.unlinked();
    this.#sessions.hangUp();
    killAllProcesses();
  }

  #living(): Living {
    const { virtual } = this.#config;
    return {
      processes: [...this.#pools.values()].flatMap((pool) => pool.living()),
      virtual: this.#isDraining
        ? []
        : [...virtual.values()].map(({ name, members }) => ({
            server: name,
            members: members.map(({ server }) => server),
          })),
    };
  }

  snapshot(): RunnerSnapshot {
    const processes = [...this.#pools.values()].flatMap((pool) => pool.snapshot());
    return {
      runner: this.#options.config.runner,
      boot: this.#boot,
      linked: this.#control.isLinked,
      draining: this.#isDraining,
      sessions: this.#sessions.snapshot(),
      processes,
      spares: this.#spares.snapshot(),
      heldBack: new Map([...this.#pools].map(([name, pool]) => [name, pool.isHeldBack])),
      figures: this.#figures,
    };
  }
}

const timeout = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
