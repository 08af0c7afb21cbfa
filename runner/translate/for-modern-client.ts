// The translator for the modern clients of one principal: finds out the server's era, then passes messages on or translates
// them.
import type { BridgeRequestId, PrincipalName, ServerName } from '../../shared/ids.ts';
import { actDue, nextDue, type Dues } from '../../shared/dues.ts';
import { FRAMED_WORDS, type Quote } from '../core/overheard.ts';
import { FAULTS } from '../../shared/fault.ts';
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import { SharedProcess } from './modern-to-modern/shared-process.ts';
import { ModernToLegacy, type ModernClientLimits } from './modern-to-legacy/translation.ts';
import { readCall, type ClientCall } from './client-call.ts';
import { NO_PROCESS, readNotification } from './client-notification.ts';
import { Effects } from './effects.ts';
import { EraProbe, type ProbeVerdict } from './era-probe.ts';
import { MAX_WAITING, overloaded, startFailed } from './faults.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { OwnRequests } from './own-requests.ts';
import { ProcessHearing } from './process-hearing.ts';
import type { FixedArguments } from './tool-headers.ts';
import type { Digest, Sealer } from './modern-to-legacy/request-state.ts';
import { MAX_WAITING_BYTES } from './modern-to-legacy/waiting-calls.ts';
import {
  NO_ERA_KNOWN,
  type KnownEras,
  type TranslateEffect,
  type Translator,
} from './translator.ts';

export interface ModernClientOptions {
  readonly server: ServerName;
  readonly principal: PrincipalName;
  readonly sealer: Sealer;
  readonly digest: Digest;
  readonly limits: ModernClientLimits;
  /** Prepares what a process printed to be shown to a client. */
  readonly quote: Quote;
  /** Arguments that no client sends, and no header repeats; absent: none. */
  readonly fixed?: FixedArguments | undefined;
  /** Others share its processes, so a legacy one can ask nothing, and no call has to wait for its turn to be asked. */
  readonly isShared?: boolean;
}

const bytesOf = ({ message: { bytes } }: ClientCall): number => bytes.length;

export class ForModernClient implements Translator {
  readonly #effects = new Effects();
  readonly #own = new OwnRequests(this.#effects);
  readonly #options: ModernClientOptions;
  /** By slot. */
  readonly #hearings = new Map<number, ProcessHearing>();
  #eras = NO_ERA_KNOWN;
  #lastId = 0;
  #probe: EraProbe | undefined;
  #side: SharedProcess | ModernToLegacy | undefined;
  /** What waits for the era to be known. */
  #waiting: ClientCall[] = [];

  constructor(options: ModernClientOptions) {
    this.#options = options;
  }

  know(eras: KnownEras): void {
    this.#eras = eras;
  }

  /** No process starts before the first request says what it must be initialized with. */
  start(_now: number): TranslateEffect[] {
    return [];
  }

  fromSession(message: MessageView, now: number): TranslateEffect[] {
    const read = readCall(message);
    const call = read && this.#options.isShared ? { ...read, capabilities: {} } : read;
    if (call) {
      this.#lastId = Math.max(this.#lastId, call.bridgeId);
      this.#request(call, now);
    } else if (message.method === 'notifications/cancelled') {
      this.#cancel(bridgeIdOf(message.requestId), now);
    } else if (message.kind === 'notification') this.#side?.notify(readNotification(message));
    return this.#take(now);
  }

  refusal(notification: MessageView): string | undefined {
    if (notification.kind !== 'notification') return undefined;
    return this.#side ? this.#side.refusal(readNotification(notification)) : NO_PROCESS;
  }

  fromProcess(slot: number, said: Uint8Array | MessageView, now: number): TranslateEffect[] {
    this.#hear(slot, this.#hearingOf(slot).said(said, now), now);
    return this.#take(now);
  }

  exited(slot: number, description: string, now: number, hasRun = true): TranslateEffect[] {
    if (this.#side) this.#side.exited(slot, description, now, hasRun);
    else this.#probe?.exited(slot, description, now);
    this.#hearings.delete(slot);
    this.#effects.forget(slot);
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
    for (const [slot, hearing] of this.#hearings) {
      due(hearing.wakeAt, (now) => this.#hear(slot, hearing.tick(now), now));
    }
    const translating = this.#side ?? this.#probe;
    due(translating?.wakeAt(), (now) => translating?.tick(now));
  };

  #take(now: number): TranslateEffect[] {
    for (const slot of this.#effects.takeNotified()) this.#hearingOf(slot).notified(now);
    return this.#effects.take();
  }

  #hear(slot: number, heard: readonly MessageView[], now: number): void {
    for (const message of heard) {
      if (this.#side) this.#side.fromProcess(slot, message, now);
      else if (message.isAnswer) this.#own.answer(slot, message, now);
    }
  }

  #hearingOf(slot: number): ProcessHearing {
    const known = this.#hearings.get(slot);
    if (known) return known;
    const hearing = new ProcessHearing({
      owed: {
        has: (id) => this.#own.owes(slot, id) || this.#side?.owes(slot, id) === true,
        wasAsked: (id) => this.#own.wasMade(id) || (id > 0 && id <= this.#lastId),
        only: () => {
          const owed = [...this.#own.owed(slot), ...(this.#side?.owed(slot) ?? [])];
          const [only, second] = owed;
          return second === undefined ? only : undefined;
        },
      },
      drop: (words, fields, now) => this.#effects.drop(words, fields, now),
      quote: this.#options.quote,
    });
    this.#hearings.set(slot, hearing);
    return hearing;
  }

  /** What the process printed says more than that it failed. */
  #startError(
    slot: number,
    description: string,
    answered?: Partial<ErrorObject>,
    goesOn = false,
  ): ErrorObject {
    const words = this.#hearingOf(slot).added(description);
    const { code, message, data } = answered ?? {};
    const isUnusable = code === FAULTS.process_protocol.code && words !== FRAMED_WORDS;
    return isUnusable && message !== undefined
      ? { code, message, data }
      : startFailed(words, goesOn);
  }

  #request(call: ClientCall, now: number): void {
    if (!this.#side && !this.#probe) this.#begin(call, now);
    if (this.#side) this.#side.request(call, now);
    else if (this.#mayWait(call)) this.#waiting.push(call);
    else this.#effects.fail(call.bridgeId, overloaded());
  }

  #mayWait(call: ClientCall): boolean {
    const waitingBytes = [...this.#waiting, call].reduce((sum, each) => sum + bytesOf(each), 0);
    return this.#waiting.length < MAX_WAITING && waitingBytes <= MAX_WAITING_BYTES;
  }

  #cancel(bridgeId: BridgeRequestId | undefined, now: number): void {
    if (bridgeId === undefined) return;
    this.#waiting = this.#waiting.filter((call) => call.bridgeId !== bridgeId);
    this.#side?.cancel(bridgeId, now);
  }

  /** Uses what another session found out, or asks the process. */
  #begin(call: ClientCall, now: number): void {
    const { modern, legacy } = this.#eras;
    if (modern === true || legacy === false) this.#side = this.#modernSide();
    else if (modern === false) this.#side = this.#legacySide();
    else {
      const { startTimeoutMs } = this.#options.limits;
      const parts = { effects: this.#effects, own: this.#own, startTimeoutMs };
      this.#probe = new EraProbe(parts, call, (verdict, at) => this.#decided(verdict, at), now);
    }
  }

  #decided(verdict: ProbeVerdict, now: number): void {
    const client = this.#probe?.client;
    this.#probe = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (verdict.era === 'none') {
      // The next request tries again.
      const { slot, description, answered, goesOn } = verdict;
      const error = this.#startError(slot, description, answered, goesOn);
      for (const { bridgeId } of waiting) this.#effects.fail(bridgeId, error);
      return;
    }
    this.#effects.learned('modern', verdict.era === 'modern');
    if (verdict.era === 'modern') {
      const side = this.#modernSide();
      if (verdict.slot !== undefined) side.adopt(verdict.slot);
      this.#side = side;
    } else {
      const side = this.#legacySide();
      if (client) side.adopt(verdict.slot, client, verdict.result, now);
      this.#side = side;
    }
    for (const call of waiting) this.#side.request(call, now);
  }

  #modernSide(): SharedProcess {
    const { requestTimeoutMs } = this.#options.limits;
    return new SharedProcess({
      effects: this.#effects,
      own: this.#own,
      requestTimeoutMs,
      fixed: this.#options.fixed,
    });
  }

  #legacySide(): ModernToLegacy {
    return new ModernToLegacy({
      ...this.#options,
      effects: this.#effects,
      own: this.#own,
      startError: (...failure) => this.#startError(...failure),
    });
  }
}
