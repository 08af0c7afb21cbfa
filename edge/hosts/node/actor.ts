// What both kinds of actors share on this host: a step is one transaction, its effects follow, and a failure ends as little as it can.
import { failureOf, type LogPort } from '../../core/log.ts';
import { CLOSE } from '../../../shared/link/close-codes.ts';
import type { SocketId } from '../../../shared/ids.ts';
import type { CarriedUp } from '../../../shared/link/carried.ts';
import { NodeSockets } from './node-sockets.ts';
import { Asks } from '../../core/asks.ts';
import { isStorageFailure, type Database } from './database.ts';
import { Waker, type Wakers } from './wakers.ts';

/** What an actor is given by its host. */
export interface ActorHost {
  readonly database: Database;
  readonly queue: Wakers;
  readonly log: LogPort;
}

/** The rules that an actor hosts, as far as hosting them is the same for all. */
interface Rules<Effect> {
  readonly wakeAt: number | undefined;
  message(socket: SocketId, text: string | undefined, now: number): readonly Effect[];
  /** A frame from the same program; without, none comes. */
  carried?(socket: SocketId, frame: CarriedUp, now: number): readonly Effect[];
  gone(socket: SocketId, now: number): readonly Effect[];
  tick(now: number): readonly Effect[];
}

const BROKE_AWAY = 'the actor broke away';

export abstract class Actor<Note, Effect, R extends Rules<Effect>> {
  protected readonly sockets: NodeSockets<Note>;
  protected readonly asks = new Asks();
  readonly #host: ActorHost;
  readonly #waker: Waker;
  #rules: R | undefined;
  /** Work elsewhere whose outcome is awaited. */
  #pending = 0;
  #isGone = false;

  protected constructor(host: ActorHost) {
    this.#host = host;
    this.#waker = new Waker(() => this.#unlessItFails(() => this.rules.tick(Date.now())));
    this.sockets = new NodeSockets<Note>({
      message: (socket, text) =>
        this.#frame(socket, () => this.rules.message(socket, text, Date.now())),
      carried: (socket, frame) =>
        this.#frame(socket, () => this.rules.carried?.(socket, frame, Date.now()) ?? []),
      gone: (socket) => this.#unlessItFails(() => this.rules.gone(socket, Date.now())),
    });
  }

  /** Makes the rules, when they are first needed and after a failure of storage. */
  protected abstract makeRules(): R;
  protected abstract perform(effect: Effect): void;
  /** Nothing is left that only its memory holds: true if this life of the actor ends here. */
  protected abstract mayGo(): boolean;
  /** This life of the actor is over. */
  protected abstract letGo(): void;

  protected get rules(): R {
    this.#rules ??= this.makeRules();
    return this.#rules;
  }

  /** An input that is answered under an id. Rejects if it failed, or when the actor breaks away. */
  protected ask<T>(run: (ask: string) => readonly Effect[]): Promise<T> {
    if (this.#isGone) return Promise.reject(new Error(BROKE_AWAY));
    return this.asks.ask((ask) => this.step(() => run(ask)));
  }

  /** One step of the rules; then its effects. Throws what the rules throw. */
  protected step(run: () => readonly Effect[]): void {
    this.performAll(this.inStep(run));
  }

  /** One step of the rules that answers something else than effects; the effects are for {@link performAll}. */
  protected inStep<T>(run: () => T): T {
    try {
      return this.#host.database.step(run);
    } catch (error) {
      if (isStorageFailure(error)) this.breakAway();
      throw error;
    }
  }

  /** Awaits work elsewhere and hands its outcome to the rules; undefined if it failed. */
  protected whenDone<T>(
    work: Promise<T>,
    then: (outcome: { readonly value: T } | undefined) => readonly Effect[],
  ): void {
    this.#pending += 1;
    const settle = (outcome: { readonly value: T } | undefined): void => {
      this.#pending -= 1;
      if (!this.#isGone) this.#unlessItFails(() => then(outcome));
    };
    work.then(
      (value) => settle({ value }),
      () => settle(undefined),
    );
  }

  /** The time has come that the rules have set in their store. */
  protected wake(run: () => readonly Effect[]): void {
    this.#unlessItFails(run);
  }

  /**
   * Ends this life of the actor, as the end of the program would: what waits here is told to ask again, every socket breaks, and the
   * next life reads what is on disk.
   */
  breakAway(code: number = CLOSE.failed, reason = BROKE_AWAY): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.asks.rejectAll(BROKE_AWAY);
    this.sockets.breakOff(code, reason);
    this.letGo();
  }

  #frame(socket: SocketId, handle: () => readonly Effect[]): void {
    if (this.#isGone) return;
    try {
      this.step(handle);
    } catch (error) {
      this.#host.log({
        level: 'error',
        message: 'a frame could not be handled',
        ...failureOf(error),
      });
      this.sockets.fail(socket);
    }
  }

  /** Nobody waits for this input, so nobody could ask again: if it fails, the actor begins anew. */
  #unlessItFails(run: () => readonly Effect[]): void {
    if (this.#isGone) return;
    try {
      this.step(run);
    } catch (error) {
      this.#host.log({ level: 'error', message: 'an actor failed', ...failureOf(error) });
      if (!this.#isGone) this.breakAway();
    }
  }

  #performOne(effect: Effect): void {
    try {
      this.perform(effect);
    } catch (error) {
      this.#host.log({ level: 'error', message: 'an actor failed', ...failureOf(error) });
    }
  }

  /** What a step of the rules wants. */
  protected performAll(effects: readonly Effect[]): void {
    for (const effect of effects) this.#performOne(effect);
    if (this.#isGone) return;
    const { wakeAt } = this.rules;
    this.#host.queue.arm(this.#waker, wakeAt);
    const isAwaited = this.asks.size > 0 || this.#pending > 0 || this.sockets.size > 0;
    if (wakeAt !== undefined || isAwaited || !this.mayGo()) return;
    this.#isGone = true;
    this.letGo();
  }
}
