// Knows which tools the process of a session has, for what must be known before a call: are they those that were pinned? Lists them by
// itself before the first list or call of a client, and again when the process says that they have changed. Pure.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { withMembers } from '../../shared/jsonrpc/members.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CALL_METHOD } from '../../shared/mcp/judged.ts';
import { CODE, PRIVATE_META } from '../../shared/mcp/modern.ts';
import type { Call, Calls } from './calls.ts';
import { ToolList } from './tool-list.ts';
import { LIST_METHOD } from './policy.ts';
import type { Outcomes } from './outcomes.ts';
import type { SessionOutput } from './session-output.ts';
import { definitionAt, type ToolDefinition } from './tool-definition.ts';
import { MAX_PAGES, nextPage } from '../../shared/mcp/pages.ts';

/** Judges the tools that a server lists. */
export interface ToolGuard {
  /** False: it only tells what it would hold back. */
  readonly holdsBack: boolean;
  /** Whether it knows of no list of the server, and so waits for one: no session has had any yet, or what was known has been removed. */
  readonly needsList: boolean;
  /** One object for all definitions that are equal to this one. */
  same(tool: ToolDefinition): ToolDefinition;
  /** All that the server lists. The first list of a server is taken as it is. */
  listed(tools: readonly ToolDefinition[]): void;
  /** Whether clients may have it; undefined: one that cannot be read clearly. */
  accepts(tool: ToolDefinition | undefined): boolean;
  /** What a client is told that calls a tool which is held back. */
  readonly refusal: string;
}

/** What may wait for the list, in bytes. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

export const NOT_LISTED =
  'This tool may not be called here: it is not among the tools that the server lists, and its tools are pinned.';

export const NO_LIST =
  'This tool may not be called now: its server’s tools are pinned, and the server did not list them.';

const OWN_META = [...Object.values(PRIVATE_META), 'progressToken'];

interface Parts {
  readonly calls: Calls;
  readonly outcomes: Outcomes;
  readonly out: SessionOutput;
}

interface Held {
  readonly call: Call;
  readonly message: MessageView;
}

interface Listing {
  id: BridgeRequestId;
  /** JSON text of the `_meta` that a request of this client has. */
  readonly meta: string | undefined;
  readonly listed: ToolList;
  pages: number;
  cursor: string | undefined;
  /** The tools have changed since it began. */
  isStale: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ToolCatalogue {
  readonly #parts: Parts;
  readonly #guard: ToolGuard;
  /** By the server's own names; undefined: to be listed. */
  #known: Map<string, ToolDefinition> | undefined;
  #listing: Listing | undefined;
  #held: Held[] = [];
  #heldBytes = 0;

  constructor(parts: Parts, guard: ToolGuard) {
    this.#parts = parts;
    this.#guard = guard;
  }

  /** A request that is to be written. True: it waits here, or has been answered. */
  takes(call: Call, message: MessageView, now: number): boolean {
    if (call.method !== LIST_METHOD && call.method !== CALL_METHOD) return false;
    if (this.#known && !this.#guard.needsList)
      return this.#refuses(call, message, this.#known, now);
    if (this.#listing && !this.#held.some(this.#waits)) this.#abandon();
    if (this.#heldBytes + message.bytes.length > MAX_HELD_BYTES) {
      const words = 'The server’s tools are not known yet, and too much waits for them. Try again.';
      this.#parts.outcomes.fail(call, { fault: 'overloaded', message: words }, now);
      return true;
    }
    this.#held.push({ call, message: message.kept() });
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
      return hasNone ? this.#conclude(listing, now) : this.failed(now);
    }
    listing.listed.add(answer);
    if (listing.listed.isTooLarge) return this.failed(now);
    const cursor = nextPage(answer.string('result', 'nextCursor'), listing.cursor);
    if (cursor === undefined || listing.pages >= MAX_PAGES) return this.#conclude(listing, now);
    this.#ask(listing, cursor);
  }

  /** The answer cannot be used: lists go on, calls do not. */
  failed(now: number): void {
    this.#listing = undefined;
    for (const { call, message } of this.#takeHeld()) {
      if (call.method === LIST_METHOD || !this.#guard.holdsBack) this.#parts.out.pass(message);
      else this.#parts.outcomes.fail(call, { fault: 'not_allowed', message: NO_LIST }, now);
    }
  }

  /** The process says that its tools have changed. */
  changed(): void {
    this.#known = undefined;
    if (this.#listing) this.#listing.isStale = true;
  }

  /** Whether a tool of a list is held back. What a later list says counts for calls, too. */
  isHeldBack(bytes: Uint8Array, span: Span): boolean {
    const read = definitionAt(bytes, span);
    const tool = read && this.#guard.same(read);
    if (tool) this.#known?.set(tool.name, tool);
    return !this.#guard.accepts(tool);
  }

  #refuses(
    call: Call,
    message: MessageView,
    known: ReadonlyMap<string, ToolDefinition>,
    now: number,
  ): boolean {
    if (call.method !== CALL_METHOD) return false;
    const tool = known.get(message.string('params', 'name') ?? '');
    const isAccepted = tool ? this.#guard.accepts(tool) : !this.#guard.holdsBack;
    if (isAccepted) return false;
    const words = tool ? this.#guard.refusal : NOT_LISTED;
    this.#parts.outcomes.fail(call, { fault: 'not_allowed', message: words }, now);
    return true;
  }

  #list(meta: string | undefined): void {
    const id = this.#parts.calls.mint();
    const listed = new ToolList((tool) => this.#guard.same(tool));
    this.#listing = { id, meta, listed, pages: 0, cursor: undefined, isStale: false };
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

  #conclude({ listed: { tools }, isStale }: Listing, now: number): void {
    this.#listing = undefined;
    this.#guard.listed([...tools.values()]);
    // What waited is judged by this list even if it changed meanwhile: clients can always be faster than a change.
    for (const { call, message } of this.#takeHeld())
      if (!this.#refuses(call, message, tools, now)) this.#parts.out.pass(message);
    if (!isStale) this.#known = tools;
  }

  /** All that waited for it is over, so its answer is not to be waited for any longer. */
  #abandon(): void {
    this.#listing = undefined;
    this.#takeHeld();
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
