// The simulated spares of a runner: hosts core/spares on simulated links.
import { SPARE_EPOCH, Spares, type SpareEffect } from '../../runner/core/spares.ts';
import { actorOf } from '../../shared/ids.ts';
import { decodeText, encodeText } from '../../shared/link/codec.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import type { ControlUp, OpenFrame, SpareFrame } from '../../shared/link/control-frames.ts';
import { sessionDown } from '../../shared/link/session-frames.ts';
import type { Fault } from '../../shared/fault.ts';
import type { Scheduled } from './clock.ts';
import { SERVER } from './names.ts';
import { RunnerEnd } from './runner-end.ts';
import { Wire } from './wire.ts';
import type { World } from './world.ts';

/** What a session gets of the spare that it was. */
export interface Ahead {
  readonly end: RunnerEnd | undefined;
}

/** What the runner does for its spares. */
export interface SpareHost {
  readonly name: string;
  readonly boot: string;
  readonly now: number;
  readonly warm: number;
  say(frame: ControlUp): void;
  take(open: OpenFrame): void;
}

export class SpareNode {
  readonly #world: World;
  readonly #host: SpareHost;
  readonly #spares = new Spares();
  readonly #wires = new Map<string, Wire>();
  /** Of those whose dial was accepted. */
  readonly #ends = new WeakMap<Wire, RunnerEnd>();
  /** Of spares that were taken and cannot be served, until the edge closes them. */
  readonly #refusing = new Set<RunnerEnd>();
  #timer: Scheduled | undefined;
  /** Another life of the runner has other spares. */
  #isGone = false;

  constructor(world: World, host: SpareHost) {
    this.#world = world;
    this.#host = host;
    this.configured();
  }

  /** Its runner has read how many there are to be. */
  configured(): void {
    const { warm, now } = this.#host;
    this.#perform(this.#spares.configured(new Map([[SERVER, warm]]), now));
  }

  /** Those that may be handed out. */
  get ready(): string[] {
    return this.#spares.all
      .filter(({ state }) => state === 'ready')
      .map(({ session }) => session)
      .toSorted();
  }

  wireOf(session: string): Wire | undefined {
    return this.#wires.get(session);
  }

  get wires(): Iterable<Wire> {
    return this.#wires.values();
  }

  welcomed(servers: readonly string[]): void {
    this.#perform(this.#spares.welcomed(servers, this.#host.now));
  }

  unlinked(): void {
    this.#perform(this.#spares.unlinked());
    for (const end of this.#refusing) end.close(CLOSE.done);
  }

  named(frame: SpareFrame): void {
    this.#perform(this.#spares.named(frame));
  }

  closed(session: string): void {
    this.#perform(this.#spares.closed(session, this.#host.now));
  }

  taken(session: string): Ahead | undefined {
    if (!this.#spares.has(session)) return undefined;
    const wire = this.#wires.get(session);
    this.#wires.delete(session);
    this.#perform(this.#spares.taken(session, this.#host.now));
    return { end: wire && this.#ends.get(wire) };
  }

  /** It was taken and cannot be served. */
  refuse({ end }: Ahead, fault: Fault): void {
    if (!end) return;
    this.#refusing.add(end);
    end.handTo({
      message: (text) => {
        const reading = decodeText(sessionDown, text);
        if (!reading.ok || reading.frame.header.type !== 'post') return;
        const of = reading.frame.header.id;
        end.send(encodeText({ type: 'refused', of, ...fault, phase: 'not_sent' }));
      },
      pong: () => undefined,
      closed: () => void this.#refusing.delete(end),
    });
  }

  /** The runner died. */
  perish(): void {
    this.#isGone = true;
    this.#timer?.cancel();
    for (const wire of this.#wires.values()) wire.cut();
    for (const { wire } of this.#refusing) wire.cut();
  }

  #perform(effects: readonly SpareEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
    this.#timer?.cancel();
    const at = this.#spares.wakeAt();
    if (at === undefined || this.#isGone) return;
    this.#timer = this.#world.clock.after(Math.ceil(at - this.#host.now), () => {
      this.#perform(this.#spares.tick(this.#host.now));
    });
  }

  #performOne(effect: SpareEffect): void {
    switch (effect.do) {
      case 'want':
        return this.#host.say({ type: 'want', server: effect.server });
      case 'ready':
      case 'withdraw':
        return this.#host.say({ type: effect.do, session: effect.session });
      case 'dial':
        return this.#dial(effect.spare);
      case 'drop': {
        const wire = this.#wires.get(effect.session);
        this.#wires.delete(effect.session);
        return wire?.a.close(CLOSE.done);
      }
    }
  }

  #dial({ session, ticket }: SpareFrame): void {
    const { clock, chance, line } = this.#world;
    const { name: runner, boot } = this.#host;
    const wire = new Wire(clock, chance, 20, line);
    this.#wires.set(session, wire);
    const lost = (): void => {
      if (this.#wires.get(session) === wire) this.#wires.delete(session);
      if (!this.#isGone) this.#perform(this.#spares.lost(session, this.#host.now));
    };
    wire.a.onClose = lost;
    clock.after(chance.between(1, 40), () => {
      if (this.#isGone || this.#world.isPartitioned) return wire.cut();
      const dial = { session, runner, boot, epoch: SPARE_EPOCH, holds: '[]', subprotocol: '' };
      this.#world.actor(actorOf(session)).dial(dial, {
        dialled: { wire, end: wire.b },
        accepted: () => this.#accepted(wire, { session, ticket }, lost),
        refused: () => wire.cut(),
        broken: () => wire.cut(),
      });
    });
  }

  #accepted(wire: Wire, spare: Omit<SpareFrame, 'type' | 'server'>, lost: () => void): void {
    const end = new RunnerEnd(this.#world, wire, {
      message: (text) => {
        if (this.#wires.get(spare.session) === wire) this.#frame(spare, text);
      },
      pong: () => undefined,
      closed: lost,
    });
    this.#ends.set(wire, end);
  }

  #frame({ session, ticket }: Omit<SpareFrame, 'type' | 'server'>, text: string): void {
    const reading = decodeText(sessionDown, text);
    if (!reading.ok) throw new Error(reading.reason);
    const { header } = reading.frame;
    if (header.type === 'welcome')
      return this.#perform(this.#spares.linked(session, this.#host.now));
    if (header.type === 'take') this.#host.take({ ...header, type: 'open', session, ticket });
  }
}
