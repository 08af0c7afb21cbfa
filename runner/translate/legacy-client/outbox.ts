// What a legacy client's translation wants done, gathered in order, and the ids it mints: texts, so that they never equal
// a session's own integers.
import { errorResponse } from '../../../shared/jsonrpc/message.ts';
import type { TranslateEffect } from '../translator.ts';

/** A legacy client's session has one process. */
export const SLOT = 0;

const encoder = new TextEncoder();

export class Outbox {
  #effects: TranslateEffect[] = [];
  #minted = 0;

  /** A text that was not used before in this session, for a request of the bridge's own. */
  mint(): string {
    return `mcp-bridge-${String(++this.#minted)}`;
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
  cancel(requestId: string): void {
    this.write(cancelledLine(requestId));
  }

  note(level: 'debug' | 'info' | 'warn', words: string, fields: object = {}): void {
    this.push({ do: 'note', level, words, fields });
  }

  take(): TranslateEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

/** `notifications/cancelled` for a request of the bridge's own. */
export function cancelledLine(requestId: string, reason?: string): string {
  const params = { requestId, reason };
  return JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
}

const bytesOf = (line: Uint8Array | string): Uint8Array =>
  typeof line === 'string' ? encoder.encode(line) : line;
