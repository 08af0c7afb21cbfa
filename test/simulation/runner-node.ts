// The simulated runner. It hosts the production session machine on simulated processes, links and time.
import { afterSessionClose, CLOSE } from '../../shared/link/close-codes.ts';
import { decodeBytes, decodeText, encodeText, frameOf } from '../../shared/link/codec.ts';
import { bytesForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { Outbox } from '../../shared/link/outbox.ts';
import type { Hold } from '../../shared/link/parts.ts';
import { placeUp } from '../../shared/link/places.ts';
import {
  BACKOFF_BASE_MS,
  GRACE_BACKOFF_CAP_MS,
  SESSION_BACKOFF_CAP_MS,
} from '../../shared/link/timing.ts';
import { actorOf } from '../../shared/ids.ts';
import {
  controlDown,
  type ControlDown,
  type ControlUp,
  type OpenFrame,
} from '../../shared/link/control-frames.ts';
import { sessionDown } from '../../shared/link/session-frames.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { fullJitterMs } from '../../shared/backoff.ts';
import type { SessionEffect } from '../../runner/core/session-effects.ts';
import { EffectQueue } from '../../runner/core/effect-queue.ts';
import { Session } from '../../runner/core/session.ts';
import { describeEnd } from '../../runner/process/exit.ts';
import { sessionProcess } from '../../runner/sessions/process-choice.ts';
import type { SessionProcess } from '../../runner/sessions/session-process.ts';
import { KnownOfVirtual } from '../../runner/sessions/virtual-choice.ts';
import { roomFor, yieldedFor, type HeldPlace } from '../../runner/core/room.ts';
import { SPARE_EPOCH } from '../../runner/core/spares.ts';
import type { Time } from '../../runner/wake-timer.ts';
import type { Scheduled } from './clock.ts';
import { memberPools } from './member-pools.ts';
import type { Members } from './members.ts';
import { SERVER } from './names.ts';
import {
  NO_LOG,
  ServerEras,
  serverProcess,
  SessionProcesses,
  timeOf,
  type SimulatedProcess,
} from './server-process.ts';
import { SharedNode } from './shared-node.ts';
import { SpareNode, type Ahead } from './spare-node.ts';
import type { World } from './world.ts';
import { RunnerEnd } from './runner-end.ts';
import { Wire } from './wire.ts';

const LIMITS = {
  idleTimeoutMs: 30 * 60_000,
  vanishTimeoutMs: 30_000,
  requestTimeoutMs: 300_000,
  requestLimitMs: 3_600_000,
  startTimeoutMs: 30_000,
};

/** What a translator has of the server's settings. */
const SERVER_CONFIG = {
  ...LIMITS,
  name: SERVER,
  maxProcesses: 4,
  stateless: false,
  parkTimeoutMs: 600_000,
};

/** How far its clock is off. Of a virtual server's it is never before its beginning, as no program's clock is: turns of calls begin at 0. */
const MOST_SKEW_MS = 600_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class RunnerNode {
  readonly name: string;
  readonly capacity: number;
  readonly sessions = new Map<string, HostedSession>();
  spares: SpareNode;
  /** Sessions that it links ahead. */
  warm: number;
  readonly #world: World;
  /** Its clock may be anywhere. */
  readonly #skewMs: number;
  #boots = 0;
  #isUp = true;
  #control: { readonly wire: Wire; isOver: boolean } | undefined;
  #attempt = 0;
  eras = new ServerEras();
  /** What this life of it has learned of the members of its virtual server. */
  memberEras = new Map<string, ServerEras>();
  known = new KnownOfVirtual();
  /** The processes of this life of it that its sessions share. */
  shared: SharedNode | undefined;

  constructor(world: World, name: string, capacity: number) {
    this.#world = world;
    this.name = name;
    this.capacity = capacity;
    this.#skewMs = world.skew(MOST_SKEW_MS) + (world.members ? MOST_SKEW_MS : 0);
    this.warm = world.warm;
    this.spares = this.#newSpares();
    this.shared = this.#newShared();
    this.#dial();
  }

  /** Its config says another number of sessions to link ahead. */
  reload(warm: number): void {
    this.resize(warm);
    if (this.#isUp) this.#hello();
  }

  /** What it sees of openings says another number; the edge is told nothing of that. */
  resize(warm: number): void {
    this.warm = warm;
    if (this.#isUp) this.spares.configured();
  }

  #newShared(): SharedNode | undefined {
    const { eras } = this;
    const { sharing } = this.#world;
    return sharing && new SharedNode(this.#world, sharing, LIMITS, { eras, now: () => this.now });
  }

  #newSpares(): SpareNode {
    const { name, boot } = this;
    const now = (): number => this.now;
    const warm = (): number => this.warm;
    return new SpareNode(this.#world, {
      name,
      boot,
      get now() {
        return now();
      },
      get warm() {
        return warm();
      },
      say: (frame) => this.#say(frame),
      take: (open) => this.#open(open),
    });
  }

  get now(): number {
    return this.#world.clock.now + this.#skewMs;
  }

  get boot(): string {
    return `boot${String(this.#boots)}`.padEnd(22, 'b');
  }

  get controlWire(): Wire | undefined {
    return this.#control?.wire;
  }

  /** kill -9 and a restart: every process of the old boot is gone, and the edge learns of the new boot. */
  crash(downMs: number): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    for (const hosted of this.sessions.values()) hosted.perish();
    this.sessions.clear();
    this.shared?.perish();
    this.spares.perish();
    if (this.#control) this.#control.isOver = true;
    this.#control?.wire.cut();
    this.#control = undefined;
    this.#world.clock.after(downMs, () => {
      this.#boots += 1;
      this.eras = new ServerEras();
      this.memberEras = new Map();
      this.known = new KnownOfVirtual();
      this.#isUp = true;
      this.#world.note(`runner ${this.name} boots as ${this.boot}`);
      this.spares = this.#newSpares();
      this.shared = this.#newShared();
      this.#dial();
    });
  }

  /** A dial of a session was refused: the edge holds nothing of it. */
  refuse(session: string): void {
    this.#say({ type: 'refused', session, fault: 'session_not_found' });
  }

  finished(session: string): void {
    this.sessions.delete(session);
  }

  #dial(): void {
    const { clock, chance } = this.#world;
    const { boot } = this;
    clock.after(chance.between(1, 40), () => {
      if (!this.#isUp || boot !== this.boot) return;
      if (this.#world.isPartitioned) return this.#redial();
      this.#linked(new Wire(clock, chance, 20, this.#world.line));
    });
  }

  #linked(wire: Wire): void {
    const control = { wire, isOver: false };
    this.#control = control;
    this.#attempt = 0;
    wire.a.onMessage = (text) => {
      const reading = decodeText(controlDown, text);
      if (!reading.ok) throw new Error(reading.reason);
      if (!control.isOver) this.#receive(reading.frame.header);
    };
    wire.a.onClose = (code) => {
      if (control.isOver) return;
      control.isOver = true;
      this.#control = undefined;
      this.spares.unlinked();
      for (const hosted of this.sessions.values()) hosted.doubtLink();
      // No two machines have one name here: a newer socket of this runner came first.
      if (code !== CLOSE.replaced) this.#redial();
    };
    const dial = { runner: this.name, granted: '*' as const, withheld: [], subprotocol: '' };
    this.#world.fleet.link(dial, { wire, end: wire.b });
    this.#hello();
  }

  #hello(): void {
    this.#say({
      type: 'hello',
      runner: this.name,
      boot: this.boot,
      servers: [SERVER],
      capacity: this.capacity,
      sessions: [...this.sessions.keys()],
    });
  }

  #redial(): void {
    const delay = fullJitterMs(
      this.#attempt,
      BACKOFF_BASE_MS,
      GRACE_BACKOFF_CAP_MS,
      this.#world.chance.next(),
    );
    this.#attempt += 1;
    const { boot } = this;
    // What a life of the runner wanted to dial is not dialled by the next.
    this.#world.clock.after(delay, () => {
      if (boot === this.boot) this.#dial();
    });
  }

  #receive(frame: ControlDown): void {
    switch (frame.type) {
      case 'welcome':
        return this.spares.welcomed(frame.servers);
      case 'open':
        return this.#open(frame);
      case 'spare':
        return this.spares.named(frame);
      case 'close':
        this.spares.closed(frame.session);
        return this.sessions.get(frame.session)?.closedByEdge();
      case 'redial':
        return this.sessions.get(frame.session)?.redial(frame.epoch);
      case 'watch':
        return this.#say({ type: 'running', count: 0, processes: [], virtual: [] });
      case 'yield': {
        const gone = yieldedFor(frame, this.#held);
        if (gone) this.sessions.get(gone.session)?.giveWay();
        return this.#say({ type: 'yielded', session: gone?.session });
      }
    }
  }

  #open(frame: OpenFrame): void {
    const { session } = frame;
    if (this.sessions.has(session)) return;
    const ahead = this.spares.taken(session);
    const { capacity } = this;
    const held = (): HeldPlace[] => this.#held;
    const places = { capacity, maxSessions: capacity, held, kept: this.sessions.size };
    const room = roomFor(frame, places);
    if (!room.ok) {
      this.#say({ type: 'refused', session, fault: 'overloaded' });
      return ahead && this.spares.refuse(ahead, { fault: 'overloaded' });
    }
    if (room.gives) this.sessions.get(room.gives.session)?.giveWay();
    this.sessions.set(session, new HostedSession(this.#world, this, frame, ahead));
  }

  get #held(): HeldPlace[] {
    return [...this.sessions]
      .filter(([, { isEnded }]) => !isEnded)
      .map(([session, { principal, inFlight, idleMs }]) => ({
        session,
        server: SERVER,
        principal,
        isIdle: inFlight === 0,
        idleMs,
      }));
  }

  #say(frame: ControlUp): void {
    this.#control?.wire.a.send(encodeText(frame));
  }
}

export class HostedSession {
  readonly principal: string;
  readonly #world: World;
  readonly #runner: RunnerNode;
  readonly #name: string;
  readonly #machine: Session;
  readonly #process: SessionProcess;
  readonly #started: readonly SimulatedProcess[];
  readonly #queue = new EffectQueue();
  readonly #inbox = new Inbox(bytesForm);
  #outbox = Outbox.ofBytes();
  #end: RunnerEnd | undefined;
  /** The newest, open or not. */
  #wire: Wire | undefined;
  #epoch = 0;
  #attempt = 0;
  #timer: { readonly at: number; readonly entry: Scheduled } | undefined;
  #isGone = false;
  #isPerished = false;

  constructor(world: World, runner: RunnerNode, open: OpenFrame, ahead: Ahead | undefined) {
    this.#world = world;
    this.#runner = runner;
    this.#name = open.session;
    this.principal = open.principal;
    const { process, started } = world.members
      ? this.#virtual(open, world.members)
      : this.#plain(open);
    this.#process = process;
    this.#started = started;
    this.#machine = new Session(
      {
        limits: { ...LIMITS, maxInFlight: world.maxInFlight },
        clientKind: open.clientKind,
        policy: world.policy,
        refusal: (notification) => this.#process.refusal?.(notification),
      },
      runner.now,
    );
    if (ahead) this.#epoch = SPARE_EPOCH;
    if (ahead?.end) {
      this.#linked(ahead.end.wire, ahead.end);
      this.#perform(this.#machine.linked(false, runner.now));
    } else this.#dial();
    this.#process.listen(
      {
        onLine: (line, bridgeId) => this.#perform(this.#machine.line(line, runner.now, bridgeId)),
        onMessage: (message, bridgeId) =>
          this.#perform(this.#machine.message(message, runner.now, bridgeId)),
        onOverlong: (bytes) => this.#perform(this.#machine.overlong(bytes, runner.now)),
        onStderr: () => undefined,
        onFull: () => this.#machine.stdinFull(),
        onDrain: () => this.#machine.stdinDrained(),
        onExit: (facts) => this.#perform(this.#machine.exited(describeEnd(facts), runner.now)),
      },
      this.#queue,
    );
  }

  #plain(open: OpenFrame): { process: SessionProcess; started: readonly SimulatedProcess[] } {
    // Each client is a person of its own, as in a server with something for each: its processes serve that person alone.
    const client = open.person?.id ?? 'nobody';
    const { shared, eras } = this.#runner;
    const own = new SessionProcesses(() => serverProcess(this.#world, client), eras);
    const pool = shared?.poolOf(open) ?? own;
    const process = sessionProcess({
      open,
      server: { ...SERVER_CONFIG, ...(shared && { sharing: shared.sharing }) },
      pool,
      first: pool.take().process,
      log: NO_LOG,
      time: this.#time,
    });
    return { process, started: (shared ?? own).started };
  }

  #virtual(
    open: OpenFrame,
    members: Members,
  ): { process: SessionProcess; started: readonly SimulatedProcess[] } {
    const { memberEras, known } = this.#runner;
    const client = open.person?.id ?? 'nobody';
    const { started, poolOf } = memberPools(this.#world, members, client, memberEras);
    const process = this.#world.rules.virtualProcess({
      open,
      ...members.configs(LIMITS),
      poolOf,
      pinsOf: () => undefined,
      known,
      log: NO_LOG,
      time: this.#time,
    });
    return { process, started };
  }

  /** It stands still for what a runner that is gone had in mind. */
  get #time(): Time {
    const time = timeOf(this.#world, () => this.#runner.now);
    if (!this.#endsByItself) return time;
    return {
      now: time.now,
      timer: (wake) => time.timer(() => (this.#isPerished ? undefined : wake())),
    };
  }

  /** One of its processes says something that belongs to no request. */
  speak(): void {
    this.#newest?.node.speak();
  }

  get #newest(): SimulatedProcess | undefined {
    return this.#started.findLast(({ node }) => node.isAlive);
  }

  get isEnded(): boolean {
    return this.#machine.isEnded;
  }

  get inFlight(): number {
    return this.#machine.inFlight;
  }

  get idleMs(): number {
    return this.#runner.now - this.#machine.activeAt;
  }

  giveWay(): void {
    this.#perform(this.#machine.end({ message: 'The session gave way.' }, this.#runner.now));
  }

  closedByEdge(): void {
    this.#end?.close(CLOSE.done);
    this.#over();
  }

  /** The edge found the socket of this epoch dead. */
  redial(epoch: number): void {
    if (epoch === this.#epoch) this.#end?.giveUp();
  }

  doubtLink(): void {
    this.#end?.doubt();
  }

  get wire(): Wire | undefined {
    return this.#wire;
  }

  /** The runner died: nothing of this session acts any more. */
  perish(): void {
    this.#isPerished = true;
    this.#gone();
    this.#wire?.cut();
  }

  crashProcess(): void {
    this.#newest?.crash();
  }

  /** The end of a session is not that of all that it started. */
  get #endsByItself(): boolean {
    return this.#world.members !== undefined || this.#world.sharing !== undefined;
  }

  #gone(): void {
    this.#isGone = true;
    // Of a virtual server that ends there is more to end than is running now.
    if (this.#endsByItself && !this.#isPerished) void this.#process.terminate('session over');
    else for (const process of this.#started) process.perish();
    this.#timer?.entry.cancel();
  }

  #dial(): void {
    if (this.#isGone) return;
    const { clock, chance } = this.#world;
    this.#epoch += 1;
    const epoch = this.#epoch;
    clock.after(chance.between(1, 40), () => {
      if (this.#isGone) return;
      if (this.#world.isPartitioned) return this.#redial();
      const wire = new Wire(clock, chance, 20, this.#world.line);
      const holds = this.#inbox.relinked().map((hold) => this.#world.sabotage.resumes(hold));
      const { name: runner, boot } = this.#runner;
      const dial = {
        session: this.#name,
        runner,
        boot,
        epoch,
        holds: JSON.stringify(holds),
        subprotocol: '',
      };
      this.#world.actor(actorOf(this.#name)).dial(dial, {
        dialled: { wire, end: wire.b },
        accepted: () => this.#linked(wire),
        refused: () => {
          this.#runner.refuse(this.#name);
          this.#over();
        },
        broken: () => this.#redial(),
      });
    });
  }

  /** `end`: of the spare that it was. */
  #linked(wire: Wire, end?: RunnerEnd): void {
    if (this.#isGone) return wire.a.close(CLOSE.done);
    this.#wire = wire;
    this.#outbox = Outbox.ofBytes();
    const listener = {
      message: (text: string) => this.#message(wire, text),
      pong: () => this.#answered(),
      closed: (code: number) => this.#closed(wire, code),
    };
    end?.handTo(listener);
    this.#end = end ?? new RunnerEnd(this.#world, wire, listener);
  }

  #message(wire: Wire, text: string): void {
    const received = this.#inbox.push(encoder.encode(text));
    if (received.state === 'partial')
      return received.begins === undefined
        ? undefined
        : this.#perform(this.#machine.begun(received.begins));
    if (received.state !== 'whole') return wire.a.close(CLOSE.protocol);
    const reading = decodeBytes(sessionDown, received.frame);
    if (!reading.ok) return wire.a.close(CLOSE.protocol);
    this.#attempt = 0;
    const { header, message } = reading.frame;
    if (header.type === 'welcome') this.#resume(header.holds ?? []);
    if (!this.#world.sabotage.heeds(header.type)) return;
    this.#perform(this.#machine.receive(header, message, this.#runner.now));
  }

  #closed(wire: Wire, code: number): void {
    if (this.#end?.wire !== wire || this.#isGone) return;
    this.#end = undefined;
    this.#perform(this.#machine.unlinked(this.#runner.now));
    const after = afterSessionClose(code);
    if (after === 'over') this.#over();
    else if (after === 'relink') this.#redial();
  }

  #resume(holds: readonly Hold[]): void {
    this.#outbox.resume(holds.map((hold) => this.#world.sabotage.resumes(hold)));
  }

  #answered(): void {
    const { now } = this.#runner;
    this.#say(this.#outbox.answered(now));
    this.#perform(this.#machine.delivering(this.#outbox.flows, now));
  }

  #say(messages: readonly Uint8Array[]): void {
    for (const message of messages) this.#end?.send(decoder.decode(message));
  }

  #redial(): void {
    const delay = fullJitterMs(
      this.#attempt,
      BACKOFF_BASE_MS,
      SESSION_BACKOFF_CAP_MS,
      this.#world.chance.next(),
    );
    this.#attempt += 1;
    this.#world.clock.after(delay, () => this.#dial());
  }

  /** The edge holds nothing of the session. */
  #over(): void {
    if (this.#isGone) return;
    this.#gone();
    this.#runner.finished(this.#name);
  }

  #perform(effects: readonly SessionEffect[]): void {
    if (!this.#isGone) this.#queue.add(effects, this.#performOne, this.#settled);
  }

  readonly #settled = (): void => {
    if (!this.#isGone) this.#schedule();
  };

  readonly #performOne = (effect: SessionEffect): void => {
    if (this.#isGone) return;
    switch (effect.do) {
      case 'send':
        for (const frame of this.#world.sabotage.utters(effect.frame)) {
          const bytes = frameOf(frame, effect.message);
          this.#say(this.#outbox.push(bytes, () => placeUp(frame), this.#runner.now));
        }
        return;
      case 'withdraw':
        return this.#outbox.withdraw(effect.stream);
      case 'drop':
        return this.#say(this.#outbox.drop(effect.stream, this.#runner.now));
      case 'write':
        return this.#write(effect.line, effect.message);
      case 'pause':
        return this.#process.pause();
      case 'resume':
        return this.#process.resume();
      case 'stop':
        return void this.#process.terminate(effect.reason);
      case 'note':
      case 'settled':
        return;
    }
  };

  #write(line: Uint8Array, message: MessageView | undefined): void {
    const heldMs = this.#world.sabotage.holdsLineMs();
    const write = (): void => {
      if (!this.#process.write(line, message)) this.#machine.stdinFull();
    };
    if (heldMs === 0) write();
    else this.#world.clock.after(heldMs, write);
  }

  #schedule(): void {
    const { now } = this.#runner;
    const at = this.#machine.wakeAt();
    if (at === undefined || (this.#timer && this.#timer.at <= at)) return;
    this.#timer?.entry.cancel();
    const entry = this.#world.clock.after(Math.ceil(at - now), () => {
      this.#timer = undefined;
      this.#perform(this.#machine.tick(this.#runner.now));
    });
    this.#timer = { at, entry };
  }
}
