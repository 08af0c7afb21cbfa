// What both actors owe their WebSockets.
import { CLOSE } from '../../shared/link/close-codes.ts';

/** Ends the closing handshake: with hibernation the peer waits until this side closes too. */
export function completeClose(socket: WebSocket, code: number, reason: string): void {
  // 1005 and 1006 say that no code came; they can not be sent.
  const isSendable = code !== 1005 && code !== 1006;
  try {
    socket.close(isSendable ? code : CLOSE.done, reason);
  } catch {
    // Closed already.
  }
}
