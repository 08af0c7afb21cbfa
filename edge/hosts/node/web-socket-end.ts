// An end of a WebSocket over the network.
import type { WebSocket } from 'ws';
import { NO_CODE, type EndListener, type SocketEnd } from './socket.ts';

export class WebSocketEnd implements SocketEnd {
  readonly isLocal = false;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  get unreadBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: string): void {
    if (this.isOpen) this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  listen(listener: EndListener): void {
    const socket = this.#socket;
    socket.on('message', (data: Buffer, isBinary) =>
      listener.message(isBinary ? undefined : data.toString('utf8')),
    );
    socket.on('close', (code) => listener.closed(code || NO_CODE.broken));
    // A close follows each error.
    socket.on('error', () => undefined);
  }
}
