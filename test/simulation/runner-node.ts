// The simulated runner: hosts the production session machine on simulated processes, links and time.
import type { Fault } from '../../shared/fault.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { decodeBytes, encodeBytes } from '../../shared/link/codec.ts';
import { bytesForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { Outbox } from '../../shared/link/outbox.ts';
import type { Hold } from '../../shared/link/parts.ts';
import { placeUp } from '../../shared/link/places.ts';
import { actorOf } from '../../shared/ids.ts';
import type { Transport } from '../../shared/link/control-frames.ts';
import { sessionDown } from '../../shared/link/session-frames.ts';
import { fullJitterMs } from '../../shared/backoff.ts';
import type { SessionEffect } from '../../runner/core/session-effects.ts';
import { Session } from '../../runner/core/session.ts';
import type { Scheduled } from './clock.ts';
import { ProcessNode } from './process-node.ts';
import type { World } from './world.ts';
import { Wire, type End } from './wire.ts';

const LIMITS = {
  idleTimeoutMs: 30 * 60_000,
  vanishTimeoutMs: 30_000,
  requestTimeoutMs: 300_000,
  requestLimitMs: 3_600_000,
  startTimeoutMs: 30_000,
  maxInFlight: 64,
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class RunnerNode {
  readonly #world: World;
  readonly sessions = new Map<string, HostedSession>();
  #boots = 0;
  isUp = true;

  constructor(world: World) {
    this.#world = world;
  }

  get boot(): string {
    return `boot${String(this.#boots)}`;
  }

  open(session: string, transport: Transport): Fault | undefined {
    if (!this.isUp) return { fault: 'runner_offline' };
    this.sessions.set(session, new HostedSession(this.#world, this, session, transport));
    return undefined;
  }

  /** The newest session of an actor. */
  hosted(actor: string): HostedSession | undefined {
    return [...this.sessions].findLast(([session]) => actorOf(session) === actor)?.[1];
  }

  /** kill -9 and a restart: every process of the old boot is gone, and the edge learns of the new boot. */
  crash(downMs: number): void {
    if (!this.isUp) return;
    this.isUp = false;
    for (const hosted of this.sessions.values()) hosted.perish();
    this.sessions.clear();
    this.#world.clock.after(downMs, () => {
      this.#boots += 1;
      this.isUp = true;
      this.#world.runnerBooted(this.boot);
    });
  }
}

export class HostedSession {
  readonly process: ProcessNode;
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

  constructor(world: World, runner: RunnerNode, name: string, transport: Transport) {
    this.#world = world;
    this.#runner = runner;
    this.#name = name;
    this.#machine = new Session({ limits: LIMITS, transport }, world.clock.now);
    const actor = actorOf(name);
    this.process = new ProcessNode(world.clock, world.chance, world.history, actor, (line) =>
      world.clock.after(0, () =>
        this.#perform(this.#machine.line(encoder.encode(line), world.clock.now)),
      ),
    );
    this.#dial();
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
    this.#perform(this.#machine.exited('was killed by SIGSEGV', this.#world.clock.now));
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
      const accepted = this.#world
        .actor(actorOf(this.#name))
        .acceptLink(this.#name, this.#runner.boot, epoch, wire.b, this.#inbox.relinked());
      if (!accepted) return this.#over();
      this.#linked(wire);
    });
  }

  #linked(wire: Wire): void {
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
      this.#perform(this.#machine.receive(header, message, this.#world.clock.now));
    };
    wire.a.onClose = (code) => {
      if (this.#end !== wire.a || this.#isGone) return;
      this.#end = undefined;
      this.#perform(this.#machine.unlinked(this.#world.clock.now));
      if (code === CLOSE.done) this.#over();
      else if (code !== CLOSE.replaced) this.#redial();
    };
  }

  #resume(holds: readonly Hold[]): void {
    this.#outbox.resume(holds.map((hold) => this.#world.sabotage.resumes(hold)));
  }

  #answered(): void {
    const { now } = this.#world.clock;
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
    this.#isGone = true;
    this.process.die();
    this.#timer?.entry.cancel();
    this.#runner.sessions.delete(this.#name);
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
          this.#say(this.#outbox.push(bytes, () => placeUp(frame), this.#world.clock.now));
        }
        return;
      case 'withdraw':
        return this.#outbox.withdraw(effect.stream);
      case 'drop':
        return this.#say(this.#outbox.drop(effect.stream, this.#world.clock.now));
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
    const { clock } = this.#world;
    const at = this.#machine.wakeAt();
    if (at === undefined || (this.#timer && this.#timer.at <= at)) return;
    this.#timer?.entry.cancel();
    const entry = clock.after(at - clock.now, () => {
      this.#timer = undefined;
      this.#perform(this.#machine.tick(clock.now));
    });
    this.#timer = { at, entry };
  }
}
