// A legacy client before a process whose era shows itself: the client's own `initialize` finds it out. A process
// that serves the legacy era is passed every line as it is; one that does not is translated.
import { faultError } from '../../shared/fault.ts';
import { errorResponse } from '../../shared/jsonrpc/message.ts';
import { ProcessText } from '../core/process-text.ts';
import { earliest } from '../core/earliest.ts';
import { parsedAt } from '../../shared/jsonrpc/members.ts';
import { scanLine, scanMessage, type Envelope } from '../../shared/jsonrpc/scan.ts';
import { CODE } from '../../shared/mcp/modern.ts';
import { legacyError, underId } from './legacy-to-modern/answers.ts';
import { DeclaredClient } from './legacy-to-modern/declared-client.ts';
import {
  capabilitiesIn,
  discoverLine,
  initializeResult,
  isDiscovered,
} from './legacy-to-modern/discovery.ts';
import { idIn, numberIn } from './ids.ts';
import { ModernSide } from './legacy-to-modern/translation.ts';
import { Outbox, SLOT } from './outbox.ts';
import { ProcessHearing } from './process-hearing.ts';
import type { KnownEras, TranslateEffect, Translator } from './translator.ts';

/** A process that has refused `initialize` and says nothing to `server/discover` for this long does not know it: it runs, as it answered. */
const DISCOVER_MS = 2_000;

/** Errors by which a process that is asked to initialize says that it never will: it does not serve that revision, or knows no such method. */
const NOT_LEGACY: ReadonlySet<unknown> = new Set([CODE.unsupportedVersion, CODE.methodNotFound]);

/**
 * - `undecided`: lines pass as they are; the answer to `initialize` decides
 * - `probing`: it was an error; the answer to `server/discover` decides, and lines of the client wait for it
 * - `refused`: of neither era; the client has been told, and its session ends
 */
type Phase = 'undecided' | 'probing' | 'transparent' | 'modern' | 'refused';

/** The client's `initialize` while it is not answered. */
interface Opening {
  readonly id: number;
  readonly client: DeclaredClient;
  /** The bridge's id of `server/discover`, once asked. */
  discoverId?: number;
  /** What the process said to `initialize`, when it was asked that first. */
  refusal?: Uint8Array;
  /** When waiting for the answer to `server/discover` ends. */
  until?: number;
}

/** What a client may say in that time: two of the largest messages. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

export class ForLegacyClient implements Translator {
  readonly #eras: KnownEras;
  readonly #server: string;
  readonly #outbox = new Outbox();
  readonly #modern = new ModernSide(this.#outbox);
  /** Finds the answer to `initialize` in what the process prints, while all of that is passed on and judged by the session. */
  readonly #text = new ProcessText();
  /** The lines of a text that goes on. */
  #pieces: Uint8Array[] = [];
  /** Hears the process once it is spoken to by the bridge. */
  readonly #hearing = new ProcessHearing({
    owed: {
      has: (id) => this.#owed().includes(id),
      wasAsked: (id) => this.#outbox.wasMinted(id) || (id > 0 && id <= this.#lastId),
      only: () => {
        const owed = this.#owed();
        return owed.length === 1 ? owed[0] : undefined;
      },
    },
    drop: (words, fields, now) => this.#outbox.drop(words, fields, now),
    quote: () => '',
  });
  #phase: Phase = 'undecided';
  #opening: Opening | undefined;
  #held: Uint8Array[] = [];
  /** Requests that passed as they were while nothing was decided. */
  readonly #plain = new Set<number>();
  #lastId = 0;
  #hasServed = false;

  /** `server`: the configured name, for a process that does not give its own. */
  constructor({ eras, server }: { eras: KnownEras; server: string }) {
    this.#eras = eras;
    this.#server = server;
  }

  /** The process serves the legacy era: from now on it needs no translator. */
  get isTransparent(): boolean {
    return this.#phase === 'transparent';
  }

  start(_now: number): TranslateEffect[] {
    this.#decideByEras();
    this.#outbox.push({ do: 'start', slot: SLOT });
    return this.#outbox.take();
  }

  fromSession(line: Uint8Array, now: number): TranslateEffect[] {
    this.#fromSession(line, now);
    return this.#outbox.take();
  }

  fromProcess(_slot: number, line: Uint8Array, now: number): TranslateEffect[] {
    if (this.#phase === 'modern' || this.#phase === 'probing') {
      for (const { bytes, envelope } of this.#hearing.line(line, now)) {
        this.#fromProcess(bytes, envelope, now);
      }
    } else this.#untranslated(line, now);
    return this.#outbox.take();
  }

  exited(_slot: number, description: string, _now: number): TranslateEffect[] {
    if (this.#opening) this.#doubt();
    this.#outbox.push({ do: 'exited', description });
    return this.#outbox.take();
  }

  tick(now: number): TranslateEffect[] {
    const { until } = this.#opening ?? {};
    if (until !== undefined && until <= now) this.#refuse();
    if (this.#text.tick(now).length > 0) this.#sayPieces();
    for (const { bytes, envelope } of this.#hearing.tick(now)) {
      this.#fromProcess(bytes, envelope, now);
    }
    this.#modern.tick(now);
    return this.#outbox.take();
  }

  wakeAt(): number | undefined {
    const translating = this.#opening?.until ?? this.#modern.wakeAt;
    return earliest([translating, this.#text.wakeAt, this.#hearing.wakeAt]);
  }

  #decideByEras(): void {
    if (this.#phase !== 'undecided' || this.#opening) return;
    if (this.#eras.legacy === true) this.#phase = 'transparent';
    else if (this.#eras.legacy === false) this.#phase = 'modern';
  }

  #fromSession(line: Uint8Array, now: number): void {
    // Another session may have found it out meanwhile.
    this.#decideByEras();
    if (this.#phase === 'refused') return;
    if (this.#phase === 'probing') return this.#hold(line, now);
    const scan = scanMessage(line);
    const envelope = scan.ok && scan.shape === 'single' ? scan.envelope : undefined;
    if (envelope?.kind === 'request') {
      this.#lastId = Math.max(this.#lastId, Number(idIn(line, envelope.id)));
    } else if (envelope?.kind === 'notification') this.#hearing.notified(now);
    if (envelope?.kind === 'request' && envelope.method === 'initialize') {
      this.#initialize(line, envelope);
      return;
    }
    // The session waits no longer for the answer to it.
    if (envelope?.requestId && idIn(line, envelope.requestId) === this.#opening?.id) this.#doubt();
    if (this.#phase !== 'modern') this.#pass(line, envelope);
    else if (envelope) this.#modern.fromClient(line, envelope, now);
  }

  #pass(line: Uint8Array, envelope: Envelope | undefined): void {
    const id = envelope?.kind === 'request' ? numberIn(line, envelope.id) : undefined;
    if (id !== undefined) this.#plain.add(id);
    this.#outbox.write(line);
  }

  #initialize(line: Uint8Array, envelope: Envelope): void {
    if (this.#phase === 'transparent') return this.#outbox.write(line);
    const id = Number(idIn(line, envelope.id));
    this.#opening = { id, client: new DeclaredClient(line) };
    if (this.#phase === 'modern') this.#discover(this.#opening);
    else this.#outbox.write(line);
  }

  #discover(opening: Opening): void {
    opening.discoverId = this.#outbox.mint();
    this.#outbox.write(discoverLine(opening.discoverId, opening.client));
  }

  /** Before it is known what the process is, the session hears every line as it is, but for the answer to `initialize`. */
  #untranslated(line: Uint8Array, now: number): void {
    const scan = scanLine(line);
    if (scan.ok) {
      if (this.#text.interrupted().length > 0) this.#sayPieces();
      if (scan.shape === 'single') this.#fromProcess(line, scan.envelope, now);
      else this.#outbox.say(line);
      return;
    }
    const heard = this.#text.line(line, now);
    this.#pieces.push(line.slice());
    // More of it is to come.
    if (heard.length === 0) return;
    const messages = heard.filter((said) => said.is === 'message');
    if (messages.length === 0) this.#sayPieces();
    this.#pieces = [];
    for (const { bytes, envelope } of messages) this.#fromProcess(bytes, envelope, now);
  }

  #sayPieces(): void {
    for (const piece of this.#pieces) this.#outbox.say(piece);
    this.#pieces = [];
  }

  /** The ids under which the process owes the bridge an answer. */
  #owed(): number[] {
    const { discoverId } = this.#opening ?? {};
    const opening = discoverId === undefined ? [] : [discoverId];
    return [...opening, ...this.#plain, ...this.#modern.owed];
  }

  #fromProcess(line: Uint8Array, envelope: Envelope, now: number): void {
    const opening = this.#opening;
    const isAnswer = envelope.kind === 'result' || envelope.kind === 'error';
    if (isAnswer) this.#served();
    const id = isAnswer ? numberIn(line, envelope.id) : undefined;
    if (opening && id !== undefined && id === opening.discoverId) {
      this.#discovered(opening, line, envelope, now);
    } else if (this.#phase === 'modern' && !this.#isPlain(id)) {
      this.#modern.fromProcess(line, envelope, now);
    } else if (this.#phase === 'undecided' && opening && id === opening.id) {
      this.#initialized(opening, line, envelope, now);
    } else if (this.#phase !== 'refused') this.#outbox.say(line);
  }

  /** True once for the answer to a request that the process was shown untranslated. */
  #isPlain(id: number | undefined): boolean {
    return id !== undefined && this.#plain.delete(id);
  }

  /** The process answered the client's own `initialize`. */
  #initialized(opening: Opening, line: Uint8Array, envelope: Envelope, now: number): void {
    if (envelope.kind === 'result') {
      this.#eras.legacy = true;
      this.#opening = undefined;
      this.#phase = 'transparent';
      return this.#outbox.say(line);
    }
    opening.refusal = line;
    if (this.#eras.modern === false) return this.#refuse();
    this.#phase = 'probing';
    opening.until = now + DISCOVER_MS;
    this.#discover(opening);
  }

  #discovered(opening: Opening, line: Uint8Array, envelope: Envelope, now: number): void {
    if (!isDiscovered(line, envelope)) return this.#undiscovered(opening, line, envelope);
    this.#eras.modern = true;
    // Whatever else was wrong with this client's `initialize` says nothing of another's.
    const { refusal } = opening;
    if (refusal && NOT_LEGACY.has(parsedAt(refusal, 'error', 'code'))) this.#eras.legacy = false;
    this.#phase = 'modern';
    this.#opening = undefined;
    this.#modern.introduce(opening.client, capabilitiesIn(line));
    const result = initializeResult(line, opening.client, this.#server);
    this.#outbox.answer(opening.id, result);
    const held = this.#held.splice(0);
    for (const message of held) this.#fromSession(message, now);
  }

  /** Bounded by bytes: a client may say much while its server is asked what it is. */
  #hold(line: Uint8Array, now: number): void {
    const heldBytes = this.#held.reduce((sum, { length }) => sum + length, line.length);
    if (heldBytes <= MAX_HELD_BYTES) return void this.#held.push(line);
    const scan = scanMessage(line);
    const envelope = scan.ok && scan.shape === 'single' ? scan.envelope : undefined;
    const id = envelope?.kind === 'request' ? idIn(line, envelope.id) : undefined;
    if (id === undefined) return this.#outbox.drop('too much before the start', {}, now);
    const message = 'Too much was sent before the server had started. Try again when it has.';
    this.#outbox.say(errorResponse(String(id), faultError({ fault: 'overloaded', message })));
  }

  /** Of neither era, or no longer of that which was known. */
  #undiscovered(opening: Opening, line: Uint8Array, envelope: Envelope): void {
    this.#doubt();
    if (parsedAt(line, 'error', 'code') === CODE.methodNotFound) this.#eras.modern = false;
    if (envelope.kind === 'error') opening.refusal ??= underId(legacyError(line), opening.id);
    this.#refuse();
  }

  /** What was known of the server's eras did not hold: the next session finds out anew. */
  #doubt(): void {
    if (this.#eras.legacy === false) this.#eras.legacy = undefined;
  }

  #refuse(): void {
    const { id, refusal } = this.#opening ?? {};
    this.#opening = undefined;
    this.#phase = 'refused';
    this.#held = [];
    if (refusal) this.#outbox.say(refusal);
    else if (id !== undefined) {
      const words = 'The server and the bridge have no revision in common.';
      this.#outbox.refuse(id, CODE.internal, words);
    }
  }

  #served(): void {
    if (this.#hasServed) return;
    this.#hasServed = true;
    this.#outbox.push({ do: 'served', slot: SLOT });
  }
}
