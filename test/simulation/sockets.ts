// The sockets of a simulated actor. They stay when the actor loses its memory, answer pings by themselves and note when, and break
// when it crashes.
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
  pingAt: number | undefined;
  note: Note | undefined;
}

/** What an actor hears of its sockets. */
interface Listener {
  /** The actor's own clock. */
  now(): number;
  /** Its peers ping every ten seconds; that is reckoned, not played, since it would be most of what happens in a run. */
  readonly reckonsPings?: boolean;
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
    const held: Held<Note> = {
      ...dialled,
      acceptedAt: this.#listener.now(),
      pingAt: undefined,
      note: undefined,
    };
    this.#held.set(id, held);
    end.onMessage = (text) => {
      if (text !== 'ping') return this.#listener.message(id, text);
      held.pingAt = this.#listener.now();
      end.send('pong');
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

  pingAt(id: string): number | undefined {
    const held = this.#held.get(id);
    if (!held || !this.#listener.reckonsPings) return held?.pingAt;
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
