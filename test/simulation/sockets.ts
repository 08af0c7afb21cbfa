// The sockets of a simulated actor. They stay when the actor loses its memory, answer pings by themselves, and break when it
// crashes.
import type { SocketEffect, Sockets } from '../../edge/core/ports.ts';
import { PING_MS } from '../../shared/link/timing.ts';
import type { End, Wire } from './wire.ts';

/** A connection, and which end of it the actor has. */
export interface Dialled {
  readonly wire: Wire;
  readonly end: End;
}

interface Held<Note> extends Dialled {
  readonly acceptedAt: number;
  note: Note | undefined;
}

/** What an actor hears of its sockets. */
interface Listener {
  /** The actor's own clock. */
  now(): number;
  message(socket: string, text: string): void;
  gone(socket: string): void;
}

export class ActorSockets<Note> implements Sockets<Note> {
  readonly #listener: Listener;
  readonly #held = new Map<string, Held<Note>>();

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  accept(id: string, dialled: Dialled): void {
    const { end } = dialled;
    this.#held.set(id, { ...dialled, acceptedAt: this.#listener.now(), note: undefined });
    end.onMessage = (text) => {
      if (text === 'ping') end.send('pong');
      else this.#listener.message(id, text);
    };
    end.onClose = () => {
      if (this.#held.delete(id)) this.#listener.gone(id);
    };
  }

  /** The actor crashed: every socket breaks, and nobody is told here. */
  break(): void {
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const { end } of held) end.close(1006);
  }

  all(): { id: string; note: Note | undefined }[] {
    return [...this.#held].map(([id, { note }]) => ({ id, note }));
  }

  isOpen(id: string): boolean {
    return this.#held.get(id)?.end.isOpen === true;
  }

  /** A peer that has a link pings every ten seconds. It is reckoned, not played: that would be most of what happens in a run. */
  pingAt(id: string): number | undefined {
    const held = this.#held.get(id);
    if (!held) return undefined;
    const heardUntil = this.#listener.now() - (held.wire.brokenForMs ?? 0);
    const pings = Math.floor((heardUntil - held.acceptedAt) / PING_MS);
    return pings > 0 ? held.acceptedAt + pings * PING_MS : undefined;
  }

  unreadBytes(): number {
    return 0;
  }

  perform(effect: SocketEffect<Note>): void {
    const held = this.#held.get(effect.socket);
    switch (effect.do) {
      case 'send':
        return held?.end.send(effect.text);
      case 'close':
        return held?.end.close(effect.code);
      case 'note':
        if (held) held.note = effect.note;
    }
  }
}
