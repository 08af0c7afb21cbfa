// One member of a virtual server, as one session has it: whether it runs, what it was asked, and what happens when it ends. In the legacy
// era it has to be initialized as the client initialized the session; a modern one takes requests at once.
// One file above 300 lines: what waits, what is asked and what is answered end together, whenever the process does.
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { OnDue } from '../../shared/dues.ts';
import { doubledMs } from '../../shared/backoff.ts';
import { faultError } from '../../shared/fault.ts';
import { errorResponse, type ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CODE } from '../../shared/mcp/modern.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import { isListTooLarge } from '../core/list-size.ts';
import { Liveness } from '../core/liveness.ts';
import type { Quote } from '../core/overheard.ts';
import type { PinnedTools } from '../core/pinned-tools.ts';
import type { Effects } from '../translate/effects.ts';
import { isObject, type JsonObject } from '../../shared/json-value.ts';
import { ownMessage, requestOf } from '../translate/message.ts';
import { ProcessHearing } from '../translate/process-hearing.ts';
import { Backlog } from './backlog.ts';
import { asOwnRequest, listRequestLike } from './edits.ts';
import type { KnownMember } from './known-members.ts';
import { TOOLS, type ListKind } from './list-kinds.ts';
import type { MemberRules } from './member-rules.ts';
import { MAX_PAGES, nextPage } from '../../shared/mcp/pages.ts';
import { WaitingRequests } from './waiting-requests.ts';

/** An answer that does not come for this long is not waited for by what others answer too. */
export const ASK_MS = 10_000;

/** The first wait before a member is started again; it doubles up to {@link RESTART_MOST_MS}. */
const RESTART_MS = 1_000;
const RESTART_MOST_MS = 60_000;

/** A member that ran for so long has not failed to start. */
const STEADY_MS = 30_000;

/** Requests that may wait for the list of a member's pinned tools. */
const MAX_UNLISTED = 256;

/** Requests of the bridge's own that a member may owe: more than a client has subscriptions, each of which is one when it starts again. */
const MAX_ASKED = 2_048;

/** How a member is greeted in the legacy era, as the client greeted the session. */
export interface ClientGreeting {
  readonly initialize: MessageView;
  /** The client has said that it is initialized. */
  isInitialized: boolean;
}

export interface MemberParts {
  readonly rules: MemberRules;
  readonly effects: Effects;
  /** An id for a request of the bridge's own. */
  readonly mint: () => BridgeRequestId;
  /** Undefined: its clients are modern, and it is not greeted. */
  readonly greeting: (() => ClientGreeting | undefined) | undefined;
  readonly limits: { readonly startTimeoutMs: number; readonly requestTimeoutMs: number };
  readonly quote: Quote;
  /** What its kind of clients know of it. */
  readonly known: () => KnownMember;
  /** It answered how it was greeted. */
  readonly greeted: () => void;
  /** It takes requests, or takes them again. */
  readonly ready: (member: VirtualMember, now: number) => void;
  /** Its process has answered, where it takes requests before that is known. */
  readonly served: (member: VirtualMember) => void;
  /** It is gone, or could not be started. */
  readonly gone: (member: VirtualMember) => void;
  /** What it says beside answers. */
  readonly said: (
    member: VirtualMember,
    message: MessageView,
    now: number,
    bridgeId: BridgeRequestId | undefined,
  ) => void;
}

/** The answer, or why there is none. */
export type MemberAnswer =
  | { readonly ok: true; readonly message: MessageView }
  | { readonly ok: false; readonly error: ErrorObject };

type OnAnswer = (answer: MemberAnswer, now: number) => void;

interface Asked {
  readonly answered: OnAnswer;
  /** Nobody waits for it any more after this time. */
  readonly until: number;
  readonly late: (() => void) | undefined;
  isLate: boolean;
}

interface Call {
  /** Undefined: the client's answer is the member's. */
  readonly answered: ((answer: MessageView, now: number) => void) | undefined;
  readonly at: number;
  /** A subscription, which lasts until somebody ends it. */
  readonly isEndless: boolean;
  /** Its client waits for it no longer: nothing more can be told in it. */
  isCancelled?: true;
}

type RequestOptions = Partial<Pick<Call, 'answered' | 'isEndless'>>;

/** What an answer to `initialize` or `server/discover` declares. */
interface Declared {
  readonly of: MessageView | undefined;
  readonly capabilities: JsonObject;
  readonly hasTasks: boolean;
}

type State = 'asleep' | 'starting' | 'ready' | 'down';

export class VirtualMember {
  readonly rules: MemberRules;
  readonly #parts: MemberParts;
  readonly #asked = new Map<BridgeRequestId, Asked>();
  readonly #calls = new Map<BridgeRequestId, Call>();
  readonly #liveness: Liveness;
  #hearing: ProcessHearing;
  #state: State = 'asleep';
  #slot: number | undefined;
  #startsUntil: number | undefined;
  readonly #backlog = new Backlog<Call>();
  #readyAt = 0;
  #failures = 0;
  #restartAt: number | undefined;
  #whyDown: ErrorObject = faultError({ fault: 'process_exited' });
  #lastId = 0;
  /** Read once of each greeting: it is asked for with every message. */
  #declared: Declared = { of: undefined, capabilities: {}, hasTasks: false };
  #refusal: MessageView | undefined;
  #isFull = false;
  /** What hears that it has caught up with what it was asked, by what that is for. */
  readonly #caughtUp = new Map<object, () => void>();
  /** What waits for the list of the pinned tools. */
  readonly #unlisted = new WaitingRequests(MAX_UNLISTED);
  /** That list is being asked for. */
  #isListing = false;

  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.rules = parts.rules;
    this.#hearing = this.#newHearing();
    this.#liveness = new Liveness({
      silenceMs: parts.limits.requestTimeoutMs,
      probe: (slot) => this.#probe(slot),
      failed: (slot, description) => parts.effects.stop(slot, `it ${description}`),
    });
  }

  get name(): string {
    return this.rules.name;
  }

  get slot(): number | undefined {
    return this.#slot;
  }

  get isAsleep(): boolean {
    return this.#state === 'asleep';
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** It ended, or could not be started. */
  get isDown(): boolean {
    return this.#state === 'down';
  }

  /** It has answered how it was greeted. */
  get isGreeted(): boolean {
    return (
      this.#state === 'ready' || (this.#state === 'starting' && this.#startsUntil === undefined)
    );
  }

  /** Its answer to `initialize`, if that was an error. */
  get refusal(): MessageView | undefined {
    return this.#refusal;
  }

  /** Why a request cannot be carried out now. */
  get whyDown(): ErrorObject {
    return this.#whyDown;
  }

  /** It owes an answer that came too late for those who waited. */
  get isLate(): boolean {
    for (const { isLate } of this.#asked.values()) if (isLate) return true;
    return false;
  }

  /** `then` hears when it is neither {@link isLate} nor has too much to do any more, once for each `of`; not if it ends before. */
  onceCaughtUp(of: object, then: () => void): void {
    this.#caughtUp.set(of, then);
  }

  /** The only call in flight with an end; undefined if there are none or several, or if its client waits for it no longer. */
  get onlyCall(): BridgeRequestId | undefined {
    const [only, second] = [...this.#calls].filter(([, { isEndless }]) => !isEndless);
    return second || only?.[1].isCancelled ? undefined : only?.[0];
  }

  get known(): KnownMember {
    return this.#parts.known();
  }

  /** What it declared; empty as long as nothing is known. */
  get capabilities(): JsonObject {
    return this.#whatItDeclared().capabilities;
  }

  /** Whether it may have such a list: unless it said that it has none. */
  has({ capability }: Pick<ListKind, 'capability'>): boolean {
    const { of, capabilities } = this.#whatItDeclared();
    return !of || Object.hasOwn(capabilities, capability);
  }

  /** Whether it said that it tells when such a list changes. */
  tellsChangesOf({ capability }: Pick<ListKind, 'capability'>): boolean {
    const declared = this.capabilities[capability];
    return isObject(declared) && declared['listChanged'] === true;
  }

  /** Whether its messages may name tasks: unless it said that it has none. */
  get mayHaveTasks(): boolean {
    const { of, hasTasks } = this.#whatItDeclared();
    return !of || hasTasks;
  }

  #whatItDeclared(): Declared {
    const { greeting } = this.known;
    if (this.#declared.of === greeting) return this.#declared;
    const parsed = greeting?.parsed('result', 'capabilities');
    const capabilities = isObject(parsed) ? parsed : {};
    const hasTasks = Object.hasOwn(capabilities, 'tasks') || isObject(capabilities['extensions']);
    this.#declared = { of: greeting, capabilities, hasTasks };
    return this.#declared;
  }

  /** Starts it, unless it runs or waits before it is started again. */
  wake(now: number): void {
    if (this.#state === 'asleep') this.#start(now);
  }

  /** A client's request, under the session's id. `answered`: takes the answer in place of the client. */
  request(request: MessageView, now: number, more: RequestOptions = {}): void {
    const id = bridgeIdOf(request.id);
    if (id === undefined) return;
    if (this.#whenListed(request, id, now, (at) => this.#request(request, id, at, more))) return;
    this.#refuse(id, this.#busy, now, more);
  }

  /** Who takes the answer hears of this, too: it may go on with another member. */
  #refuse(
    id: BridgeRequestId,
    error: ErrorObject,
    now: number,
    { answered }: RequestOptions,
  ): void {
    if (answered) answered(errorAnswer(id, error), now);
    else this.#parts.effects.fail(id, error);
  }

  #request(request: MessageView, id: BridgeRequestId, now: number, more: RequestOptions): void {
    const judged = this.rules.judge(request);
    if (!judged.ok) return this.#refuse(id, notAllowed(judged.refusal), now, more);
    const { message } = judged;
    if (this.#state === 'down') return this.#refuse(id, this.#whyDown, now, more);
    const call = { answered: more.answered, isEndless: more.isEndless ?? false, at: now };
    this.#lastId = Math.max(this.#lastId, id);
    if (this.#isOpen) return this.#write(message, call);
    if (!this.#backlog.push(message, call)) return this.#refuse(id, this.#busy, now, more);
    this.wake(now);
  }

  /** A message that nobody answers. One that starts may ask before it is ready, and waits for that answer. */
  tell(said: MessageView): void {
    const isHeard = this.#state === 'ready' || (this.#state === 'starting' && said.isAnswer);
    if (!isHeard || this.#slot === undefined) return;
    const judged = this.rules.judge(said);
    if (!judged.ok) return;
    const { message } = judged;
    if (this.#isFull) this.#backlog.push(message, undefined);
    else this.#write(message, undefined);
  }

  /**
   * A request of the bridge's own, made from `like`. Answered by an error when the member is down, refuses, has too much to do, or takes too
   * long; `late` hears that it was not asked for want of room, or of an answer that comes when it is not waited for any more.
   */
  ask(
    like: MessageView,
    cursor: string | undefined,
    now: number,
    answered: OnAnswer,
    late?: () => void,
  ): void {
    const id = this.#parts.mint();
    const ask = (at: number): void => this.#ask(like, id, cursor, at, answered, late);
    if (!this.#whenListed(like, id, now, ask)) this.#doNotAsk(answered, late, now);
  }

  #doNotAsk(answered: OnAnswer, late: (() => void) | undefined, now: number): void {
    late?.();
    answered({ ok: false, error: this.#busy }, now);
  }

  #ask(
    like: MessageView,
    id: BridgeRequestId,
    cursor: string | undefined,
    now: number,
    answered: OnAnswer,
    late?: () => void,
  ): void {
    const judged = this.rules.judge(asOwnRequest(like, id, cursor));
    if (!judged.ok) return answered({ ok: false, error: notAllowed(judged.refusal) }, now);
    const { message } = judged;
    if (this.#state === 'down') return answered({ ok: false, error: this.#whyDown }, now);
    const isTooMuch = this.#asked.size >= MAX_ASKED;
    if (isTooMuch || (!this.#isOpen && !this.#backlog.push(message, undefined)))
      return this.#doNotAsk(answered, late, now);
    this.#asked.set(id, { answered, until: now + ASK_MS, late, isLate: false });
    if (this.#isOpen) this.#write(message, undefined);
    else this.wake(now);
  }

  /** The client does not wait for the answer any more. */
  cancel(id: BridgeRequestId, notice: MessageView, now: number): void {
    if (this.#unlisted.take(id)) return;
    if (this.#backlog.withdraw(id)) return;
    const call = this.#calls.get(id);
    if (!call || this.#slot === undefined) return;
    call.isCancelled = true;
    this.#parts.effects.notify(this.#slot, notice);
    if (!call.isEndless) this.#liveness.doubt(this.#slot, call.at, now);
  }

  /**
   * Lists the tools first, if they are pinned and not known: until then neither a list nor a call can be judged. False if too much waits
   * for that already.
   */
  #whenListed(
    request: MessageView,
    id: BridgeRequestId,
    now: number,
    then: (now: number) => void,
  ): boolean {
    const { pins } = this.rules;
    if (!pins?.waits(request.method)) {
      then(now);
      return true;
    }
    if (!this.#unlisted.add(id, request, then)) return false;
    // One that nobody waits for any more goes on: two at a time would be mixed up.
    if (this.#isListing) return true;
    this.#isListing = true;
    pins.begin();
    this.#listPinned(pins, listRequestLike(request), undefined, 1, now);
    return true;
  }

  #listPinned(
    pins: PinnedTools,
    like: MessageView,
    cursor: string | undefined,
    pages: number,
    now: number,
  ): void {
    this.#ask(like, this.#parts.mint(), cursor, now, (answer, at) => {
      const isPage =
        answer.ok && answer.message.kind === 'result' && !isListTooLarge(answer.message);
      if (isPage) pins.page(answer.message);
      const next = isPage
        ? nextPage(answer.message.string('result', 'nextCursor'), cursor)
        : undefined;
      if (next !== undefined && pages < MAX_PAGES)
        return this.#listPinned(pins, like, next, pages + 1, at);
      // A server without tools need not know the method.
      const hasNone = answer.ok && answer.message.parsed('error', 'code') === CODE.methodNotFound;
      if (isPage || hasNone) pins.listed();
      else pins.stop();
      this.#isListing = false;
      for (const then of this.#unlisted.takeAll()) then(at);
      this.#mayHaveCaughtUp();
    });
  }

  /** The client has said that it is initialized. */
  initialized(now: number): void {
    if (this.#state === 'starting' && this.#startsUntil === undefined) this.#nowReady(now);
  }

  /** Its process has answered. In the legacy era that is known by how it was greeted. */
  served(): void {
    if (!this.#parts.greeting) this.#parts.served(this);
  }

  /** A notification was written to it. */
  notified(now: number): void {
    this.#hearing.notified(now);
  }

  /** Its process does not read: what comes waits here. */
  full(): void {
    this.#isFull = true;
  }

  drained(): void {
    this.#isFull = false;
    if (this.#state === 'ready') this.#flush();
  }

  /** `bridgeId`: of the request that it belongs to, if its translator knows it. */
  said(said: Uint8Array | MessageView, now: number, bridgeId?: BridgeRequestId): void {
    this.#heard(this.#hearing.said(said, now), now, bridgeId);
  }

  /** Its process is gone, or never was. */
  exited(description: string, hasRun: boolean, now: number): void {
    const wasReady = this.#state === 'ready';
    const words = this.#hearing.added(description);
    if (this.#slot !== undefined) {
      this.#parts.effects.forget(this.#slot);
      this.#liveness.forget(this.#slot);
    }
    this.#failures = wasReady && now - this.#readyAt >= STEADY_MS ? 0 : this.#failures + 1;
    const waitMs = doubledMs(this.#failures, RESTART_MS, RESTART_MOST_MS);
    this.#restartAt = now + waitMs;
    this.#slot = undefined;
    this.#isFull = false;
    this.#startsUntil = undefined;
    this.#state = 'down';
    this.#hearing = this.#newHearing();
    this.rules.pins?.changed();
    const seconds = String(Math.ceil(waitMs / 1000));
    const again = `It is started again in ${seconds} s.`;
    this.#whyDown = faultError({
      fault: wasReady && hasRun ? 'process_exited' : 'process_start_failed',
      message: `The server "${this.name}" is not running: its process ${words}. ${again}`,
      phase: 'not_sent',
    });
    // Before the answers of its calls, on whose streams its questions may be: nothing follows an answer there.
    this.#parts.gone(this);
    this.#failAll(words, hasRun && wasReady, now);
  }

  dues(due: OnDue): void {
    due(this.#startsUntil, this.#giveUpStart);
    due(this.#restartAt, this.#startAgain);
    due(this.#hearing.wakeAt, this.#hearOn);
    due(this.#liveness.wakeAt, this.#checkLiveness);
    for (const [id, { until, isLate }] of this.#asked)
      if (!isLate) due(until, (now) => this.#tooLate(id, now));
  }

  // Made once: the times are told after every message, of every member.

  readonly #startAgain = (now: number): void => this.#start(now);
  readonly #hearOn = (now: number): void => this.#heard(this.#hearing.tick(now), now);
  readonly #checkLiveness = (now: number): void => this.#liveness.tick(now);
  readonly #giveUpStart = (): void => {
    this.#startsUntil = undefined;
    if (this.#slot !== undefined) this.#parts.effects.stop(this.#slot, 'it did not start in time');
  };

  /** It takes what is sent. */
  get #isOpen(): boolean {
    return this.#state === 'ready' && !this.#isFull;
  }

  /** It can be asked as much as at any time. */
  get #hasRoom(): boolean {
    return this.#asked.size < MAX_ASKED && this.#unlisted.hasRoom && this.#backlog.isEmpty;
  }

  get #busy(): ErrorObject {
    const message = `The server "${this.name}" is not reading its input. Try again when it has answered.`;
    return faultError({ fault: 'overloaded', message });
  }

  #start(now: number): void {
    this.#restartAt = undefined;
    const { effects, greeting } = this.#parts;
    this.#state = 'starting';
    this.#slot = effects.start(this.name);
    if (!greeting) return this.#nowReady(now);
    const hello = greeting();
    if (!hello) return;
    this.#startsUntil = now + this.#parts.limits.startTimeoutMs;
    const id = this.#parts.mint();
    this.#asked.set(id, {
      answered: (answer, at) => this.#greeted(answer, at),
      until: Infinity,
      late: undefined,
      isLate: false,
    });
    effects.write(this.#slot, asOwnRequest(hello.initialize, id));
  }

  #greeted(answer: MemberAnswer, now: number): void {
    if (!answer.ok) return;
    this.#startsUntil = undefined;
    const { effects, greeting } = this.#parts;
    if (this.#slot !== undefined) effects.served(this.#slot);
    if (answer.message.kind === 'error') {
      this.#refusal = answer.message.kept();
      if (this.#slot !== undefined) effects.stop(this.#slot, 'it refused to be initialized');
      return;
    }
    this.#refusal = undefined;
    this.known.greeting = answer.message.kept();
    this.#parts.greeted();
    if (this.#state === 'starting' && greeting?.()?.isInitialized === true) this.#nowReady(now);
  }

  #nowReady(now: number): void {
    this.#state = 'ready';
    this.#readyAt = now;
    const { effects, greeting } = this.#parts;
    if (greeting && this.#slot !== undefined) effects.notify(this.#slot, INITIALIZED);
    this.#parts.ready(this, now);
    this.#flush();
  }

  #flush(): void {
    while (this.#isOpen) {
      const next = this.#backlog.shift();
      if (!next) return this.#mayHaveCaughtUp();
      this.#write(next.message, next.call);
    }
  }

  #write(message: MessageView, call: Call | undefined): void {
    if (this.#slot === undefined) return;
    const id = bridgeIdOf(message.id);
    if (call && id !== undefined) this.#calls.set(id, call);
    if (message.kind === 'notification') this.#parts.effects.notify(this.#slot, message);
    else this.#parts.effects.write(this.#slot, message);
  }

  #heard(messages: readonly MessageView[], now: number, bridgeId?: BridgeRequestId): void {
    for (const message of messages) {
      if (!message.isAnswer) {
        if (message.kind === 'request' && this.#slot !== undefined)
          this.#liveness.seen(this.#slot, now);
        if (message.method === TOOLS.changed) this.rules.pins?.changed();
        this.#parts.said(this, message, now, bridgeId);
      } else this.#answered(message, now);
    }
  }

  #answered(message: MessageView, now: number): void {
    if (this.#slot !== undefined) this.#liveness.seen(this.#slot, now);
    const id = bridgeIdOf(message.id);
    const asked = id === undefined ? undefined : this.#asked.get(id);
    if (id !== undefined && asked) {
      this.#asked.delete(id);
      if (asked.isLate) asked.late?.();
      else asked.answered({ ok: true, message }, now);
      return this.#mayHaveCaughtUp();
    }
    const call = id === undefined ? undefined : this.#calls.get(id);
    if (id === undefined || !call)
      return this.#parts.effects.drop(
        'an answer to no request in flight',
        { member: this.name },
        now,
      );
    this.#calls.delete(id);
    if (call.answered) call.answered(message, now);
    else this.#parts.effects.say(message);
  }

  #mayHaveCaughtUp(): void {
    if (this.#caughtUp.size === 0 || this.isLate || !this.#hasRoom) return;
    const hearers = [...this.#caughtUp.values()];
    this.#caughtUp.clear();
    for (const hear of hearers) hear();
  }

  #tooLate(id: BridgeRequestId, now: number): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    asked.isLate = true;
    const words = `The server "${this.name}" has not answered for ${String(ASK_MS / 1000)} s.`;
    asked.answered({ ok: false, error: faultError({ fault: 'deadline', message: words }) }, now);
    if (this.#slot !== undefined && !this.#backlog.has(id))
      this.#liveness.doubt(this.#slot, now - ASK_MS, now);
  }

  /** A modern member has a translator before it, which sees to that. */
  #probe(slot: number): void {
    if (!this.#parts.greeting) return this.#liveness.seen(slot, 0);
    const id = this.#parts.mint();
    this.#asked.set(id, {
      answered: () => undefined,
      until: Infinity,
      late: undefined,
      isLate: false,
    });
    this.#parts.effects.write(slot, requestOf({ id, method: 'ping' }));
  }

  #failAll(words: string, isSent: boolean, now: number): void {
    const waiting = this.#backlog.takeAll();
    const calls = [...this.#calls];
    this.#calls.clear();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    this.#caughtUp.clear();
    for (const [id, call] of calls) {
      const error = isSent ? exitedDuring(this.name, words) : this.#whyDown;
      this.#refuse(id, error, now, call);
    }
    for (const { message, call } of waiting) {
      const id = bridgeIdOf(message.id);
      if (call && id !== undefined) this.#refuse(id, this.#whyDown, now, call);
    }
    for (const each of asked)
      if (!each.isLate) each.answered({ ok: false, error: this.#whyDown }, now);
  }

  #newHearing(): ProcessHearing {
    const owed = (): BridgeRequestId[] => [
      ...this.#asked.keys(),
      ...[...this.#calls].flatMap(([id, { isEndless }]) => (isEndless ? [] : [id])),
    ];
    return new ProcessHearing({
      owed: {
        has: (id) => this.#asked.has(id) || this.#calls.has(id),
        wasAsked: (id) => id > 0 && id <= this.#lastId,
        only: () => {
          const [only, second] = owed();
          return second === undefined ? only : undefined;
        },
      },
      drop: (words, fields, now) =>
        this.#parts.effects.drop(words, { ...fields, member: this.name }, now),
      quote: this.#parts.quote,
    });
  }
}

const errorAnswer = (id: BridgeRequestId, error: ErrorObject): MessageView =>
  ownMessage(errorResponse(String(id), error));

const notAllowed = (refusal: string): ErrorObject =>
  faultError({ fault: 'not_allowed', message: refusal });

const exitedDuring = (name: string, words: string): ErrorObject =>
  faultError({
    fault: 'process_exited',
    message: `The process of the server "${name}" ${words} before it answered. It is started again.`,
    phase: 'sent',
  });

const INITIALIZED = { method: 'notifications/initialized' };
