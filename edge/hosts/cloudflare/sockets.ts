// The WebSockets of an actor as the rules see them (core/ports, `Sockets`): each has an id in its tag and a note in its attachment.
// Both outlive the actor's memory.
import { consoleLog } from './console-log.ts';
import { failureOf } from '../../core/log.ts';
import type { SocketEffect, Sockets } from '../../core/ports.ts';
import { CLOSE } from '../../../shared/link/close-codes.ts';
import type { SocketId } from '../../../shared/ids.ts';

export class ActorSockets<Note> implements Sockets<Note> {
  readonly #ctx: DurableObjectState;
  readonly #open = new Map<SocketId, WebSocket>();
  readonly #ids = new WeakMap<WebSocket, SocketId>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    for (const socket of ctx.getWebSockets()) this.#keep(ctx.getTags(socket)[0] ?? '', socket);
  }

  /** Accepts a socket under this id; returns the answer to its upgrade request. */
  accept(id: string, subprotocol?: string): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server, [id]);
    this.#keep(id, server);
    const headers = subprotocol === undefined ? {} : { 'Sec-WebSocket-Protocol': subprotocol };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /** A message has come; `handle` gets the socket's id and the text, undefined for a binary message. An exception ends that socket only. */
  heard(
    socket: WebSocket,
    data: string | ArrayBuffer,
    handle: (id: string, text: string | undefined) => void,
  ): void {
    const text = typeof data === 'string' ? data : undefined;
    contained(socket, () => handle(this.#idOf(socket), text));
  }

  /** Empty for one that this actor never had. The platform forgets the tags of a socket once both sides have closed it. */
  #idOf(socket: WebSocket): string {
    return this.#ids.get(socket) ?? '';
  }

  #keep(id: string, socket: WebSocket): void {
    this.#open.set(id, socket);
    this.#ids.set(socket, id);
  }

  /** A socket reported its end: completes the closing handshake. */
  closed(socket: WebSocket, code: number): string {
    const id = this.#idOf(socket);
    completeClose(socket, code);
    this.#open.delete(id);
    return id;
  }

  all(): { id: string; note: Note | undefined }[] {
    return [...this.#open].map(([id, socket]) => ({
      id,
      note: (socket.deserializeAttachment() as Note | null) ?? undefined,
    }));
  }

  isOpen(id: string): boolean {
    return this.#open.get(id)?.readyState === WebSocket.OPEN;
  }

  pingAt(id: string): number | undefined {
    const socket = this.#open.get(id);
    return socket && this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime();
  }

  unreadBytes(id: string): number {
    // Older type definitions do not know the property yet.
    const socket = this.#open.get(id) as { readonly bufferedAmount?: number } | undefined;
    return socket?.bufferedAmount ?? 0;
  }

  perform(effect: SocketEffect<Note>): void {
    const socket = this.#open.get(effect.socket);
    switch (effect.do) {
      case 'send':
        if (socket?.readyState === WebSocket.OPEN) socket.send(effect.text);
        return;
      case 'close':
        return socket?.close(effect.code, effect.reason);
      case 'note':
        return socket?.serializeAttachment(effect.note);
    }
  }
}

/** Completes the closing handshake: with hibernation the peer waits until this side closes too. The reason is not repeated. */
export function completeClose(socket: WebSocket, code: number): void {
  // 1005 and 1006 mean that no code came; they cannot be sent.
  const isSendable = code !== 1005 && code !== 1006;
  try {
    socket.close(isSendable ? code : CLOSE.done);
  } catch {
    // Closed already.
  }
}

/** The last guard around the handling of one frame: an exception ends its socket, never the actor; other sockets continue. */
export function contained(socket: WebSocket, handle: () => void): void {
  try {
    handle();
  } catch (error) {
    consoleLog({ level: 'error', message: 'a frame could not be handled', ...failureOf(error) });
    completeClose(socket, CLOSE.failed);
  }
}
