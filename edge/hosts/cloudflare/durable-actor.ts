// What both kinds of actors share on this host: the sockets' events are inputs of the rules, and what a step of them wants is performed
// and its time kept.
import { DurableObject } from 'cloudflare:workers';
import { Asks } from '../../core/asks.ts';
import type { SocketId } from '../../../shared/ids.ts';
import type { Env } from './env.ts';
import { ActorSockets } from './sockets.ts';
import { ActorTimer } from './timer.ts';

/** The rules that an actor hosts, as far as hosting them is the same for all. */
interface Rules<Effect> {
  readonly wakeAt: number | undefined;
  message(socket: SocketId, text: string | undefined, now: number): readonly Effect[];
  gone(socket: SocketId, now: number): readonly Effect[];
  tick(now: number): readonly Effect[];
}

/** WebSocket close code: the peer sent no code. */
const NO_CODE = 1006;

export abstract class DurableActor<Note, Effect> extends DurableObject<Env> {
  protected readonly sockets = new ActorSockets<Note>(this.ctx);
  protected readonly asks = new Asks();
  protected abstract readonly rules: Rules<Effect>;
  readonly #timer = new ActorTimer(() => this.performAll(this.rules.tick(Date.now())));

  protected abstract perform(effect: Effect): void;

  /** An input that is answered under an id. */
  protected ask<T>(run: (ask: string) => readonly Effect[]): Promise<T> {
    return this.asks.ask((ask) => this.performAll(run(ask)));
  }

  /** What a step of the rules wants. */
  protected performAll(effects: readonly Effect[]): void {
    for (const effect of effects) this.perform(effect);
    this.arm();
  }

  /** What a step of the rules wants, and what it answers at once. */
  protected performed<T>(effects: readonly Effect[], answer: T): T {
    this.performAll(effects);
    return answer;
  }

  /** Has the rules ticked when they want that. */
  protected arm(): void {
    this.#timer.arm(this.rules.wakeAt);
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    this.sockets.heard(socket, data, (id, text) =>
      this.performAll(this.rules.message(id, text, Date.now())),
    );
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.performAll(this.rules.gone(this.sockets.closed(socket, code), Date.now()));
  }

  override webSocketError(socket: WebSocket): void {
    this.webSocketClose(socket, NO_CODE);
  }
}
