// What both actors owe their WebSockets.
import { CLOSE } from '../../shared/link/close-codes.ts';

/** Ends the closing handshake: with hibernation the peer waits until this side closes too. Its reason is not repeated. */
export function completeClose(socket: WebSocket, code: number): void {
  // 1005 and 1006 say that no code came; they can not be sent.
  const isSendable = code !== 1005 && code !== 1006;
  try {
    socket.close(isSendable ? code : CLOSE.done);
  } catch {
    // Closed already.
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
    // Its words may hold what the peer sent; its kind says where to look.
    console.error('a frame could not be handled:', error instanceof Error ? error.name : 'unknown');
    completeClose(socket, CLOSE.failed);
  }
}
