// What the hosts of the simulated actors share: a clock that is slightly off, a timer, and the ways in which a Durable Object loses
// its memory. An actor can die in any step, either before the step's writes are on disk, or after them and before any effect.
import type { Chance, Scheduled } from './clock.ts';
import type { SteppedStore } from './stores.ts';
import type { World } from './world.ts';

/** The clocks of two machines differ by less than twice this (core/exchange bounds it by a second). */
const SKEW_MS = 450;

/** Where an actor dies: before its writes, or after so many effects. */
interface Doom {
  readonly isUnwritten: boolean;
  readonly effects: number;
}

const doomOf = (chance: Chance): Doom => ({
  isUnwritten: chance.happens(0.3),
  effects: chance.between(0, 3),
});

/** A callback for an answer, or for the crash of whom it was expected of. */
export interface Asker<T> {
  answer(reply: T): void;
  broken(): void;
}

export abstract class ActorHost<Effect> {
  protected readonly world: World;
  protected readonly store: SteppedStore;
  /** Counts lives: what was begun in one is nothing to the next. */
  #life = 0;
  #skewMs: number;
  #doom: Doom | undefined;
  #timer: { readonly at: number; readonly entry: Scheduled } | undefined;
  #alarm: { readonly at: number; readonly entry: Scheduled } | undefined;
  #minted = 0;

  constructor(world: World, store: SteppedStore) {
    this.world = world;
    this.store = store;
    this.#skewMs = world.skew(SKEW_MS);
  }

  /** This machine's clock. */
  get now(): number {
    return this.world.clock.now + this.#skewMs;
  }

  /** When the rules want to be ticked. */
  protected abstract get wakeAt(): number | undefined;
  protected abstract tick(): readonly Effect[];
  protected abstract woken(): readonly Effect[];
  protected abstract performOne(effect: Effect): void;
  /** The memory is gone, in a crash the sockets and all who wait too. */
  protected abstract forget(isCrash: boolean): void;

  /** It dies in the next thing it does. */
  doom(doom = doomOf(this.world.chance)): void {
    this.#doom = doom;
  }

  /** A crash, or a deploy: it comes back on another machine. */
  crash(): void {
    this.#life += 1;
    this.#doom = undefined;
    this.#timer?.entry.cancel();
    this.#timer = undefined;
    this.#skewMs = this.world.skew(SKEW_MS);
    this.forget(true);
    this.#arm();
  }

  /** It sleeps and wakes: memory is gone, sockets stay. */
  protected sleep(): void {
    this.#life += 1;
    this.forget(false);
    this.#arm();
  }

  protected mint = (characters: number): string => String(this.#minted++).padStart(characters, '0');

  /** Lets the rules take one step and performs it. False when it died of that. */
  protected step(run: () => readonly Effect[]): boolean {
    const life = this.#life;
    const doom = this.#doom;
    this.#doom = undefined;
    this.store.begin();
    const effects = run();
    if (doom?.isUnwritten) {
      this.store.rollback();
      this.crash();
      return false;
    }
    for (const [index, effect] of effects.entries()) {
      if (doom && index >= doom.effects) break;
      this.performOne(effect);
    }
    if (doom && this.#life === life) this.crash();
    if (this.#life !== life) return false;
    this.#arm();
    return true;
  }

  /** Asks later whether this life still goes on. */
  protected alive(): () => boolean {
    const life = this.#life;
    return () => this.#life === life;
  }

  /** Goes on after a while, unless it died meanwhile. */
  protected later(ms: number, run: () => void): void {
    const isAlive = this.alive();
    this.world.clock.after(ms, () => {
      if (isAlive()) run();
    });
  }

  #arm(): void {
    this.#timer = this.#armed(this.#timer, this.wakeAt, () => {
      this.#timer = undefined;
      this.step(() => this.tick());
    });
    const { wakesAt } = this.store;
    if (wakesAt === this.#alarm?.at) return;
    this.#alarm?.entry.cancel();
    this.#alarm = undefined;
    this.#alarm = this.#armed(undefined, wakesAt, () => {
      this.#alarm = undefined;
      this.step(() => {
        this.store.fired();
        return this.woken();
      });
    });
  }

  #armed(
    armed: { readonly at: number; readonly entry: Scheduled } | undefined,
    at: number | undefined,
    run: () => void,
  ): { readonly at: number; readonly entry: Scheduled } | undefined {
    if (at !== undefined && armed && armed.at <= at) return armed;
    armed?.entry.cancel();
    if (at === undefined) return undefined;
    return { at, entry: this.world.clock.after(Math.ceil(at - this.now), run) };
  }
}
