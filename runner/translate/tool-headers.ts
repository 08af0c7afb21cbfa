// Knows a server's tools well enough to check the headers of a tools/call against its arguments. Lists the tools before the
// first call, and again when the server says that they have changed.
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import { LISTED_ELEMENTS } from '../../shared/limits.ts';
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import { parsedAt, stringAt, textAt } from '../../shared/jsonrpc/members.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { ClientCall } from './client-call.ts';
import type { OwnAnswer, OwnRequests } from './own-requests.ts';
import {
  ambiguity,
  mayNameHeaders,
  mismatch,
  paramHeadersOf,
  type ParamHeader,
} from './param-headers.ts';
import { MAX_PAGES, nextPage } from '../../shared/mcp/pages.ts';

/** If a list takes longer, calls go on without it: they wait for it. */
const LIST_MS = 10_000;

/** A call is refused only on a list younger than this. With zero, a faulty client could force a `tools/list` for each call. */
const FRESH_MS = 1_000;

/** The arguments of a tool that the runner puts in, so that no client knows of them. */
export type FixedArguments = (tool: string) => ReadonlySet<string>;

const NONE: FixedArguments = () => new Set();

interface Listing {
  readonly slot: number;
  readonly endsAt: number;
  readonly tools: Map<string, readonly ParamHeader[]>;
  pages: number;
  cursor?: string;
  /** The tools have changed since the list began. */
  isStale: boolean;
}

export class ToolHeaders {
  readonly #own: OwnRequests;
  readonly #params: object;
  readonly #fixed: FixedArguments;
  /** By tool name; only tools with such headers. */
  #known: ReadonlyMap<string, readonly ParamHeader[]> | undefined;
  #listedAt = 0;
  #listing: Listing | undefined;
  /** A list that came late is good enough for the calls that waited, but not for later ones. */
  #isStale = false;

  /** @param params of `tools/list` as these processes want it. */
  constructor(own: OwnRequests, params: object, fixed = NONE) {
    this.#own = own;
    this.#params = params;
    this.#fixed = fixed;
  }

  /** `unknown`: the process at `slot`, or another, is being asked; ask again at each of its messages. */
  check(client: ClientCall, slot: number, now: number): 'ok' | 'unknown' | ErrorObject {
    if (client.method !== 'tools/call' || client.isUnmirrored) return 'ok';
    if (!this.#known) {
      if (!this.#listing) this.#list(slot, now);
      return 'unknown';
    }
    const { message } = client;
    const name = message.string('params', 'name');
    const expected = name === undefined ? undefined : this.#known.get(name);
    if (!expected) return 'ok';
    const args = message.at('params', 'arguments');
    const bytes = args && message.bytes.subarray(args.start, args.end);
    const unclear = bytes && ambiguity(expected, bytes);
    if (unclear) return unclear;
    const error = mismatch(expected, bytes && JSON.parse(textAt(bytes)), client.headers);
    if (!error || this.#listedAt + FRESH_MS > now) return error ?? 'ok';
    // Not every server says when its tools change: the client may know better.
    this.#list(slot, now);
    return 'unknown';
  }

  /** Call when all calls that waited for a list have been checked by it. */
  settle(): void {
    if (this.#isStale) this.#known = undefined;
    this.#isStale = false;
  }

  /** The server says that its tools changed. */
  changed(): void {
    if (this.#listing) this.#listing.isStale = true;
    else this.#known = undefined;
  }

  /** The process at `slot` will not answer any more. */
  forget(slot: number): void {
    if (this.#listing?.slot === slot) this.#listing = undefined;
  }

  tick(now: number): void {
    if (this.#listing && this.#listing.endsAt <= now) this.#conclude(this.#listing, now);
  }

  get wakeAt(): number | undefined {
    return this.#listing?.endsAt;
  }

  #list(slot: number, now: number): void {
    const tools = new Map<string, readonly ParamHeader[]>();
    this.#known = undefined;
    this.#listing = { slot, endsAt: now + LIST_MS, tools, pages: 0, isStale: false };
    this.#ask(this.#listing, this.#params);
  }

  #ask(listing: Listing, params: object): void {
    listing.pages++;
    this.#own.send(listing.slot, 'tools/list', params, (answer, now) => {
      if (this.#listing === listing) this.#listed(listing, answer, now);
    });
  }

  #listed(listing: Listing, answer: OwnAnswer, now: number): void {
    // A server without tools refuses the list; it can judge a call itself.
    if (answer.ok) noteToolHeaders(answer.message, listing.tools, this.#fixed);
    const cursor = answer.ok ? nextPage(answer.result['nextCursor'], listing.cursor) : undefined;
    if (cursor === undefined || listing.pages >= MAX_PAGES) return this.#conclude(listing, now);
    listing.cursor = cursor;
    this.#ask(listing, { ...this.#params, cursor });
  }

  #conclude({ tools, isStale }: Listing, now: number): void {
    this.#known = tools;
    this.#listedAt = now;
    this.#isStale = isStale;
    this.#listing = undefined;
  }
}

/** Notes the tools of a list that have such headers. Schemas without any, nearly all, are skipped unread. */
export function noteToolHeaders(
  answer: MessageView,
  known: Map<string, readonly ParamHeader[]>,
  fixed: FixedArguments = NONE,
): void {
  const { bytes } = answer;
  const tools = answer.at('result', 'tools');
  if (!tools || !mayNameHeaders(bytes.subarray(tools.start, tools.end))) return;
  for (const { start, end } of elementsOf(bytes, tools).take(LISTED_ELEMENTS)) {
    const tool = bytes.subarray(start, end);
    if (!mayNameHeaders(tool)) continue;
    const name = stringAt(tool, 'name');
    if (name === undefined) continue;
    const isFixed = fixed(name);
    const headers = paramHeadersOf(parsedAt(tool, 'inputSchema')).filter(
      ({ path: [argument = ''] }) => !isFixed.has(argument),
    );
    if (headers.length > 0) known.set(name, headers);
  }
}
