// The translator for the modern clients of one principal: finds out the era of the server, and passes on or translates.
import { ModernSide } from './modern-side.ts';
import { LegacySide, type ModernClientLimits } from './legacy-side.ts';
import { readCall, type ClientCall } from './client-call.ts';
import { NO_PROCESS, readNotification } from './client-notification.ts';
import { Effects } from './effects.ts';
import { EraProbe, type Verdict } from './era-probe.ts';
import { MAX_WAITING, overloaded, startFailed } from './faults.ts';
import { messagesOf, numberOf } from './message.ts';
import { OwnRequests } from './own-requests.ts';
import type { Digest, Sealer } from './request-state.ts';
import type { KnownEras, TranslateEffect, Translator } from './translator.ts';

export interface ModernClientOptions {
  readonly server: string;
  readonly principal: string;
  /** Shared by all translators of the server's config. */
  readonly eras: KnownEras;
  readonly sealer: Sealer;
  readonly digest: Digest;
  readonly limits: ModernClientLimits;
}

export class ForModernClient implements Translator {
  readonly #effects = new Effects();
  readonly #own = new OwnRequests(this.#effects);
  readonly #options: ModernClientOptions;
  #probe: EraProbe | undefined;
  #side: ModernSide | LegacySide | undefined;
  /** What waits for the era to be known. */
  #waiting: ClientCall[] = [];

  constructor(options: ModernClientOptions) {
    this.#options = options;
  }

  /** Nothing is started before the first request tells what a process is to be initialized with. */
  start(_now: number): TranslateEffect[] {
    return [];
  }

  fromSession(line: Uint8Array, now: number): TranslateEffect[] {
    const reading = messagesOf(line);
    for (const message of reading.ok ? reading.messages : []) {
      const call = readCall(message);
      if (call) this.#request(call, now);
      else if (message.method === 'notifications/cancelled') {
        this.#cancel(numberOf(message.requestId), now);
      } else if (message.kind === 'notification') this.#side?.notify(readNotification(message));
    }
    return this.#effects.take();
  }

  refusal(line: Uint8Array): string | undefined {
    const reading = messagesOf(line);
    const [message] = reading.ok ? reading.messages : [];
    if (message?.kind !== 'notification') return undefined;
    return this.#side ? this.#side.refusal(readNotification(message)) : NO_PROCESS;
  }

  fromProcess(slot: number, line: Uint8Array, now: number): TranslateEffect[] {
    const reading = messagesOf(line);
    if (!reading.ok) {
      const { reason } = reading;
      this.#effects.drop('a line on stdout is not a JSON-RPC message', { reason }, now);
    }
    for (const message of reading.ok ? reading.messages : []) {
      if (this.#side) this.#side.fromProcess(slot, message, now);
      else if (message.kind === 'result' || message.kind === 'error') {
        this.#own.answer(slot, message, now);
      }
    }
    return this.#effects.take();
  }

  exited(slot: number, description: string, now: number, hasRun = true): TranslateEffect[] {
    if (this.#side) this.#side.exited(slot, description, now, hasRun);
    else this.#probe?.exited(slot, description, now);
    return this.#effects.take();
  }

  tick(now: number): TranslateEffect[] {
    if (this.#side) this.#side.tick(now);
    else this.#probe?.tick(now);
    return this.#effects.take();
  }

  wakeAt(): number | undefined {
    return this.#side ? this.#side.wakeAt() : this.#probe?.wakeAt;
  }

  #request(call: ClientCall, now: number): void {
    if (!this.#side && !this.#probe) this.#begin(call, now);
    if (this.#side) this.#side.request(call, now);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(call);
    else this.#effects.fail(call.id, overloaded());
  }

  #cancel(sessionId: number | undefined, now: number): void {
    if (sessionId === undefined) return;
    this.#waiting = this.#waiting.filter(({ id }) => id !== sessionId);
    this.#side?.cancel(sessionId, now);
  }

  /** Goes by what another session found out, or asks the process. */
  #begin(call: ClientCall, now: number): void {
    const { eras } = this.#options;
    if (eras.modern === true || eras.legacy === false) this.#side = this.#modernSide();
    else if (eras.modern === false) this.#side = this.#legacySide();
    else {
      const parts = { effects: this.#effects, own: this.#own };
      this.#probe = new EraProbe(parts, call, (verdict, at) => this.#decided(verdict, at), now);
    }
  }

  #decided(verdict: Verdict, now: number): void {
    const client = this.#probe?.client;
    this.#probe = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (verdict.era === 'none') {
      // The next request tries anew.
      for (const { id } of waiting) this.#effects.fail(id, startFailed(verdict.description));
      return;
    }
    this.#options.eras.modern = verdict.era === 'modern';
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

  #modernSide(): ModernSide {
    const { requestTimeoutMs } = this.#options.limits;
    return new ModernSide({ effects: this.#effects, own: this.#own, requestTimeoutMs });
  }

  #legacySide(): LegacySide {
    return new LegacySide({ ...this.#options, effects: this.#effects, own: this.#own });
  }
}
