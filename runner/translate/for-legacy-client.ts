// The translator for a legacy client whose server's era is not known yet. The client's own `initialize` finds it out. A legacy
// process then gets every line unchanged; for a modern process the lines are translated.
import type { BridgeRequestId, ServerName } from '../../shared/ids.ts';
import { faultError } from '../../shared/fault.ts';
import { actDue, nextDue, type Dues } from '../../shared/dues.ts';
import { CODE } from '../../shared/mcp/modern.ts';
import { FIRST_SLOT, Effects } from './effects.ts';
import { EraDetection, eraAnswerIn, type Opener } from './era-detection.ts';
import { legacyError } from './legacy-to-modern/answers.ts';
import { DeclaredClient } from './legacy-to-modern/declared-client.ts';
import { capabilitiesIn, discoverLine, initializeResult } from './legacy-to-modern/discovery.ts';
import { LegacyToModern } from './legacy-to-modern/translation.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { underId } from './message.ts';
import { OwnRequests } from './own-requests.ts';
import { ProcessHearing } from './process-hearing.ts';
import {
  NO_ERA_KNOWN,
  type KnownEras,
  type TranslateEffect,
  type Translator,
} from './translator.ts';
import { UntranslatedOutput } from './untranslated-output.ts';

/** If a process has refused `initialize` and does not answer `server/discover` for this long, it does not know it. It has started, since it answered. */
const DISCOVER_MS = 2_000;

/** The client's own `initialize` comes first. */
const BOTH: readonly Opener[] = ['initialize', 'server/discover'];

/** Errors that mean that a process will never answer `initialize`: it does not serve that revision, or does not know the method. */
const NOT_LEGACY: ReadonlySet<unknown> = new Set([CODE.unsupportedVersion, CODE.methodNotFound]);

/**
 * - `undecided`: lines pass unchanged; the answer to `initialize` decides
 * - `probing`: it was an error; the answer to `server/discover` decides, and lines of the client wait for it
 * - `refused`: of neither era; the client has its answer, and the session ends
 */
type Phase = 'undecided' | 'probing' | 'transparent' | 'modern' | 'refused';

/** The client's `initialize` while it is not answered. */
interface Greeting {
  readonly bridgeId: BridgeRequestId;
  readonly client: DeclaredClient;
  readonly detection: EraDetection;
  /** The bridge's id of `server/discover`, once asked. */
  discoverId?: BridgeRequestId;
  /** The process's answer to `initialize`, if that was asked first. */
  refusal?: MessageView;
  /** When waiting for the answer to `server/discover` ends. */
  until?: number;
}

/** How much a client may send in that time: two of the largest messages. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

export class ForLegacyClient implements Translator {
  readonly #server: ServerName;
  #eras = NO_ERA_KNOWN;
  readonly #effects = new Effects();
  readonly #own = new OwnRequests(this.#effects);
  readonly #modern = new LegacyToModern({ effects: this.#effects, own: this.#own });
  /** Judged by the session. */
  readonly #untranslated = new UntranslatedOutput({
    pass: (line) => this.#effects.say(line),
    message: (message, now) => this.#fromProcess(message, now),
  });
  /** Reads the process's output once the bridge itself talks to it. */
  readonly #hearing = new ProcessHearing({
    owed: {
      has: (id) => this.#owed().includes(id),
      wasAsked: (id) => this.#own.wasMade(id) || (id > 0 && id <= this.#lastId),
      only: () => {
        const owed = this.#owed();
        return owed.length === 1 ? owed[0] : undefined;
      },
    },
    drop: (words, fields, now) => this.#effects.drop(words, fields, now),
    quote: () => '',
  });
  #phase: Phase = 'undecided';
  #greeting: Greeting | undefined;
  #held: MessageView[] = [];
  /** Requests that passed unchanged while nothing was decided. */
  readonly #plain = new Set<BridgeRequestId>();
  #lastId = 0;

  /** `server`: the configured name, for a process that does not give its own. */
  constructor(server: ServerName) {
    this.#server = server;
  }

  know(eras: KnownEras): void {
    this.#eras = eras;
  }

  /** The process serves the legacy era: from now on it needs no translator. */
  get isTransparent(): boolean {
    return this.#phase === 'transparent';
  }

  start(now: number): TranslateEffect[] {
    this.#decideByEras();
    this.#effects.start();
    return this.#take(now);
  }

  fromSession(message: MessageView, now: number): TranslateEffect[] {
    this.#fromSession(message, now);
    return this.#take(now);
  }

  fromProcess(_slot: number, said: Uint8Array | MessageView, now: number): TranslateEffect[] {
    if (this.#phase === 'modern' || this.#phase === 'probing') {
      for (const message of this.#hearing.said(said, now)) this.#fromProcess(message, now);
    } else this.#untranslated.line(said instanceof Uint8Array ? said : said.line, now);
    return this.#take(now);
  }

  exited(_slot: number, description: string, now: number): TranslateEffect[] {
    if (this.#greeting) this.#doubt();
    this.#effects.exited(description);
    return this.#take(now);
  }

  tick(now: number): TranslateEffect[] {
    actDue(this.#dues, now);
    return this.#take(now);
  }

  wakeAt(): number | undefined {
    return nextDue(this.#dues);
  }

  readonly #dues: Dues = (due) => {
    due(this.#greeting?.until, () => this.#refuse());
    due(this.#untranslated.wakeAt, (now) => this.#untranslated.tick(now));
    due(this.#hearing.wakeAt, (now) => this.#hearLate(now));
    this.#modern.dues(due);
  };

  #hearLate(now: number): void {
    for (const message of this.#hearing.tick(now)) this.#fromProcess(message, now);
  }

  #take(now: number): TranslateEffect[] {
    if (this.#effects.takeNotified().length > 0) this.#hearing.notified(now);
    return this.#effects.take();
  }

  #decideByEras(): void {
    if (this.#phase !== 'undecided' || this.#greeting) return;
    if (this.#eras.legacy === true) this.#phase = 'transparent';
    else if (this.#eras.legacy === false) this.#phase = 'modern';
  }

  #fromSession(message: MessageView, now: number): void {
    // Another session may have found out in the meantime.
    this.#decideByEras();
    if (this.#phase === 'refused') return;
    if (this.#phase === 'probing') return this.#hold(message, now);
    const id = requestIdOf(message);
    if (id !== undefined) this.#lastId = Math.max(this.#lastId, id);
    if (id !== undefined && message.method === 'initialize') return this.#initialize(id, message);
    // The session no longer waits for its answer.
    const cancelled = bridgeIdOf(message.requestId);
    if (cancelled !== undefined && cancelled === this.#greeting?.bridgeId) this.#doubt();
    if (this.#phase === 'modern') this.#modern.fromClient(message, now);
    else this.#pass(message);
  }

  #pass(message: MessageView): void {
    const id = requestIdOf(message);
    if (id !== undefined) this.#plain.add(id);
    if (message.kind === 'notification') this.#effects.notify(FIRST_SLOT, message);
    else this.#effects.write(FIRST_SLOT, message);
  }

  #initialize(bridgeId: BridgeRequestId, request: MessageView): void {
    if (this.#phase === 'transparent') return this.#effects.write(FIRST_SLOT, request);
    const isModern = this.#phase === 'modern';
    const detection = new EraDetection(isModern ? ['server/discover'] : BOTH);
    this.#greeting = { bridgeId, client: new DeclaredClient(request), detection };
    detection.next();
    if (isModern) this.#discover(this.#greeting);
    else this.#effects.write(FIRST_SLOT, request);
  }

  #discover(greeting: Greeting): void {
    greeting.discoverId = this.#own.mint();
    this.#effects.write(FIRST_SLOT, discoverLine(greeting.discoverId, greeting.client));
  }

  /** The ids of requests that the process has not answered to the bridge. */
  #owed(): BridgeRequestId[] {
    const { discoverId } = this.#greeting ?? {};
    const greeting = discoverId === undefined ? [] : [discoverId];
    return [...greeting, ...this.#plain, ...this.#modern.owed];
  }

  #fromProcess(message: MessageView, now: number): void {
    const greeting = this.#greeting;
    const { isAnswer } = message;
    if (isAnswer) this.#effects.served(FIRST_SLOT);
    const id = isAnswer ? bridgeIdOf(message.id) : undefined;
    if (greeting && id !== undefined && id === greeting.discoverId) {
      this.#discovered(greeting, message, now);
    } else if (this.#phase === 'modern' && !this.#isPlain(id)) {
      this.#modern.fromProcess(message, now);
    } else if (this.#phase === 'undecided' && greeting && id === greeting.bridgeId) {
      this.#initialized(greeting, message, now);
    } else if (this.#phase !== 'refused') this.#effects.say(message);
  }

  /** True once, for the answer to a request that the process got untranslated. */
  #isPlain(bridgeId: BridgeRequestId | undefined): boolean {
    return bridgeId !== undefined && this.#plain.delete(bridgeId);
  }

  /** The process answered the client's own `initialize`. */
  #initialized(greeting: Greeting, message: MessageView, now: number): void {
    const step = greeting.detection.answered('initialize', eraAnswerIn(message));
    if (step.do === 'settle') {
      this.#effects.learned('legacy', true);
      this.#greeting = undefined;
      this.#phase = 'transparent';
      return this.#effects.say(message);
    }
    greeting.refusal = message;
    if (this.#eras.modern === false) return this.#refuse();
    this.#phase = 'probing';
    greeting.until = now + DISCOVER_MS;
    this.#discover(greeting);
  }

  #discovered(greeting: Greeting, message: MessageView, now: number): void {
    const step = greeting.detection.answered('server/discover', eraAnswerIn(message));
    const isModern = step.do === 'settle' && step.era === 'modern';
    if (!isModern) return this.#undiscovered(greeting, message);
    this.#effects.learned('modern', true);
    // Other errors say something about this client's `initialize` only, not about another client's.
    const { refusal } = greeting;
    if (refusal && NOT_LEGACY.has(refusal.parsed('error', 'code'))) {
      this.#effects.learned('legacy', false);
    }
    this.#phase = 'modern';
    this.#greeting = undefined;
    this.#modern.introduce(greeting.client, capabilitiesIn(message));
    this.#effects.answer(
      greeting.bridgeId,
      initializeResult(message, greeting.client, this.#server),
    );
    for (const held of this.#held.splice(0)) this.#fromSession(held, now);
  }

  /** Bounded by bytes: a client may say much while its server is asked what it is. */
  #hold(message: MessageView, now: number): void {
    const heldBytes = [...this.#held, message].reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (heldBytes <= MAX_HELD_BYTES) return void this.#held.push(message);
    const id = requestIdOf(message);
    if (id === undefined) return this.#effects.drop('too much before the start', {}, now);
    const words = 'Too much was sent before the server had started. Try again when it has.';
    this.#effects.fail(id, faultError({ fault: 'overloaded', message: words }));
  }

  /** Of neither era, or no longer of the known one. */
  #undiscovered(greeting: Greeting, answer: MessageView): void {
    this.#doubt();
    if (answer.parsed('error', 'code') === CODE.methodNotFound) {
      this.#effects.learned('modern', false);
    }
    if (answer.kind === 'error')
      greeting.refusal ??= underId(legacyError(answer), greeting.bridgeId);
    this.#refuse();
  }

  /** What was known of the server's eras was wrong: the next session finds out again. */
  #doubt(): void {
    if (this.#eras.legacy === false) this.#effects.learned('legacy', undefined);
  }

  #refuse(): void {
    const { bridgeId, refusal } = this.#greeting ?? {};
    this.#greeting = undefined;
    this.#phase = 'refused';
    this.#held = [];
    if (refusal) this.#effects.say(refusal);
    else if (bridgeId !== undefined) {
      const message = 'The server and the bridge have no revision in common.';
      this.#effects.fail(bridgeId, { code: CODE.internal, message });
    }
  }
}

const requestIdOf = (message: MessageView): BridgeRequestId | undefined =>
  message.kind === 'request' ? bridgeIdOf(message.id) : undefined;
