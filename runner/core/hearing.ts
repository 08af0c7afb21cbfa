// Decides which call an answer belongs to if it cannot be read, or names no waiting request. So no call waits until its
// deadline for an answer that has come, and no working call is ended by a line of log. There is one for each process. Pure: the
// time is an input.
import type { Fault } from '../../shared/fault.ts';
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { Broken } from '../../shared/jsonrpc/mend.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { earliest } from '../../shared/dues.ts';
import { bridgeIdIn, bridgeIdOf } from './bridge-ids.ts';
import { RareMap } from '../../shared/rare-map.ts';

/** The requests sent to a process, by its ids. */
export interface Owed {
  /** The process has not answered this request. */
  has(id: BridgeRequestId): boolean;
  /** A request with this id was sent, however it ended. */
  wasAsked(id: BridgeRequestId): boolean;
  /** The only unanswered request, from any sender; undefined if there are none or several. */
  only(): BridgeRequestId | undefined;
}

/** A request whose answer came but cannot be used. */
export interface Failed {
  readonly id: BridgeRequestId;
  /** Completes "the server sent an answer that cannot be used: …". */
  readonly reason: string;
  /** The process's error response to the request, without an id or with an unknown one. */
  readonly error?: Uint8Array;
}

/** If it is not certain, the real answer gets this long to come: a process that prints both prints them together. */
export const DOUBT_MS = 1_000;

/** What looks like a quotation in a log is allowed longer: a server that is a proxy logs what the server behind it said. */
export const QUOTED_MS = 3_000;

/** Notifications have no answer, but some servers send one: an answer within this time of a notification may be one. */
const NOTIFIED_MS = 5_000;

/** Number of remembered answers, so that one printed twice is not taken for another's. */
const REMEMBERED = 16;

/** An answer is printed once, and by a careless server twice. What comes as often as this while one request waits answers none. */
const REPEATED = 3;

/** Longer ids, as JSON text, are not remembered. */
const MAX_ID_CHARS = 64;

/** The error with which a server answers a notification that it takes for an unknown request. */
const UNKNOWN_METHOD: ReadonlySet<unknown> = new Set([-32601, -32600]);

/** An answer without an id, up to this length, is an empty result and means nothing. */
const EMPTY_ANSWER_BYTES = 64;

const NO_ID = 'it has no id';
const WRONG_ID = 'its id is that of no waiting request';

/** The fault of a request whose answer cannot be used; `reason` as in {@link Failed}. */
export const unusable = (reason: string): Fault & { readonly message: string } => ({
  fault: 'process_protocol',
  message: `The server sent an answer that cannot be used: ${reason}.`,
  phase: 'sent',
});

interface Doubt {
  readonly at: number;
  readonly failed: Failed;
  /** The id of the answer that seemed to be meant, if another may show that it was not. */
  readonly stray?: string;
}

/** Answers under one id of no waiting request. */
interface Stray {
  /** The request that waited alone when the last of them came, and how many had come since it waits. */
  readonly only: BridgeRequestId;
  readonly count: number;
}

export class Hearing {
  readonly #owed: Owed;
  readonly #doubts = new RareMap<BridgeRequestId, Doubt>();
  /** Ids of no waiting request that answers had of late. */
  readonly #strays = new RareMap<string, Stray>();
  /** Recently answered ids, each with the length of its answer. */
  readonly #answered = new Map<BridgeRequestId, number>();
  #notifiedAt = -Infinity;

  constructor(owed: Owed) {
    this.#owed = owed;
  }

  /** A notification was written to the process. */
  notified(now: number): void {
    this.#notifiedAt = now;
  }

  /** A request got its answer, of this many bytes. */
  answered(id: BridgeRequestId, bytes: number): void {
    this.alive(id);
    this.#answered.delete(id);
    this.#answered.set(id, bytes);
    if (this.#answered.size <= REMEMBERED) return;
    const [oldest = id] = this.#answered.keys();
    this.#answered.delete(oldest);
  }

  /** The process still works on a request, so what seemed to be its answer was not. */
  alive(id: BridgeRequestId): void {
    if (this.#doubts.size > 0) this.#doubts.delete(id);
  }

  /** An answer that cannot be read: the request that it ends at once, if that is certain. */
  broken({ id, isSure, reason, bytes }: Broken, now: number): Failed | undefined {
    const named = bridgeIdIn(id);
    if (named !== undefined && this.#owed.has(named)) {
      const failed = { id: named, reason };
      if (isSure) return failed;
      this.#doubt(failed, QUOTED_MS, now);
      return undefined;
    }
    const only = this.#owed.only();
    if (only === undefined || (named !== undefined && this.#owed.wasAsked(named))) return undefined;
    const isEmpty = id === undefined && bytes <= EMPTY_ANSWER_BYTES;
    if (isEmpty && this.#answersNotification(now)) return undefined;
    this.#doubt({ id: only, reason }, isSure ? DOUBT_MS : QUOTED_MS, now);
    return undefined;
  }

  /** A proper answer that matches no waiting request. */
  stray(message: MessageView, now: number): void {
    const only = this.#owed.only();
    if (only === undefined) return;
    const { kind, id, bytes } = message;
    const number = bridgeIdOf(id);
    if (number !== undefined && this.#isOld(number, bytes.length)) return;
    if (isUnknownMethod(message) && this.#answersNotification(now)) return;
    const stray = id ?? '';
    if (this.#isRepeated(stray, only)) {
      if (this.#doubts.get(only)?.stray === stray) this.#doubts.delete(only);
      return;
    }
    const error = kind === 'error' ? { error: bytes.slice() } : {};
    const reason = id === undefined ? NO_ID : WRONG_ID;
    this.#doubt({ id: only, reason, ...error }, DOUBT_MS, now, stray);
  }

  /** Whether the server prints answers with this id whatever it is asked. Once that was seen it stays so. */
  #isRepeated(id: string, only: BridgeRequestId): boolean {
    if (id.length > MAX_ID_CHARS) return false;
    const before = this.#strays.get(id);
    if (before && before.count >= REPEATED) return true;
    const count = before?.only === only ? before.count + 1 : 1;
    this.#strays.delete(id);
    this.#strays.set(id, { only, count });
    const [oldest = id] = this.#strays.keys();
    if (this.#strays.size > REMEMBERED) this.#strays.delete(oldest);
    return count >= REPEATED;
  }

  /** A line of the process shows that none of its answers can be read. */
  hopeless(reason: string, now: number): void {
    const only = this.#owed.only();
    if (only !== undefined) this.#doubt({ id: only, reason }, DOUBT_MS, now);
  }

  /** The requests to end now: their real answer has not come. Call at or after {@link wakeAt}. */
  due(now: number): Failed[] {
    const failed: Failed[] = [];
    for (const [id, doubt] of this.#doubts) {
      if (doubt.at > now) continue;
      this.#doubts.delete(id);
      if (this.#owed.has(id)) failed.push(doubt.failed);
    }
    return failed;
  }

  get wakeAt(): number | undefined {
    if (this.#doubts.size === 0) return undefined;
    return earliest([...this.#doubts.values()].map(({ at }) => at));
  }

  /** The first doubt counts: a server that keeps talking does not put it off. */
  #doubt(failed: Failed, afterMs: number, now: number, stray?: string): void {
    if (this.#doubts.has(failed.id)) return;
    this.#doubts.set(failed.id, {
      at: now + afterMs,
      failed,
      ...(stray !== undefined && { stray }),
    });
  }

  /**
   * It came late, or twice. With another length it is another request's answer under an old id, unless the process has used a second
   * id and so does not put one id on all answers.
   */
  #isOld(id: BridgeRequestId, bytes: number): boolean {
    const before = this.#answered.get(id);
    if (before === undefined) return this.#owed.wasAsked(id);
    return before === bytes || this.#answered.size > 1;
  }

  /** An answer to no request may be one to a notification; each is answered once. */
  #answersNotification(now: number): boolean {
    const isIt = now - this.#notifiedAt <= NOTIFIED_MS;
    if (isIt) this.#notifiedAt = -Infinity;
    return isIt;
  }
}

const isUnknownMethod = (message: MessageView): boolean =>
  message.has('error') && UNKNOWN_METHOD.has(message.parsed('error', 'code'));
