// What both actors owe their WebSockets.
import { consoleLog } from './console-log.ts';
import { failureOf } from '../core/log.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox, type Received } from '../../shared/link/inbox.ts';

/** Ends the closing handshake: with hibernation the peer waits until this side closes too. Its reason is not repeated. */
export function completeClose(socket: WebSocket, code: number): void {
  // 1005 and 1006 say that no code came; they cannot be sent.
  const isSendable = code !== 1005 && code !== 1006;
  try {
    socket.close(isSendable ? code : CLOSE.done);
  } catch {
    // Closed already.
  }
}

/** Frames in parts, of each socket for itself (LP3). */
export class Inboxes {
  readonly #inboxes = new WeakMap<WebSocket, Inbox<string>>();

  /** Takes one WebSocket message. */
  push(socket: WebSocket, text: string): Received<string> {
    let inbox = this.#inboxes.get(socket);
    if (!inbox) {
      inbox = new Inbox(textForm);
      this.#inboxes.set(socket, inbox);
    }
    return inbox.push(text);
  }
}

/** Bytes that a socket's peer has not read yet. */
export const unreadBytes = (socket: WebSocket): number =>
  // Older type definitions do not know the property yet.
  (socket as WebSocket & { readonly bufferedAmount?: number }).bufferedAmount ?? 0;

/** The last guard around what one frame does: whatever it throws ends its socket, never the actor, whose other sockets go on. */
export function contained(socket: WebSocket, handle: () => void): void {
  try {
    handle();
  } catch (error) {
    consoleLog({ level: 'error', message: 'a frame could not be handled', ...failureOf(error) });
    completeClose(socket, CLOSE.failed);
  }
}
