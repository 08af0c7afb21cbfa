// The requests that a translation sends to a process on its own account. They look like those of every SDK: their ids are
// integers, from a range of their own, so that they never collide with a session's.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { OWN_IDS_FROM } from '../core/request-ids.ts';
import { unusable } from '../core/hearing.ts';
import { faultError } from '../../shared/fault.ts';
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import { isParsable, textAt } from '../../shared/jsonrpc/members.ts';
import type { Effects } from './effects.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';

export type OwnAnswer =
  | {
      readonly ok: true;
      /** The members of the result that {@link READ} names, parsed. */
      readonly result: Readonly<Record<string, unknown>>;
      /** The answer itself: what may be large is read by its bytes. */
      readonly message: MessageView;
    }
  | { readonly ok: false; readonly error: Partial<ErrorObject> };

type Listener = (answer: OwnAnswer, now: number) => void;

/** The members that are read of a method's results. Results may have any size, so they are never parsed as a whole. */
const READ: Readonly<Record<string, readonly string[]>> = {
  initialize: ['protocolVersion', 'capabilities', 'serverInfo', 'instructions'],
  'server/discover': ['supportedVersions'],
  'tools/list': ['nextCursor'],
};

/** Number of remembered requests whose answers nobody waits for, so that these are not taken for other answers. */
const MAX_UNWAITED = 16;

/** No result of these methods has so many. */
const MAX_MEMBERS = 1_000;

const TOO_LARGE = faultError(unusable('it is larger or deeper than can be read'));

interface Asked {
  readonly slot: number;
  readonly method: string;
  readonly answered: Listener;
}

export class OwnRequests {
  readonly #effects: Effects;
  /** By id. */
  readonly #asked = new Map<BridgeRequestId, Asked>();
  /** The newest requests that nobody waits for, with their slots. */
  readonly #unwaited = new Map<BridgeRequestId, number>();
  #nextId: number = OWN_IDS_FROM;

  constructor(effects: Effects) {
    this.#effects = effects;
  }

  /** Without `answered` nobody waits for the answer. */
  send(slot: number, method: string, params: object, answered?: Listener): void {
    const id = this.mint();
    if (answered) this.#asked.set(id, { slot, method, answered });
    else {
      this.#unwaited.set(id, slot);
      const [oldest = id] = this.#unwaited.keys();
      if (this.#unwaited.size > MAX_UNWAITED) this.#unwaited.delete(oldest);
    }
    this.#effects.write(slot, { id, method, params });
  }

  /** An id for a request whose answer the caller recognizes itself. */
  mint(): BridgeRequestId {
    return this.#nextId++ as BridgeRequestId;
  }

  /** Takes an answer; false if it answers none of these requests. */
  answer(slot: number, message: MessageView, now: number): boolean {
    const id = bridgeIdOf(message.id);
    if (id === undefined || !this.wasMade(id)) return false;
    this.#unwaited.delete(id);
    const asked = this.#asked.get(id);
    if (asked?.slot !== slot) return true;
    this.#asked.delete(id);
    asked.answered(answerIn(asked.method, message), now);
    return true;
  }

  /** Whether a request was made under this id. */
  wasMade(id: BridgeRequestId): boolean {
    return id >= OWN_IDS_FROM && id < this.#nextId;
  }

  /** Whether {@link owed} has this id. */
  owes(slot: number, id: BridgeRequestId): boolean {
    return this.#asked.get(id)?.slot === slot || this.#unwaited.get(id) === slot;
  }

  /** The ids of the requests that the process at `slot` owes an answer to. */
  owed(slot: number): BridgeRequestId[] {
    const asked = [...this.#asked].flatMap(([id, of]) => (of.slot === slot ? [id] : []));
    const unwaited = [...this.#unwaited].flatMap(([id, of]) => (of === slot ? [id] : []));
    return [...asked, ...unwaited];
  }

  /** The process at `slot` will not answer any more. */
  forget(slot: number): void {
    for (const [id, asked] of this.#asked) if (asked.slot === slot) this.#asked.delete(id);
    for (const [id, of] of this.#unwaited) if (of === slot) this.#unwaited.delete(id);
  }
}

function answerIn(method: string, message: MessageView): OwnAnswer {
  const { bytes } = message;
  if (message.kind === 'error') {
    const error = message.parsed('error');
    return { ok: false, error: typeof error === 'object' && error ? error : {} };
  }
  const result: Record<string, unknown> = {};
  const names = READ[method] ?? [];
  let count = 0;
  for (const { key, value } of message.members('result')) {
    const isTooMuch = ++count > MAX_MEMBERS || (names.includes(key) && !isParsable(bytes, value));
    if (isTooMuch) return { ok: false, error: TOO_LARGE };
    if (names.includes(key)) result[key] = JSON.parse(textAt(bytes, value));
  }
  return { ok: true, result, message };
}
