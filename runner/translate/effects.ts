// Collects what a translation wants done, in order, and numbers its processes.
import type { BridgeRequestId, ServerName } from '../../shared/ids.ts';
import { errorResponse, type ErrorObject } from '../../shared/jsonrpc/message.ts';
import { MessageView } from '../../shared/jsonrpc/view.ts';
import { DropNotes } from '../core/drop-notes.ts';
import type { KnownEras, TranslateEffect } from './translator.ts';

const encoder = new TextEncoder();

/** A message as it is; bytes; text that is JSON already; or a message without its `jsonrpc`. */
export type Outgoing = MessageView | Uint8Array | string | object;

/** The slot of the first process; a legacy client's session has no other. */
export const FIRST_SLOT = 1;

export class Effects {
  readonly #drops = new DropNotes();
  #pending: TranslateEffect[] = [];
  #nextSlot = FIRST_SLOT;
  #notified: number[] = [];
  /** Slots of the processes that have answered. */
  readonly #hasServed = new Set<number>();

  /** Starts a process and returns its slot. `member`: of a virtual server, whose process it is. */
  start(member?: ServerName): number {
    const slot = this.#nextSlot++;
    this.#pending.push({ do: 'start', slot, ...(member !== undefined && { member }) });
    return slot;
  }

  stop(slot: number, reason: string): void {
    this.#pending.push({ do: 'stop', slot, reason });
  }

  /** Once for each process, however often it is called. */
  served(slot: number): void {
    if (this.#hasServed.has(slot)) return;
    this.#hasServed.add(slot);
    this.#pending.push({ do: 'served', slot });
  }

  learned(era: keyof KnownEras, isServed: boolean | undefined): void {
    this.#pending.push({ do: 'learned', era, isServed });
  }

  /** The process at `slot` is gone. */
  forget(slot: number): void {
    this.#hasServed.delete(slot);
  }

  /** The only process is gone, and its session with it. */
  exited(description: string): void {
    this.#pending.push({ do: 'exited', description });
  }

  write(slot: number, message: Outgoing): void {
    this.#pending.push({
      do: 'write',
      slot,
      line: lineOf(message),
      ...(message instanceof MessageView && { message }),
    });
  }

  /** Writes a notification. Some servers answer it anyway, so the reader of the process's output must know of it. */
  notify(slot: number, message: Outgoing): void {
    this.write(slot, message);
    this.#notified.push(slot);
  }

  /** Tells a process that the answer to a request is no longer wanted. */
  cancel(slot: number, requestId: BridgeRequestId, reason?: string): void {
    this.notify(slot, cancelled(requestId, reason));
  }

  /** The slots of the processes that were notified since the last look. */
  takeNotified(): number[] {
    return this.#notified.splice(0);
  }

  /** `bridgeId`: the session's id of the call that a notification or a request belongs to. */
  say(message: Outgoing, bridgeId?: BridgeRequestId): void {
    this.#pending.push({
      do: 'say',
      line: lineOf(message),
      ...(bridgeId !== undefined && { bridgeId }),
      ...(message instanceof MessageView && { message }),
    });
  }

  /** Answers the session's request `id` in a process's place; `result` is JSON text. */
  answer(id: BridgeRequestId, result: string): void {
    this.say(`{"jsonrpc":"2.0","id":${String(id)},"result":${result}}`);
  }

  /** Answers the session's request `id` with an error. */
  fail(id: BridgeRequestId, error: ErrorObject): void {
    this.say(errorResponse(String(id), error));
  }

  note(level: 'debug' | 'info' | 'warn', words: string, fields: object = {}): void {
    this.#pending.push({ do: 'note', level, words, fields });
  }

  /** Notes that something was dropped, but not every time. */
  drop(words: string, fields: object, now: number): void {
    const note = this.#drops.count(`${words}; dropped`, fields, now);
    if (note) this.#pending.push(note);
  }

  take(): TranslateEffect[] {
    const effects = this.#pending;
    this.#pending = [];
    return effects;
  }
}

/** `notifications/cancelled`, of either side. */
export const cancelled = (requestId: BridgeRequestId | string, reason?: string): object => ({
  method: 'notifications/cancelled',
  params: { requestId, reason },
});

function lineOf(message: Outgoing): Uint8Array {
  if (message instanceof MessageView) return message.bytes;
  if (message instanceof Uint8Array) return message;
  if (typeof message === 'string') return encoder.encode(message);
  return encoder.encode(JSON.stringify({ jsonrpc: '2.0', ...message }));
}
