// The translator for a legacy client whose server's era is not known yet. The client's own `initialize` finds it out. A legacy
// process then gets every line unchanged; for a modern process the lines are translated.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { faultError } from '../../shared/fault.ts';
import { ProcessText } from '../core/process-text.ts';
import { actDue, nextDue, type Due } from '../../shared/dues.ts';
import { parsedAt } from '../../shared/jsonrpc/members.ts';
import { scanLine } from '../../shared/jsonrpc/scan.ts';
import { CODE } from '../../shared/mcp/modern.ts';
import { FIRST_SLOT, Effects } from './effects.ts';
import { EraDetection, eraAnswerIn, type Opener } from './era-detection.ts';
import { legacyError } from './legacy-to-modern/answers.ts';
import { DeclaredClient } from './legacy-to-modern/declared-client.ts';
import { capabilitiesIn, discoverLine, initializeResult } from './legacy-to-modern/discovery.ts';
import { LegacyToModern } from './legacy-to-modern/translation.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import { isAnswer, messageIn, onlyMessageIn, underId, type Message } from './message.ts';
import { OwnRequests } from './own-requests.ts';
import { ProcessHearing } from './process-hearing.ts';
import {
  NO_ERA_KNOWN,
  type KnownEras,
  type TranslateEffect,
  type Translator,
} from './translator.ts';

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
interface Opening {
  readonly bridgeId: BridgeRequestId;
  readonly client: DeclaredClient;
  readonly detection: EraDetection;
  /** The bridge's id of `server/discover`, once asked. */
  discoverId?: BridgeRequestId;
  /** The process's answer to `initialize`, if that was asked first. */
  refusal?: Uint8Array;
  /** When waiting for the answer to `server/discover` ends. */
  until?: number;
}

/** How much a client may send in that time: two of the largest messages. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

export class ForLegacyClient implements Translator {
  readonly #server: string;
  #eras = NO_ERA_KNOWN;
  readonly #effects = new Effects();
  readonly #own = new OwnRequests(this.#effects);
  readonly #modern = new LegacyToModern({ effects: this.#effects, own: this.#own });
  /** Finds the answer to `initialize` in what the process prints, while all of that is passed on and judged by the session. */
  readonly #text = new ProcessText();
  /** The lines of an unfinished text. */
  #pieces: Uint8Array[] = [];
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
  #opening: Opening | undefined;
  #held: Uint8Array[] = [];
  /** Requests that passed unchanged while nothing was decided. */
  readonly #plain = new Set<BridgeRequestId>();
  #lastId = 0;
  #hasServed = false;

  /** `server`: the configured name, for a process that does not give its own. */
  constructor(server: string) {
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

  fromSession(line: Uint8Array, now: number): TranslateEffect[] {
    this.#fromSession(line, now);
    return this.#take(now);
  }

  fromProcess(_slot: number, line: Uint8Array, now: number): TranslateEffect[] {
    if (this.#phase === 'modern' || this.#phase === 'probing') {
      for (const message of this.#hearing.line(line, now)) this.#fromProcess(message, now);
    } else this.#untranslated(line, now);
    return this.#take(now);
  }

  exited(_slot: number, description: string, now: number): TranslateEffect[] {
    if (this.#opening) this.#doubt();
    this.#effects.exited(description);
    return this.#take(now);
  }

  tick(now: number): TranslateEffect[] {
    actDue(this.#dues(), now);
    return this.#take(now);
  }

  wakeAt(): number | undefined {
    return nextDue(this.#dues());
  }

  *#dues(): Generator<Due> {
    yield { at: this.#opening?.until, act: () => this.#refuse() };
    yield { at: this.#text.wakeAt, act: (now) => this.#endText(now) };
    yield { at: this.#hearing.wakeAt, act: (now) => this.#hearLate(now) };
    yield* this.#modern.dues();
  }

  #endText(now: number): void {
    if (this.#text.tick(now).length > 0) this.#sayPieces();
  }

  #hearLate(now: number): void {
    for (const message of this.#hearing.tick(now)) this.#fromProcess(message, now);
  }

  #take(now: number): TranslateEffect[] {
    if (this.#effects.takeNotified().length > 0) this.#hearing.notified(now);
    return this.#effects.take();
  }

  #decideByEras(): void {
    if (this.#phase !== 'undecided' || this.#opening) return;
    if (this.#eras.legacy === true) this.#phase = 'transparent';
    else if (this.#eras.legacy === false) this.#phase = 'modern';
  }

  #fromSession(line: Uint8Array, now: number): void {
    // Another session may have found out in the meantime.
    this.#decideByEras();
    if (this.#phase === 'refused') return;
    if (this.#phase === 'probing') return this.#hold(line, now);
    const message = onlyMessageIn(line);
    const id = message?.kind === 'request' ? bridgeIdOf(message.id) : undefined;
    if (id !== undefined) this.#lastId = Math.max(this.#lastId, id);
    if (id !== undefined && message?.method === 'initialize') return this.#initialize(id, line);
    // The session no longer waits for its answer.
    const { requestId } = message ?? {};
    if (requestId !== undefined && bridgeIdOf(requestId) === this.#opening?.bridgeId) this.#doubt();
    if (this.#phase !== 'modern') this.#pass(line, message);
    else if (message) this.#modern.fromClient(message, now);
  }

  #pass(line: Uint8Array, message: Message | undefined): void {
    const id = message?.kind === 'request' ? bridgeIdOf(message.id) : undefined;
    if (id !== undefined) this.#plain.add(id);
    if (message?.kind === 'notification') this.#effects.notify(FIRST_SLOT, line);
    else this.#effects.write(FIRST_SLOT, line);
  }

  #initialize(bridgeId: BridgeRequestId, line: Uint8Array): void {
    if (this.#phase === 'transparent') return this.#effects.write(FIRST_SLOT, line);
    const isModern = this.#phase === 'modern';
    const detection = new EraDetection(isModern ? ['server/discover'] : BOTH);
    this.#opening = { bridgeId, client: new DeclaredClient(line), detection };
    detection.next();
    if (isModern) this.#discover(this.#opening);
    else this.#effects.write(FIRST_SLOT, line);
  }

  #discover(opening: Opening): void {
    opening.discoverId = this.#own.mint();
    this.#effects.write(FIRST_SLOT, discoverLine(opening.discoverId, opening.client));
  }

  /** Until the era is known, the session gets every line unchanged, except the answer to `initialize`. */
  #untranslated(line: Uint8Array, now: number): void {
    const scan = scanLine(line);
    if (scan.ok) {
      if (this.#text.interrupted().length > 0) this.#sayPieces();
      if (scan.shape !== 'single') return this.#effects.say(line);
      return this.#fromProcess(messageIn(line, scan.envelope), now);
    }
    const heard = this.#text.line(line, now);
    this.#pieces.push(line.slice());
    // More of it is to come.
    if (heard.length === 0) return;
    const messages = heard.filter((said) => said.is === 'message');
    if (messages.length === 0) this.#sayPieces();
    this.#pieces = [];
    for (const { bytes, envelope } of messages) {
      this.#fromProcess(messageIn(bytes, envelope), now);
    }
  }

  #sayPieces(): void {
    for (const piece of this.#pieces) this.#effects.say(piece);
    this.#pieces = [];
  }

  /** The ids of requests that the process has not answered to the bridge. */
  #owed(): BridgeRequestId[] {
    const { discoverId } = this.#opening ?? {};
    const opening = discoverId === undefined ? [] : [discoverId];
    return [...opening, ...this.#plain, ...this.#modern.owed];
  }

  #fromProcess(message: Message, now: number): void {
    const opening = this.#opening;
    const isOfAnswer = isAnswer(message);
    if (isOfAnswer) this.#served();
    const id = isOfAnswer ? bridgeIdOf(message.id) : undefined;
    if (opening && id !== undefined && id === opening.discoverId) {
      this.#discovered(opening, message, now);
    } else if (this.#phase === 'modern' && !this.#isPlain(id)) {
      this.#modern.fromProcess(message, now);
    } else if (this.#phase === 'undecided' && opening && id === opening.bridgeId) {
      this.#initialized(opening, message, now);
    } else if (this.#phase !== 'refused') this.#effects.say(message.bytes);
  }

  /** True once, for the answer to a request that the process got untranslated. */
  #isPlain(bridgeId: BridgeRequestId | undefined): boolean {
    return bridgeId !== undefined && this.#plain.delete(bridgeId);
  }

  /** The process answered the client's own `initialize`. */
  #initialized(opening: Opening, message: Message, now: number): void {
    const { bytes } = message;
    const step = opening.detection.answered('initialize', eraAnswerIn(message));
    if (step.do === 'settle') {
      this.#effects.learned('legacy', true);
      this.#opening = undefined;
      this.#phase = 'transparent';
      return this.#effects.say(bytes);
    }
    opening.refusal = bytes;
    if (this.#eras.modern === false) return this.#refuse();
    this.#phase = 'probing';
    opening.until = now + DISCOVER_MS;
    this.#discover(opening);
  }

  #discovered(opening: Opening, message: Message, now: number): void {
    const step = opening.detection.answered('server/discover', eraAnswerIn(message));
    const isModern = step.do === 'settle' && step.era === 'modern';
    if (!isModern) return this.#undiscovered(opening, message);
    this.#effects.learned('modern', true);
    // Other errors say something about this client's `initialize` only, not about another client's.
    const { refusal } = opening;
    if (refusal && NOT_LEGACY.has(parsedAt(refusal, 'error', 'code'))) {
      this.#effects.learned('legacy', false);
    }
    this.#phase = 'modern';
    this.#opening = undefined;
    const { bytes } = message;
    this.#modern.introduce(opening.client, capabilitiesIn(bytes));
    this.#effects.answer(opening.bridgeId, initializeResult(bytes, opening.client, this.#server));
    for (const line of this.#held.splice(0)) this.#fromSession(line, now);
  }

  /** Bounded by bytes: a client may say much while its server is asked what it is. */
  #hold(line: Uint8Array, now: number): void {
    const heldBytes = this.#held.reduce((sum, { length }) => sum + length, line.length);
    if (heldBytes <= MAX_HELD_BYTES) return void this.#held.push(line);
    const held = onlyMessageIn(line);
    const id = held?.kind === 'request' ? bridgeIdOf(held.id) : undefined;
    if (id === undefined) return this.#effects.drop('too much before the start', {}, now);
    const message = 'Too much was sent before the server had started. Try again when it has.';
    this.#effects.fail(id, faultError({ fault: 'overloaded', message }));
  }

  /** Of neither era, or no longer of the known one. */
  #undiscovered(opening: Opening, { kind, bytes }: Message): void {
    this.#doubt();
    if (parsedAt(bytes, 'error', 'code') === CODE.methodNotFound) {
      this.#effects.learned('modern', false);
    }
    if (kind === 'error') opening.refusal ??= underId(legacyError(bytes), opening.bridgeId);
    this.#refuse();
  }

  /** What was known of the server's eras was wrong: the next session finds out again. */
  #doubt(): void {
    if (this.#eras.legacy === false) this.#effects.learned('legacy', undefined);
  }

  #refuse(): void {
    const { bridgeId, refusal } = this.#opening ?? {};
    this.#opening = undefined;
    this.#phase = 'refused';
    this.#held = [];
    if (refusal) this.#effects.say(refusal);
    else if (bridgeId !== undefined) {
      const message = 'The server and the bridge have no revision in common.';
      this.#effects.fail(bridgeId, { code: CODE.internal, message });
    }
  }

  #served(): void {
    if (this.#hasServed) return;
    this.#hasServed = true;
    this.#effects.served(FIRST_SLOT);
  }
}
