// Finds out the era of a server on the same process that will serve (MCP 2026-07-28, stdio, "Negotiation"): asks for
// `server/discover`, and falls back to `initialize` if it refuses, stays silent or exits.
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { ClientCall } from './client-call.ts';
import type { Effects } from './effects.ts';
import { initializeParams, OWN_META } from './envelope.ts';
import {
  EraDetection,
  eraAnswerOf,
  type EraStep,
  type Opener,
  type Settled,
} from './era-detection.ts';
import type { OwnAnswer, OwnRequests } from './own-requests.ts';

/**
 * Some legacy servers do not answer what they do not know, and clients wait this long for them. A server that only starts slowly
 * loses nothing: it finds both requests when it runs, and answers them in turn.
 */
const SILENCE_MS = 1_500;

export type ProbeVerdict =
  /** `slot`: the process to continue with; undefined if it cannot be used for this era any more. */
  | { readonly era: 'modern'; readonly slot: number | undefined }
  | { readonly era: 'legacy'; readonly slot: number; readonly result: unknown }
  | ({ readonly era: 'none'; readonly slot: number } & ProbeFailure);

/** As `StartError` takes it. */
interface ProbeFailure {
  readonly description: string;
  readonly answered?: Partial<ErrorObject>;
  readonly goesOn?: true;
}

export class EraProbe {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  /** The client that the process is initialized as. */
  readonly client: ClientCall;
  readonly #decided: (verdict: ProbeVerdict, now: number) => void;
  #slot: number;
  /** The client waits until then, whatever was asked in the meantime. */
  readonly #startBy: number;
  readonly #silenceMs: number;
  #detection = new EraDetection(['server/discover', 'initialize']);
  /** A process exited at `server/discover`. */
  #isFragile = false;
  #wakeAt = Infinity;

  /** @param decided gets the verdict, once. */
  constructor(
    parts: { effects: Effects; own: OwnRequests; startTimeoutMs: number },
    client: ClientCall,
    decided: (verdict: ProbeVerdict, now: number) => void,
    now: number,
  ) {
    this.#effects = parts.effects;
    this.#own = parts.own;
    this.client = client;
    this.#decided = decided;
    this.#startBy = now + parts.startTimeoutMs;
    this.#silenceMs = Math.min(SILENCE_MS, parts.startTimeoutMs / 2);
    this.#slot = this.#effects.start();
    this.#ask(this.#detection.next(), now);
  }

  wakeAt(): number {
    return this.#wakeAt;
  }

  tick(now: number): void {
    if (now < this.#wakeAt) return;
    const step = this.#detection.next();
    if (step.do !== 'settle') return this.#ask(step, now);
    this.#stop('it did not answer initialize');
    this.#settle(step, { description: 'has not answered any request yet', goesOn: true }, now);
  }

  exited(slot: number, description: string, now: number): void {
    if (slot !== this.#slot) return;
    this.#own.forget(slot);
    if (this.#isFragile) return this.#decided({ era: 'none', slot, description }, now);
    // It may exit on requests it does not know; the next process is asked in the old way.
    this.#isFragile = true;
    this.#slot = this.#effects.start();
    this.#detection = new EraDetection(['initialize']);
    this.#ask(this.#detection.next(), now);
  }

  #ask(step: EraStep, now: number): void {
    if (step.do !== 'ask') return;
    const { opener } = step;
    const isInitialize = opener === 'initialize';
    this.#wakeAt = isInitialize ? this.#startBy : now + this.#silenceMs;
    const params = isInitialize ? initializeParams(this.client) : { _meta: OWN_META };
    this.#own.send(this.#slot, opener, params, (answer, at) => this.#answered(opener, answer, at));
  }

  #answered(opener: Opener, answer: OwnAnswer, now: number): void {
    const step = this.#detection.answered(opener, eraAnswerOf(answer));
    if (step.do === 'ask') return this.#ask(step, now);
    if (step.do === 'wait') {
      if (this.#detection.isModern) this.#wakeAt = Math.min(this.#wakeAt, now + SILENCE_MS);
      return;
    }
    if (step.era === 'legacy') {
      const result = answer.ok ? answer.result : undefined;
      return this.#decided({ era: 'legacy', slot: this.#slot, result }, now);
    }
    if (step.isSpoiled) {
      this.#stop(
        answer.ok
          ? 'it serves the modern era, but was initialized'
          : 'it refused to be initialized',
      );
    }
    const error = answer.ok ? {} : { answered: answer.error };
    this.#settle(step, { description: 'refused to be initialized', ...error }, now);
  }

  #settle(step: Settled, failure: ProbeFailure, now: number): void {
    if (step.era !== 'modern') {
      return this.#decided({ era: 'none', slot: this.#slot, ...failure }, now);
    }
    this.#decided({ era: 'modern', slot: step.isSpoiled ? undefined : this.#slot }, now);
  }

  #stop(reason: string): void {
    this.#own.forget(this.#slot);
    this.#effects.stop(this.#slot, reason);
  }
}
