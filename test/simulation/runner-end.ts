// The runner's end of a simulated session link: its heartbeat, and who hears what comes. It stays when a spare gets its session.
import { Heartbeat, type Beat } from '../../shared/link/heartbeat.ts';
import type { Scheduled } from './clock.ts';
import type { Wire } from './wire.ts';
import type { World } from './world.ts';

export interface EndListener {
  message(text: string): void;
  /** A ping was answered. */
  pong(): void;
  closed(code: number): void;
}

export class RunnerEnd {
  readonly wire: Wire;
  readonly #world: World;
  readonly #heartbeat: Heartbeat;
  #listener: EndListener;
  #timer: { readonly at: number; readonly entry: Scheduled } | undefined;
  /** The link has opened. */
  constructor(world: World, wire: Wire, listener: EndListener) {
    this.#world = world;
    this.wire = wire;
    this.#listener = listener;
    this.#heartbeat = new Heartbeat(true, world.clock.now, 0);
    wire.a.onMessage = (text) => this.#came(text);
    wire.a.onClose = (code) => {
      this.#timer?.entry.cancel();
      this.#listener.closed(code);
    };
    wire.a.send('ping');
    this.#arm();
  }

  get isOpen(): boolean {
    return this.wire.a.isOpen;
  }

  handTo(listener: EndListener): void {
    this.#listener = listener;
  }

  send(text: string): void {
    this.wire.a.send(text);
    this.#did(this.#heartbeat.left(this.#world.clock.now, this.wire.bytesRead));
  }

  close(code: number): void {
    this.wire.a.close(code);
  }

  /** It may be half-open. */
  doubt(): void {
    if (this.isOpen) this.#did(this.#heartbeat.ask(this.#world.clock.now, this.wire.bytesRead));
  }

  /** It is half-open: nobody else hears of it. */
  giveUp(): void {
    this.wire.a.end(1006);
  }

  #came(text: string): void {
    if (text === 'pong') return this.#listener.pong();
    this.#heartbeat.came(this.#world.clock.now);
    this.#arm();
    if (text === 'ping') this.wire.a.send('pong');
    else this.#listener.message(text);
  }

  #did(beat: Beat): void {
    if (beat === 'silent') return this.giveUp();
    if (beat === 'ping') this.wire.a.send('ping');
    this.#arm();
  }

  #arm(): void {
    const { clock, chance } = this.#world;
    const { dueAt } = this.#heartbeat;
    if (!this.isOpen || this.#timer?.at === dueAt) return;
    this.#timer?.entry.cancel();
    const entry = clock.after(dueAt - clock.now, () => {
      this.#timer = undefined;
      if (this.isOpen)
        this.#did(this.#heartbeat.tick(clock.now, this.wire.bytesRead, chance.next()));
    });
    this.#timer = { at: dueAt, entry };
  }
}
