// A session actor that a test drives: inputs in, effects out, with sockets that outlive its memory.
import type { Opening, PlacedSession, Post } from '../../../edge/core/ports.ts';
import { EdgeSession } from '../../../edge/core/session.ts';
import type { EdgeSessionEffect, SessionNote } from '../../../edge/core/session-effects.ts';
import { MemorySessionStore } from '../../simulation/stores.ts';

export const NAME = 's'.repeat(22);
const PLACE = { session: NAME, runner: 'vm', boot: 'b'.repeat(22) };
export const SPARE: PlacedSession = { ...PLACE, openedAt: 5, isSpare: true };
const DIAL = { ...PLACE, holds: '', subprotocol: 'v' };

const post = (id: string): Post => ({
  id,
  stream: id,
  message: '{}',
  wants: 'answer',
  requestIds: ['1'],
});

/** An actor whose sockets outlive its memory; effects are collected. */
export class DrivenActor {
  readonly store = new MemorySessionStore();
  now = 1_000;
  readonly effects: EdgeSessionEffect[] = [];
  readonly #notes = new Map<string, SessionNote>();
  readonly #closed = new Set<string>();
  /** When the runner last pinged. */
  pingAt: number | undefined;
  #minted = 0;
  #session: EdgeSession;

  constructor() {
    this.#session = this.#made();
  }

  #made(): EdgeSession {
    const sockets = {
      all: () => [...this.#notes].map(([id, note]) => ({ id, note })),
      isOpen: (socket: string) => !this.#closed.has(socket),
      pingAt: () => this.pingAt,
      unreadBytes: () => 0,
    };
    const mint = (characters: number): string => String(this.#minted++).padStart(characters, '0');
    return new EdgeSession({ name: NAME, store: this.store, sockets, mint }, this.now);
  }

  /** It sleeps and wakes: its memory is gone, its sockets stay. */
  sleep(): void {
    this.#session = this.#made();
  }

  run(effects: readonly EdgeSessionEffect[]): EdgeSessionEffect[] {
    for (const effect of effects) {
      if (effect.do === 'note') this.#notes.set(effect.socket, effect.note);
      if (effect.do === 'close') this.#closed.add(effect.socket);
    }
    this.effects.push(...effects);
    return [...effects];
  }

  /** The runner dials; the fleet says what the session is. Returns the socket. */
  link(placed: PlacedSession | undefined, epoch = 1): string | undefined {
    const asked = this.run(this.#session.dial('dial', { ...DIAL, epoch }, this.now));
    const found = asked.some((effect) => effect.do === 'find')
      ? this.run(this.#session.found(placed, this.now))
      : asked;
    const accepted = found.find((effect) => effect.do === 'accept');
    return accepted?.do === 'accept' ? accepted.socket : undefined;
  }

  found(placed: PlacedSession | undefined): EdgeSessionEffect[] {
    return this.run(this.#session.found(placed, this.now));
  }

  /** The fleet has heard that the session is over, or broke away. */
  forgotten(isTold = true): EdgeSessionEffect[] {
    return this.run(this.#session.forgotten(NAME, isTold, this.now));
  }

  openWith(opening: Opening, id = 'p1'): EdgeSessionEffect[] {
    return this.run(this.#session.openWith(id, opening, post(id), this.now));
  }

  serve(opening: Opening, id = 'p1'): EdgeSessionEffect[] {
    return this.run(this.#session.serve(id, opening, post(id), this.now));
  }

  release(): EdgeSessionEffect[] {
    return this.run(this.#session.release(NAME, this.now));
  }

  gone(socket: string): EdgeSessionEffect[] {
    this.#notes.delete(socket);
    return this.run(this.#session.gone(socket, this.now));
  }

  post(id: string): EdgeSessionEffect[] {
    return this.run(this.#session.post(id, post(id), this.now));
  }

  /** The runner says something. */
  hear(socket: string, text: string): EdgeSessionEffect[] {
    return this.run(this.#session.message(socket, text, this.now));
  }

  tick(): EdgeSessionEffect[] {
    return this.run(this.#session.tick(this.now));
  }

  get wakeAt(): number | undefined {
    return this.#session.wakeAt;
  }
}

/** What was sent: the types of frames, and pings, in order. */
export const sent = (effects: readonly EdgeSessionEffect[]): string[] =>
  effects.flatMap((effect) =>
    effect.do === 'send' ? [typeOf(effect.text.split('\n', 1)[0] ?? '')] : [],
  );

const typeOf = (line: string): string =>
  line === 'ping' ? line : (JSON.parse(line) as { type: string }).type;
