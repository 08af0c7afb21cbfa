// What a legacy client's translation wants done, gathered in order, and the ids it mints.
import { OWN_IDS_FROM } from '../core/calls.ts';
import { DropNotes } from '../core/drop-notes.ts';
import { errorResponse } from '../../shared/jsonrpc/message.ts';
import type { TranslateEffect } from './translator.ts';
import type { RequestId } from './ids.ts';

/** A legacy client's session has one process. */
export const SLOT = 0;

const encoder = new TextEncoder();

export class Outbox {
  #effects: TranslateEffect[] = [];
  readonly #drops = new DropNotes();
  #nextId = OWN_IDS_FROM;
  #questions = 0;

  /** An integer for a request of the bridge's own to the process, as SDKs send them, from a range of their own. */
  mint(): number {
    return this.#nextId++;
  }

  /** Whether {@link mint} has given this id. */
  wasMinted(id: number): boolean {
    return id >= OWN_IDS_FROM && id < this.#nextId;
  }

  /** A text that was not used before in this session, for a question to the client. */
  mintQuestion(): string {
    return `mcp-bridge-${String(++this.#questions)}`;
  }

  push(effect: TranslateEffect): void {
    this.#effects.push(effect);
  }

  /** A line for the process. */
  write(line: Uint8Array | string): void {
    this.push({ do: 'write', slot: SLOT, line: bytesOf(line) });
  }

  /** A message for the client; `call` as in {@link TranslateEffect}. */
  say(line: Uint8Array | string, call?: number): void {
    const said = { do: 'say' as const, line: bytesOf(line) };
    this.push(call === undefined ? said : { ...said, call });
  }

  /** Answers a request of the client in the process's place; `result` is JSON text. */
  answer(id: number, result: string): void {
    this.say(`{"jsonrpc":"2.0","id":${String(id)},"result":${result}}`);
  }

  refuse(id: number, code: number, message: string): void {
    this.say(errorResponse(String(id), { code, message }));
  }

  /** Tells the process that a request is not wanted any more. */
  cancel(requestId: number): void {
    this.write(cancelledLine(requestId));
  }

  note(level: 'debug' | 'info' | 'warn', words: string, fields: object = {}): void {
    this.push({ do: 'note', level, words, fields });
  }

  /** Notes what is dropped, but not every time. */
  drop(words: string, fields: object, now: number): void {
    const note = this.#drops.count(`${words}; dropped`, fields, now);
    if (note) this.push(note);
  }

  take(): TranslateEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

/** `notifications/cancelled` for a request of the bridge's own. */
export function cancelledLine(requestId: RequestId, reason?: string): string {
  const params = { requestId, reason };
  return JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
}

const bytesOf = (line: Uint8Array | string): Uint8Array =>
  typeof line === 'string' ? encoder.encode(line) : line;
