// Decides the era of a process by its answers to the first request of each era: `initialize` (legacy) and `server/discover`
// (modern; MCP 2026-07-28, stdio, "Negotiation"). The caller decides who asks and how long to wait.
import { CODE, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import { at } from './json.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { OwnAnswer } from './own-requests.ts';

/** The first request of an era. */
export type Opener = 'initialize' | 'server/discover';

/** What an answer to an {@link Opener} says of the era. */
export interface EraAnswer {
  readonly isResult: boolean;
  /** The revisions it names: a result's `supportedVersions`, an error's `data.supported`. */
  readonly revisions: unknown;
  /** The error's. */
  readonly code: unknown;
}

export const eraAnswerIn = (answer: MessageView): EraAnswer => ({
  isResult: answer.kind === 'result',
  revisions:
    answer.parsed('result', 'supportedVersions') ?? answer.parsed('error', 'data', 'supported'),
  code: answer.parsed('error', 'code'),
});

export const eraAnswerOf = (answer: OwnAnswer): EraAnswer =>
  answer.ok
    ? { isResult: true, revisions: at(answer.result, 'supportedVersions'), code: undefined }
    : { isResult: false, revisions: at(answer.error.data, 'supported'), code: answer.error.code };

export type EraStep =
  | { readonly do: 'ask'; readonly opener: Opener }
  /** Another answer is still to come. */
  | { readonly do: 'wait' }
  | Settled;

export interface Settled {
  readonly do: 'settle';
  readonly era: 'legacy' | 'modern' | 'none';
  /** This process can serve no client: a process of both eras that was initialized stays in the legacy era. */
  readonly isSpoiled: boolean;
}

const WAIT: EraStep = { do: 'wait' };
const settled = (era: Settled['era'], isSpoiled = false): Settled => ({
  do: 'settle',
  era,
  isSpoiled,
});
const NONE = settled('none', true);

export class EraDetection {
  readonly #unasked: Opener[];
  #isInitializing = false;
  #isModern = false;

  /** @param order of the openers; one that is left out is never asked. */
  constructor(order: readonly Opener[]) {
    this.#unasked = [...order];
  }

  /** It answered `server/discover`, and what it says to `initialize` is still to come. */
  get isModern(): boolean {
    return this.#isModern;
  }

  /** The first step, and the next one when the process has been silent for the whole wait. */
  next(): EraStep {
    const opener = this.#unasked.shift();
    if (opener === undefined) return this.#isModern ? settled('modern', true) : NONE;
    if (opener === 'initialize') this.#isInitializing = true;
    return { do: 'ask', opener };
  }

  answered(opener: Opener, answer: EraAnswer): EraStep {
    return opener === 'initialize' ? this.#initialized(answer) : this.#discovered(answer);
  }

  #discovered(answer: EraAnswer): EraStep {
    const isModern = answer.isResult && namesModern(answer);
    if (!this.#isInitializing) return isModern ? settled('modern') : this.next();
    // It was asked both; its answer to the other one counts.
    this.#isModern = isModern;
    return WAIT;
  }

  #initialized(answer: EraAnswer): EraStep {
    this.#isInitializing = false;
    if (answer.isResult) return this.#isModern ? settled('modern', true) : settled('legacy');
    if (this.#isModern) return settled('modern');
    if (this.#unasked.length > 0) return this.next();
    // A modern server names its revisions when it is asked for an unknown one.
    const isModern = answer.code === CODE.unsupportedVersion && namesModern(answer);
    return isModern ? settled('modern', true) : NONE;
  }
}

/** Whether it names the modern revision. */
export const namesModern = ({ revisions }: EraAnswer): boolean =>
  Array.isArray(revisions) && revisions.includes(MODERN_REVISION);
