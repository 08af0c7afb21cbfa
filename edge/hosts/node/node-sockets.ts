// The sockets of an actor as the rules see them (core/ports, `Sockets`). They and their notes live as long as this program: when it
// ends, every socket breaks.
import type { CarryEffect, SocketEffect, Sockets } from '../../core/ports.ts';
import { CLOSE } from '../../../shared/link/close-codes.ts';
import { FAILED_ON_FRAME } from '../../../shared/link/close-reason.ts';
import type { SocketId } from '../../../shared/ids.ts';
import type { CarriedUp } from '../../../shared/link/carried.ts';
import type { EdgeEnd } from './socket.ts';

/** Gets the messages and the ends of an actor's sockets. */
export interface SocketsListener {
  /** Undefined for a message that is not text. */
  message(socket: SocketId, text: string | undefined): void;
  carried(socket: SocketId, frame: CarriedUp): void;
  gone(socket: SocketId): void;
}

interface Kept<Note> {
  readonly end: EdgeEnd;
  note: Note | undefined;
  pingAt: number | undefined;
}

export class NodeSockets<Note> implements Sockets<Note> {
  readonly #listener: SocketsListener;
  readonly #kept = new Map<SocketId, Kept<Note>>();

  constructor(listener: SocketsListener) {
    this.#listener = listener;
  }

  get size(): number {
    return this.#kept.size;
  }

  accept(id: SocketId, end: EdgeEnd): void {
    const kept: Kept<Note> = { end, note: undefined, pingAt: undefined };
    this.#kept.set(id, kept);
    end.listen({
      message: (text) => {
        // Nobody wants messages that come after all sockets were broken off.
        if (this.#kept.get(id) !== kept) return;
        if (text !== 'ping') return this.#listener.message(id, text);
        kept.pingAt = Date.now();
        end.send('pong');
      },
      carried: (frame) => {
        if (this.#kept.get(id) === kept) this.#listener.carried(id, frame);
      },
      closed: () => {
        if (this.#kept.delete(id)) this.#listener.gone(id);
      },
    });
  }

  all(): { id: SocketId; note: Note | undefined }[] {
    return [...this.#kept].map(([id, { note }]) => ({ id, note }));
  }

  isOpen(id: SocketId): boolean {
    return this.#kept.get(id)?.end.isOpen === true;
  }

  pingAt(id: SocketId): number | undefined {
    const kept = this.#kept.get(id);
    return kept?.end.isLocal === true ? Date.now() : kept?.pingAt;
  }

  unreadBytes(id: SocketId): number {
    return this.#kept.get(id)?.end.unreadBytes ?? 0;
  }

  perform(effect: SocketEffect<Note> | CarryEffect): void {
    const kept = this.#kept.get(effect.socket);
    switch (effect.do) {
      case 'send':
        return kept?.end.send(effect.text);
      case 'carry':
        return kept?.end.carry?.(effect.carried, effect.carried.message?.length ?? 0);
      case 'close':
        return kept?.end.close(effect.code, effect.reason);
      case 'note':
        if (kept) kept.note = effect.note;
    }
  }

  /** The handling of a frame failed: its socket ends, and no other. */
  fail(id: SocketId): void {
    this.#kept.get(id)?.end.close(CLOSE.failed, FAILED_ON_FRAME);
  }

  /** Closes all, and hears nothing more of them. */
  breakOff(code: number, reason: string): void {
    const ends = [...this.#kept.values()];
    this.#kept.clear();
    for (const { end } of ends) end.close(code, reason);
  }
}
