// Knows which tools the process of a session has, for what must be known before a call: are they those that were pinned, and which are
// there to be found? Lists them by itself before the first request that needs it, and again when the process says that they have changed.
// Pure.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { withMembers } from '../../shared/jsonrpc/members.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CODE, PRIVATE_META } from '../../shared/mcp/modern.ts';
import type { Call, Calls } from './calls.ts';
import { isListTooLarge } from './list-size.ts';
import { NO_LIST, type PinnedTools } from './pinned-tools.ts';
import type { Outcomes } from './outcomes.ts';
import type { SessionOutput } from './session-output.ts';
import type { SearchAsk, ToolSearch } from './tool-search.ts';
import { MAX_PAGES, nextPage } from '../../shared/mcp/pages.ts';
import { LIST_METHOD } from '../../shared/mcp/judged.ts';

/** What may wait for the list, in bytes. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

const OWN_META = [...Object.values(PRIVATE_META), 'progressToken'];

interface Parts {
  readonly calls: Calls;
  readonly outcomes: Outcomes;
  readonly out: SessionOutput;
}

interface Held {
  readonly call: Call;
  readonly message: MessageView;
  readonly ask: SearchAsk;
}

/** Who needs to know the tools; at least one of them. */
export interface CatalogueReaders {
  /** Absent: clients may have all. */
  readonly pinned: PinnedTools | undefined;
  /** Serves two tools in their place; absent: clients are given the list. */
  readonly search: ToolSearch | undefined;
}

interface Listing {
  id: BridgeRequestId;
  /** JSON text of the `_meta` that a request of this client has. */
  readonly meta: string | undefined;
  pages: number;
  cursor: string | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ToolCatalogue {
  readonly #parts: Parts;
  readonly #pinned: PinnedTools | undefined;
  readonly #search: ToolSearch | undefined;
  #listing: Listing | undefined;
  #held: Held[] = [];
  #heldBytes = 0;

  constructor(parts: Parts, { pinned, search }: CatalogueReaders) {
    this.#parts = parts;
    this.#pinned = pinned;
    this.#search = search;
  }

  /** A request that is to be written. True: it waits here, or has been answered. */
  takes(call: Call, message: MessageView, ask: SearchAsk, now: number): boolean {
    const waits =
      this.#pinned?.waits(call.method) === true || this.#search?.waits(ask, now) === true;
    if (!waits) return this.#settles({ call, message, ask }, now);
    if (this.#listing && !this.#held.some(this.#waits)) this.#abandon();
    if (this.#heldBytes + message.bytes.length > MAX_HELD_BYTES) {
      const words = 'The server’s tools are not known yet, and too much waits for them. Try again.';
      this.#parts.outcomes.fail(call, { fault: 'overloaded', message: words }, now);
      return true;
    }
    this.#held.push({ call, message: message.kept(), ask });
    this.#heldBytes += message.bytes.length;
    if (!this.#listing) this.#list(metaIn(message));
    return true;
  }

  /** Whether a request of the catalogue under this id has no answer yet. */
  awaits(id: BridgeRequestId): boolean {
    return this.#listing?.id === id;
  }

  /** The answer to it. */
  answered(answer: MessageView, now: number): void {
    const listing = this.#listing;
    if (!listing) return;
    if (answer.kind === 'error') {
      // A server without tools need not know the method.
      const hasNone = answer.parsed('error', 'code') === CODE.methodNotFound;
      return hasNone ? this.#conclude(now) : this.failed(now);
    }
    const isOfUse =
      !isListTooLarge(answer) &&
      this.#pinned?.page(answer) !== false &&
      this.#search?.page(answer) !== false;
    if (!isOfUse) return this.failed(now);
    const cursor = nextPage(answer.string('result', 'nextCursor'), listing.cursor);
    if (cursor === undefined || listing.pages >= MAX_PAGES) return this.#conclude(now);
    this.#ask(listing, cursor);
  }

  /** The answer cannot be used: lists go on, calls do not. */
  failed(now: number): void {
    this.#listing = undefined;
    this.#stop();
    for (const held of this.#takeHeld()) {
      const { call, message } = held;
      if (this.#answers(held, now)) continue;
      if (call.method === LIST_METHOD || this.#pinned?.holdsBack !== true)
        this.#parts.out.pass(message);
      else this.#parts.outcomes.fail(call, { fault: 'not_allowed', message: NO_LIST }, now);
    }
  }

  /** The process says that its tools have changed. */
  changed(): void {
    this.#pinned?.changed();
    this.#search?.changed();
  }

  /** Whether a tool of a list is held back. */
  get isHeldBack(): PinnedTools['isHeldBack'] | undefined {
    return this.#pinned?.isHeldBack;
  }

  /** What is known now is enough for it. True: it was answered here. */
  #settles(held: Held, now: number): boolean {
    const { call, message, ask } = held;
    const isOwn = ask.kind !== 'plain' && ask.kind !== 'inner';
    const isNothing = ask.kind === 'inner' && this.#pinned?.knows(message) !== true;
    if ((isOwn || isNothing) && this.#answers(held, now)) return true;
    const refusal = this.#pinned?.refusal(message);
    if (refusal === undefined) return false;
    this.#parts.outcomes.fail(call, { fault: 'not_allowed', message: refusal }, now);
    return true;
  }

  /** Whether it is answered in the server's place. */
  #answers({ call, message, ask }: Held, now: number): boolean {
    const answer = this.#search?.answer(ask, message.parsed('params', 'arguments'), now);
    if (answer === undefined) return false;
    this.#parts.outcomes.answer(call, answer, now);
    return true;
  }

  #list(meta: string | undefined): void {
    const id = this.#parts.calls.mint();
    this.#pinned?.begin();
    this.#search?.begin();
    this.#listing = { id, meta, pages: 0, cursor: undefined };
    this.#ask(this.#listing, undefined);
  }

  #ask(listing: Listing, cursor: string | undefined): void {
    if (listing.pages > 0) listing.id = this.#parts.calls.mint();
    listing.pages += 1;
    listing.cursor = cursor;
    const { id, meta } = listing;
    const members = [
      ...(meta === undefined ? [] : [`"_meta":${meta}`]),
      ...(cursor === undefined ? [] : [`"cursor":${JSON.stringify(cursor)}`]),
    ];
    const params = `{${members.join(',')}}`;
    const line = `{"jsonrpc":"2.0","id":${id},"method":"${LIST_METHOD}","params":${params}}`;
    this.#parts.out.write(encoder.encode(line));
  }

  #conclude(now: number): void {
    this.#listing = undefined;
    // What is held back is known before anything is shown.
    this.#pinned?.listed();
    this.#search?.listed(now);
    for (const held of this.#takeHeld())
      if (!this.#settles(held, now)) this.#parts.out.pass(held.message);
  }

  /** All that waited for it is over, so its answer is not to be waited for any longer. */
  #abandon(): void {
    this.#listing = undefined;
    this.#stop();
    this.#takeHeld();
  }

  #stop(): void {
    this.#pinned?.stop();
    this.#search?.stop();
  }

  /** Whether it still waits: what was answered or cancelled meanwhile does not. */
  readonly #waits = ({ call }: Held): boolean =>
    this.#parts.calls.get(call.bridgeId) === call && !call.isCancelled;

  #takeHeld(): Held[] {
    const held = this.#held.filter(this.#waits);
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }
}

/** The `_meta` of a client's request, for one that is not its own. */
function metaIn(message: MessageView): string | undefined {
  const span = message.at('params', '_meta');
  if (!span) return undefined;
  return decoder.decode(withMembers(message.bytes, { without: OWN_META }, span));
}
