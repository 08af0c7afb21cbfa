// The simulated runner. It hosts the production session machine on simulated processes, links and time.
import { afterControlClose, afterSessionClose, CLOSE } from '../../shared/link/close-codes.ts';
import { decodeBytes, decodeText, encodeBytes, encodeText } from '../../shared/link/codec.ts';
import { bytesForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { Outbox } from '../../shared/link/outbox.ts';
import type { Hold } from '../../shared/link/parts.ts';
import { placeUp } from '../../shared/link/places.ts';
import { actorOf } from '../../shared/ids.ts';
import {
  controlDown,
  type ControlDown,
  type ControlUp,
  type OpenFrame,
  type ClientKind,
} from '../../shared/link/control-frames.ts';
import { sessionDown } from '../../shared/link/session-frames.ts';
import { fullJitterMs } from '../../shared/backoff.ts';
import type { SessionEffect } from '../../runner/core/session-effects.ts';
import { Session } from '../../runner/core/session.ts';
import { SPARE_EPOCH } from '../../runner/core/spares.ts';
import { fairlyIdle, ownIdle, type Held } from '../../runner/core/yielding.ts';
import type { Scheduled } from './clock.ts';
import { SERVER } from './names.ts';
import { ProcessNode } from './process-node.ts';
import { SpareNode, type Ahead } from './spare-node.ts';
import type { World } from './world.ts';
import { Wire, type End } from './wire.ts';

const LIMITS = {
  idleTimeoutMs: 30 * 60_000,
  vanishTimeoutMs: 30_000,
  requestTimeoutMs: 300_000,
  requestLimitMs: 3_600_000,
  startTimeoutMs: 30_000,
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Sessions that may be ending beside those that run. */
const MAX_ENDING = 16;

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

  constructor(world: World, name: string, capacity: number) {
    this.#world = world;
    this.name = name;
    this.capacity = capacity;
    this.#skewMs = world.skew(600_000);
    this.warm = world.warm;
    this.spares = this.#newSpares();
    this.#dial();
  }

  /** Its config says another number of sessions to link ahead. */
  reload(warm: number): void {
    this.warm = warm;
    if (!this.#isUp) return;
    this.spares.configured();
    this.#hello();
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
    this.spares.perish();
    if (this.#control) this.#control.isOver = true;
    this.#control?.wire.cut();
    this.#control = undefined;
    this.#world.clock.after(downMs, () => {
      this.#boots += 1;
      this.#isUp = true;
      this.#world.note(`runner ${this.name} boots as ${this.boot}`);
      this.spares = this.#newSpares();
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
      if (afterControlClose(code) !== 'stop') this.#redial();
    };
    const dial = { runner: this.name, granted: '*' as const, subprotocol: '' };
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
    const delay = fullJitterMs(this.#attempt, 250, 500, this.#world.chance.next());
    this.#attempt += 1;
    this.#world.clock.after(delay, () => this.#dial());
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
      case 'yield': {
        const { principal, own } = frame;
        const gone = own ? ownIdle(this.#held, principal) : fairlyIdle(this.#held, principal);
        if (gone) this.sessions.get(gone.session)?.giveWay();
        return this.#say({ type: 'yielded', session: gone?.session });
      }
    }
  }

  #open({ session, clientKind, principal }: OpenFrame): void {
    if (this.sessions.has(session)) return;
    const ahead = this.spares.taken(session);
    const isFull =
      this.#held.length >= this.capacity || this.sessions.size >= this.capacity + MAX_ENDING;
    if (isFull) {
      this.#say({ type: 'refused', session, fault: 'overloaded' });
      return ahead && this.spares.refuse(ahead, { fault: 'overloaded' });
    }
    const opened = { name: session, clientKind, principal };
    const hosted = new HostedSession(this.#world, this, opened, ahead);
    this.sessions.set(session, hosted);
  }

  get #held(): Held[] {
    return [...this.sessions]
      .filter(([, { isEnded }]) => !isEnded)
      .map(([session, { principal, inFlight, idleMs }]) => ({
        session,
        principal,
        isIdle: inFlight === 0,
        idleMs,
      }));
  }

  #say(frame: ControlUp): void {
    this.#control?.wire.a.send(encodeText(frame));
  }
}

interface Opened {
  readonly name: string;
  readonly clientKind: ClientKind;
  readonly principal: string;
}

export class HostedSession {
  readonly process: ProcessNode;
  readonly principal: string;
  readonly #world: World;
  readonly #runner: RunnerNode;
  readonly #name: string;
  readonly #machine: Session;
  readonly #inbox = new Inbox(bytesForm);
  #outbox = Outbox.ofBytes();
  #end: End | undefined;
  #wire: Wire | undefined;
  #epoch = 0;
  #attempt = 0;
  #timer: { readonly at: number; readonly entry: Scheduled } | undefined;
  #isGone = false;

  constructor(
    world: World,
    runner: RunnerNode,
    { name, clientKind, principal }: Opened,
    ahead: Ahead | undefined,
  ) {
    this.#world = world;
    this.#runner = runner;
    this.#name = name;
    this.principal = principal;
    this.#machine = new Session(
      { limits: { ...LIMITS, maxInFlight: world.maxInFlight }, clientKind },
      runner.now,
    );
    // Each client is a principal of its own.
    this.process = new ProcessNode(world.clock, world.chance, world.history, principal, (line) =>
      world.clock.after(0, () =>
        this.#perform(this.#machine.line(encoder.encode(line), runner.now)),
      ),
    );
    if (ahead) this.#epoch = SPARE_EPOCH;
    if (ahead?.wire) {
      this.#linked(ahead.wire);
      this.#perform(this.#machine.linked(false, runner.now));
    } else this.#dial();
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

  get wire(): Wire | undefined {
    return this.#wire;
  }

  /** The runner died: nothing of this session acts any more. */
  perish(): void {
    this.#isGone = true;
    this.process.die();
    this.#timer?.entry.cancel();
    this.#wire?.cut();
  }

  crashProcess(): void {
    if (!this.process.isAlive) return;
    this.process.die();
    this.#perform(this.#machine.exited('was killed by SIGSEGV', this.#runner.now));
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

  #linked(wire: Wire): void {
    if (this.#isGone) return wire.a.close(CLOSE.done);
    this.#wire = wire;
    this.#end = wire.a;
    this.#outbox = Outbox.ofBytes();
    wire.a.onMessage = (text) => {
      if (text === 'ping') return wire.a.send('pong');
      if (text === 'pong') return this.#answered();
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
    };
    wire.a.onClose = (code) => {
      if (this.#end !== wire.a || this.#isGone) return;
      this.#end = undefined;
      this.#perform(this.#machine.unlinked(this.#runner.now));
      const after = afterSessionClose(code);
      if (after === 'over') this.#over();
      else if (after === 'relink') this.#redial();
    };
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
    const delay = fullJitterMs(this.#attempt, 250, 5_000, this.#world.chance.next());
    this.#attempt += 1;
    this.#world.clock.after(delay, () => this.#dial());
  }

  /** The edge holds nothing of the session. */
  #over(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.process.die();
    this.#timer?.entry.cancel();
    this.#runner.finished(this.#name);
  }

  #perform(effects: readonly SessionEffect[]): void {
    if (this.#isGone) return;
    for (const effect of effects) this.#performOne(effect);
    this.#schedule();
  }

  #performOne(effect: SessionEffect): void {
    switch (effect.do) {
      case 'send':
        for (const frame of this.#world.sabotage.utters(effect.frame)) {
          const bytes = encodeBytes(frame, effect.message);
          this.#say(this.#outbox.push(bytes, () => placeUp(frame), this.#runner.now));
        }
        return;
      case 'withdraw':
        return this.#outbox.withdraw(effect.stream);
      case 'drop':
        return this.#say(this.#outbox.drop(effect.stream, this.#runner.now));
      case 'write':
        return this.#write(decoder.decode(effect.line));
      case 'pause':
        return this.process.pause();
      case 'resume':
        return this.process.resume();
      case 'stop':
        this.process.die();
        return;
      case 'note':
      case 'audit':
        return;
    }
  }

  #write(line: string): void {
    const heldMs = this.#world.sabotage.holdsLineMs();
    if (heldMs === 0) this.process.read(line);
    else this.#world.clock.after(heldMs, () => this.process.read(line));
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
