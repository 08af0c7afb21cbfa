// The sockets of a session's actor, its runner's and its followers': what is noted on each, what came whole, and what is sent there.
import type { EdgeSessionEffect, EdgeSessionHost, SessionNote } from './session-effects.ts';
import type { Text } from '../../shared/bytes.ts';
import type { CarriedDown } from '../../shared/link/carried.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { splitFrame } from '../../shared/link/parts.ts';
import type { SessionName, SocketId, StreamId } from '../../shared/ids.ts';

/** Characters of an id that distinguishes sockets and probes of one actor: 96 bits. */
export const ID_LENGTH = 16;

/** A peer with this many unread bytes is disconnected; relinking resends what it missed. */
const UNREAD_LIMIT = 64 * 1024 * 1024;

/** What is noted on a runner's socket. */
export type LinkNote = SessionNote & { readonly role: 'runner' };

export class SessionSockets {
  readonly #host: EdgeSessionHost;
  readonly #effect: (effect: EdgeSessionEffect) => void;
  readonly #notes = new Map<SocketId, SessionNote>();
  /** Unfinished frames of followers. */
  readonly #inboxes = new Map<SocketId, Inbox<string, Text>>();

  /** After a sleep, the notes of the sockets that stayed open hold the earlier state. */
  constructor(host: EdgeSessionHost, effect: (effect: EdgeSessionEffect) => void) {
    this.#host = host;
    this.#effect = effect;
    for (const { id, note } of host.sockets.all()) if (note) this.#notes.set(id, note);
  }

  get isEmpty(): boolean {
    return this.#notes.size === 0;
  }

  /** Some are of a session that is not over. */
  get hasSession(): boolean {
    return [...this.#notes.values()].some(({ session }) => session !== undefined);
  }

  noteOf(socket: SocketId): SessionNote | undefined {
    return this.#notes.get(socket);
  }

  /** The runner's newest dial for the newest session. */
  newestLink(): { readonly id: SocketId; readonly note: LinkNote } | undefined {
    let newest: { readonly id: SocketId; readonly note: LinkNote } | undefined;
    for (const [id, note] of this.#notes) {
      if (note.role !== 'runner' || note.epoch === 0 || note.session === undefined) continue;
      const age = newest ? note.placed.openedAt - newest.note.placed.openedAt : 1;
      if (age > 0 || (age === 0 && note.epoch > (newest?.note.epoch ?? 0))) newest = { id, note };
    }
    return newest;
  }

  followersOf(session: SessionName | undefined): [stream: StreamId, socket: SocketId][] {
    const followers: [stream: StreamId, socket: SocketId][] = [];
    for (const [id, note] of this.#notes)
      if (note.role === 'follower' && note.session !== undefined && note.session === session)
        followers.push([note.stream, id]);
    return followers;
  }

  accept(ask: string, note: SessionNote, subprotocol?: string): SocketId {
    const socket = this.#host.mint(ID_LENGTH);
    this.#effect({ do: 'accept', ask, socket, subprotocol });
    this.note(socket, note);
    return socket;
  }

  note(socket: SocketId, note: SessionNote): void {
    this.#notes.set(socket, note);
    this.#effect({ do: 'note', socket, note });
  }

  /** The session is over: what still comes from its sockets is of no session. */
  leave(session: SessionName | undefined): void {
    for (const [socket, note] of this.#notes)
      if (note.session === session) this.note(socket, { ...note, session: undefined });
  }

  /** It is closed. */
  drop(socket: SocketId): void {
    this.#notes.delete(socket);
    this.#inboxes.delete(socket);
  }

  /** A message of a follower. */
  receive(socket: SocketId, text: string): ReturnType<Inbox<string, Text>['push']> {
    let inbox = this.#inboxes.get(socket);
    if (!inbox) {
      inbox = new Inbox(textForm);
      this.#inboxes.set(socket, inbox);
    }
    return inbox.push(text);
  }

  /** To the runner; `waiting`: characters that its line still holds back. */
  down(socket: SocketId, messages: readonly string[], waiting: number): void {
    for (const text of messages) this.#effect({ do: 'send', socket, text });
    this.#bound(socket, waiting);
  }

  /** To a runner in this program. */
  carry(socket: SocketId, carried: CarriedDown): void {
    this.#effect({ do: 'carry', socket, carried });
    this.#bound(socket, 0);
  }

  /** To a follower. */
  tell(socket: SocketId, frame: Text): void {
    for (const text of splitFrame(textForm, frame)) this.#effect({ do: 'send', socket, text });
    this.#bound(socket, frame.length);
  }

  #bound(socket: SocketId, more: number): void {
    if (more + this.#host.sockets.unreadBytes(socket) > UNREAD_LIMIT)
      this.close(socket, CLOSE.comeBack, 'too much is unread');
  }

  close(socket: SocketId, code: number, reason: string): void {
    this.#effect({ do: 'close', socket, code, reason });
  }
}
