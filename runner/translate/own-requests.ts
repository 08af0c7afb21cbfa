// The requests a translation makes of a process on its own account. Their ids are strings, so that they never meet a session's.
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import { parsedAt } from '../../shared/jsonrpc/members.ts';
import type { Effects } from './effects.ts';
import type { Message } from './message.ts';

export type OwnAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: Partial<ErrorObject> };

type Listener = (answer: OwnAnswer, now: number) => void;

const PREFIX = 'bridge:';

/** A raw id of these requests. */
const OWN_ID = /^"bridge:\d+"$/;

export class OwnRequests {
  readonly #effects: Effects;
  /** By raw id. */
  readonly #asked = new Map<string, { readonly slot: number; readonly answered: Listener }>();
  #count = 0;

  constructor(effects: Effects) {
    this.#effects = effects;
  }

  /** Without `answered` the answer is of no use, and not waited for. */
  send(slot: number, method: string, params: object, answered?: Listener): void {
    const id = `${PREFIX}${String(++this.#count)}`;
    if (answered) this.#asked.set(JSON.stringify(id), { slot, answered });
    this.#effects.write(slot, { id, method, params });
  }

  /** Takes an answer in; false when it can answer none of these requests. */
  answer(slot: number, message: Message, now: number): boolean {
    if (message.id === undefined || !OWN_ID.test(message.id)) return false;
    const asked = this.#asked.get(message.id);
    if (asked?.slot !== slot) return true;
    this.#asked.delete(message.id);
    asked.answered(
      message.kind === 'result'
        ? { ok: true, result: parsedAt(message.bytes, 'result') }
        : { ok: false, error: parsedAt(message.bytes, 'error') ?? {} },
      now,
    );
    return true;
  }

  /** The process at `slot` answers no more. */
  forget(slot: number): void {
    for (const [id, asked] of this.#asked) if (asked.slot === slot) this.#asked.delete(id);
  }
}
