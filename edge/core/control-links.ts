// The runners' control links, as the fleet's actor has them: which socket is whose, whether it still lives, what came on it whole, and
// what is said there. What the frames mean is core/fleet's.
import type { ControlDial, SocketEffect, Sockets } from './ports.ts';
import { isSilent } from './silence.ts';
import { wholeText, type Text } from '../../shared/bytes.ts';
import type { Dues } from '../../shared/dues.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { decodeText, encodeText } from '../../shared/link/codec.ts';
import { controlUp, type ControlDown, type ControlUp } from '../../shared/link/control-frames.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { HELLO_WAIT_MS } from '../../shared/link/timing.ts';
import type { RunnerName, SocketId } from '../../shared/ids.ts';

/** The note on a control socket, kept while the fleet sleeps. */
export interface ControlNote {
  readonly runner: RunnerName;
  readonly granted: readonly string[] | '*';
  /** Servers that are bound to other runners. */
  readonly withheld: readonly string[];
  /** These two: see ControlDial. */
  readonly from?: string | undefined;
  readonly use?: ControlDial['use'] | undefined;
  readonly hasHello: boolean;
  /** Of the runner's package, as its hello says. */
  readonly version?: string | undefined;
  /** When it was accepted; until its first ping, this is its last sign of life. */
  readonly at: number;
}

interface Control {
  note: ControlNote;
  /** A hello with many sessions comes in parts (LP3). */
  readonly inbox: Inbox<string, Text>;
}

/** What the fleet wants to be told. */
interface Listener {
  effect(effect: SocketEffect<ControlNote>): void;
  /** A socket is gone, or was closed here. */
  lost(socket: SocketId, note: ControlNote, now: number): void;
}

export class ControlLinks {
  readonly #sockets: Sockets<ControlNote>;
  readonly #listener: Listener;
  readonly #controls = new Map<SocketId, Control>();

  /** After a sleep, the notes of the sockets that stayed open hold the earlier state. */
  constructor(sockets: Sockets<ControlNote>, listener: Listener) {
    this.#sockets = sockets;
    this.#listener = listener;
    for (const { id, note } of sockets.all()) if (note) this.#add(id, note);
  }

  noteOf(socket: SocketId): ControlNote | undefined {
    return this.#controls.get(socket)?.note;
  }

  /** All sockets of a runner, also those that have not said hello. */
  of(runner: RunnerName): { readonly socket: SocketId; readonly note: ControlNote }[] {
    return [...this.#controls]
      .filter(([, { note }]) => note.runner === runner)
      .map(([socket, { note }]) => ({ socket, note }));
  }

  /** It is accepted. */
  add(socket: SocketId, note: ControlNote): void {
    this.#add(socket, note);
    this.#listener.effect({ do: 'note', socket, note });
  }

  #add(socket: SocketId, note: ControlNote): void {
    this.#controls.set(socket, { note, inbox: new Inbox(textForm) });
  }

  /** It said hello. */
  greeted(socket: SocketId, version: string | undefined): void {
    const control = this.#controls.get(socket);
    if (!control) return;
    control.note = { ...control.note, hasHello: true, ...(version !== undefined && { version }) };
    this.#listener.effect({ do: 'note', socket, note: control.note });
  }

  /** A frame of the runner, once it is whole; `text`: undefined for a message that is none. */
  receive(socket: SocketId, text: string | undefined, now: number): ControlUp | undefined {
    const control = this.#controls.get(socket);
    if (!control) return undefined;
    if (text === undefined) return this.#end(socket, CLOSE.protocol, 'frames are text', now);
    const received = control.inbox.push(text);
    switch (received.state) {
      case 'partial':
        return undefined;
      case 'too_large':
        return this.#end(socket, CLOSE.tooLarge, 'frame too large', now);
      case 'broken':
        return this.#end(socket, CLOSE.protocol, OUTSIDE_PROTOCOL, now);
      case 'whole': {
        const reading = decodeText(controlUp, wholeText(received.frame));
        if (!reading.ok) return this.#end(socket, CLOSE.protocol, OUTSIDE_PROTOCOL, now);
        return reading.frame.header;
      }
    }
  }

  #end(socket: SocketId, code: number, reason: string, now: number): undefined {
    this.close(socket, code, reason, now);
  }

  say(socket: SocketId, frame: ControlDown): void {
    this.#listener.effect({ do: 'send', socket, text: encodeText(frame) });
  }

  close(socket: SocketId, code: number, reason: string, now: number): void {
    this.#listener.effect({ do: 'close', socket, code, reason });
    this.drop(socket, now);
  }

  /** Forgets a socket. */
  drop(socket: SocketId, now: number): void {
    const control = this.#controls.get(socket);
    this.#controls.delete(socket);
    if (control) this.#listener.lost(socket, control.note, now);
  }

  /** The runner's live control socket. A socket that missed its pings is closed here, at the moment it would be used. */
  socketOf(runner: RunnerName, now: number): SocketId | undefined {
    const socket = this.openSocketOf(runner);
    if (socket === undefined) return undefined;
    const at = this.noteOf(socket)?.at ?? now;
    if (!isSilent(this.#sockets.pingAt(socket) ?? at, now)) return socket;
    this.close(socket, CLOSE.heartbeat, 'no ping', now);
    return undefined;
  }

  openSocketOf(runner: RunnerName): SocketId | undefined {
    for (const [socket, { note }] of this.#controls)
      if (note.runner === runner && note.hasHello && this.#sockets.isOpen(socket)) return socket;
    return undefined;
  }

  readonly dues: Dues = (due) => {
    for (const [socket, { note }] of this.#controls) {
      const act = (now: number): void => this.close(socket, CLOSE.heartbeat, 'no hello', now);
      due(note.hasHello ? undefined : note.at + HELLO_WAIT_MS, act, HELLO_WAIT_MS);
    }
  };
}
