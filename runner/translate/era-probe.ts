// Finds out the era of a server on the same process that will serve (MCP 2026-07-28, stdio, "Negotiation"): asks for
// `server/discover`, and falls back to `initialize` if it refuses, stays silent or exits.
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import { CODE, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import type { ClientCall } from './client-call.ts';
import type { Effects } from './effects.ts';
import { initializeParams, OWN_META } from './envelope.ts';
import { at } from './json.ts';
import type { OwnAnswer, OwnRequests } from './own-requests.ts';

/**
 * Some legacy servers say nothing to what they do not know, and whoever waits meanwhile waits for this. One that only starts slowly
 * loses nothing: it finds both requests when it runs, and answers them in turn.
 */
const SILENCE_MS = 1_500;

export type Verdict =
  /** `slot`: the process to go on with; undefined when it was spoiled for this era. */
  | { readonly era: 'modern'; readonly slot: number | undefined }
  | { readonly era: 'legacy'; readonly slot: number; readonly result: unknown }
  /** As `StartError` takes it. */
  | {
      readonly era: 'none';
      readonly slot: number;
      readonly description: string;
      readonly answered?: Partial<ErrorObject>;
      readonly goesOn?: true;
    };

export class EraProbe {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  /** As whom the process is initialized. */
  readonly client: ClientCall;
  readonly #decided: (verdict: Verdict, now: number) => void;
  #slot: number;
  readonly #startTimeoutMs: number;
  #isInitializing = false;
  /** It answered `server/discover`, but was asked to `initialize` before. */
  #isModern = false;
  /** A process exited at `server/discover`. */
  #isFragile = false;
  #wakeAt: number;

  /** @param decided is told the verdict, once. */
  constructor(
    parts: { effects: Effects; own: OwnRequests; startTimeoutMs: number },
    client: ClientCall,
    decided: (verdict: Verdict, now: number) => void,
    now: number,
  ) {
    this.#effects = parts.effects;
    this.#own = parts.own;
    this.client = client;
    this.#decided = decided;
    this.#startTimeoutMs = parts.startTimeoutMs;
    this.#slot = this.#effects.start();
    this.#wakeAt = now + SILENCE_MS;
    this.#own.send(this.#slot, 'server/discover', { _meta: OWN_META }, (answer, at) =>
      this.#discovered(answer, at),
    );
  }

  get wakeAt(): number {
    return this.#wakeAt;
  }

  tick(now: number): void {
    if (now < this.#wakeAt) return;
    if (!this.#isInitializing) return this.#initialize(now);
    this.#stop('it did not answer initialize');
    if (this.#isModern) return this.#decided({ era: 'modern', slot: undefined }, now);
    const description = 'has not answered any request yet';
    this.#decided({ era: 'none', slot: this.#slot, description, goesOn: true }, now);
  }

  exited(slot: number, description: string, now: number): void {
    if (slot !== this.#slot) return;
    this.#own.forget(slot);
    if (this.#isFragile) return this.#decided({ era: 'none', slot, description }, now);
    // It may be one that exits on what it does not know: asked the old way, the next may live.
    this.#isFragile = true;
    this.#slot = this.#effects.start();
    this.#initialize(now);
  }

  #discovered(answer: OwnAnswer, now: number): void {
    const versions = answer.ok ? at(answer.result, 'supportedVersions') : undefined;
    if (!Array.isArray(versions) || !versions.includes(MODERN_REVISION)) {
      if (!this.#isInitializing) this.#initialize(now);
      return;
    }
    // Asked both, the process keeps to what it says to the other question.
    if (!this.#isInitializing) return this.#decided({ era: 'modern', slot: this.#slot }, now);
    this.#isModern = true;
    this.#wakeAt = Math.min(this.#wakeAt, now + SILENCE_MS);
  }

  #initialize(now: number): void {
    this.#isInitializing = true;
    this.#wakeAt = now + this.#startTimeoutMs;
    this.#own.send(this.#slot, 'initialize', initializeParams(this.client), (answer, at) =>
      this.#initialized(answer, at),
    );
  }

  #initialized(answer: OwnAnswer, now: number): void {
    if (answer.ok && this.#isModern) {
      // A process of both eras keeps to the one it was initialized for.
      this.#stop('it serves the modern era, but was initialized');
      return this.#decided({ era: 'modern', slot: undefined }, now);
    }
    if (answer.ok) {
      return this.#decided({ era: 'legacy', slot: this.#slot, result: answer.result }, now);
    }
    if (this.#isModern) return this.#decided({ era: 'modern', slot: this.#slot }, now);
    this.#stop('it refused to be initialized');
    if (isModernOnly(answer)) return this.#decided({ era: 'modern', slot: undefined }, now);
    const description = 'refused to be initialized';
    this.#decided({ era: 'none', slot: this.#slot, description, answered: answer.error }, now);
  }

  #stop(reason: string): void {
    this.#own.forget(this.#slot);
    this.#effects.stop(this.#slot, reason);
  }
}

/** A modern server names its revisions when it is asked for another. */
function isModernOnly(answer: OwnAnswer): boolean {
  if (answer.ok || answer.error.code !== CODE.unsupportedVersion) return false;
  const supported = at(answer.error.data, 'supported');
  return Array.isArray(supported) && supported.includes(MODERN_REVISION);
}
