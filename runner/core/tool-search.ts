// Serves two tools in place of a server's own (`"discovery": "search"`): one finds them, the other calls them. A call of the second becomes
// a plain call of the tool that it names before anything else looks at it, so that rules, pins, progress and the record are the same. What
// is found is what clients would see in the list. One for each session. Pure.
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import {
  dropEdits,
  isObjectAt,
  isParsable,
  membersOf,
  textAt,
} from '../../shared/jsonrpc/members.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { ALL_TOOLS_META, CALL_TOOL, innerCallOf, SEARCH_TOOL } from '../../shared/mcp/discovery.ts';
import { CALL_METHOD, LIST_METHOD, nameAmong } from '../../shared/mcp/judged.ts';
import { META, PRIVATE_META } from '../../shared/mcp/modern.ts';
import type { Policy } from './policy.ts';
import {
  listResult,
  readWanted,
  searchResult,
  toolError,
  unknownTool,
  type ResultForm,
} from './search-answers.ts';
import type { SharedToolIndex, ShownTool, ToolIndex } from './tool-index.ts';

/** A list is asked for again after so long, since not every server says when its tools change. */
const FRESH_MS = 30_000;

/** And after so long, when a client knows of a tool that is not in it. */
const FRESH_FOR_UNKNOWN_MS = 1_000;

/** Most of what is kept of one list, in characters; each tool counts for some more. */
const MAX_CHARS = 16 * 1024 * 1024;
const TOOL_CHARS = 256;

/** Longest text that a server says of itself in results of the bridge's own: each of them would have it. */
const MAX_INFO_CHARS = 16 * 1024;

/** What a request is, once it is clear which tool it is about. */
export type SearchAsk =
  /** Passes as it is. */
  | { readonly kind: 'plain' }
  /** It is answered here. */
  | { readonly kind: 'list' | 'search' }
  /** It came by way of {@link CALL_TOOL}. `name`: as the client said it. */
  | { readonly kind: 'inner'; readonly name: string }
  /** It cannot be carried out, for this reason. */
  | { readonly kind: 'wrong'; readonly words: string };

/** Of a server whose tools are not searched, all are. */
export const PLAIN: SearchAsk = { kind: 'plain' };

const WRONG = `${CALL_TOOL} takes "name", the name of a tool as a text, and "arguments", an object: each once, and nothing else.`;

const NOT_LISTED = 'The server did not list its tools, so they cannot be searched. Try again.';

interface Parts {
  readonly isModern: boolean;
  readonly policy: Policy | undefined;
  /** Whether a definition in a list is held back. */
  readonly isHeldBack: ((bytes: Uint8Array, tool: Span) => boolean) | undefined;
  readonly shared: SharedToolIndex;
  /** The server has tools that cannot be called, since their names are taken. */
  readonly shadowed: (names: readonly string[]) => void;
}

export class ToolSearch {
  readonly #parts: Parts;
  #index: ToolIndex | undefined;
  /** The last list, and the one before it that was another. */
  #latest: ToolIndex | undefined;
  #former: ToolIndex | undefined;
  #listedAt = 0;
  #serverInfo: string | undefined;
  /** The pages of a list that is under way, and how many bytes they have. */
  #pages: MessageView[] | undefined;
  #bytes = 0;
  /** The tools have changed since the last list began. */
  #isStale = false;
  /** That tools have names which are taken was said once. */
  #hasTold = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** What a client's request is about, and the message that goes on in its place. */
  read(message: MessageView): { readonly ask: SearchAsk; readonly message: MessageView } {
    if (message.method === LIST_METHOD) {
      const isWhole = message.parsed('params', '_meta', ALL_TOOLS_META) === true;
      return { ask: isWhole ? PLAIN : { kind: 'list' }, message };
    }
    if (message.method !== CALL_METHOD) return { ask: PLAIN, message };
    const read = nameAmong(message.bytes, message.members('params'));
    const name = read.kind === 'name' ? read.name : undefined;
    if (name === SEARCH_TOOL) return { ask: { kind: 'search' }, message };
    return name === CALL_TOOL ? this.#inner(message) : { ask: PLAIN, message };
  }

  /** Whether the tools have to be listed before this can be answered. */
  waits(ask: SearchAsk, now: number): boolean {
    if (ask.kind === 'plain' || ask.kind === 'wrong') return false;
    if (!this.#index || this.#isStale) return true;
    const age = now - this.#listedAt;
    if (ask.kind !== 'inner') return age >= FRESH_MS;
    return age >= FRESH_FOR_UNKNOWN_MS && !this.#index.has(ask.name);
  }

  /** A list begins. */
  begin(): void {
    this.#pages = [];
    this.#bytes = 0;
    this.#isStale = false;
  }

  /** One page of the list, as the server gave it. False: the list is too large to be of use. */
  page(answer: MessageView): boolean {
    this.#bytes += answer.bytes.length;
    if (this.#bytes > MAX_CHARS) return false;
    this.#pages?.push(answer.kept());
    return true;
  }

  /** That was the last page. */
  listed(now: number): void {
    const tools: ShownTool[] = [];
    const seen = new Set<string>();
    const shadowed: string[] = [];
    let left = MAX_CHARS;
    for (const page of this.#pages ?? []) {
      const info = page.text('result', '_meta', META.serverInfo) ?? '';
      if (info !== '' && info.length <= MAX_INFO_CHARS) this.#serverInfo = info;
      for (const tool of this.#shown(page)) {
        // A client that lists takes the first of two, or the last; it cannot call both.
        if (seen.has(tool.name)) continue;
        seen.add(tool.name);
        if (tool.name === SEARCH_TOOL || tool.name === CALL_TOOL) shadowed.push(tool.name);
        else if ((left -= tool.text.length + TOOL_CHARS) >= 0) tools.push(tool);
      }
    }
    this.stop();
    this.#listedAt = now;
    const index = this.#parts.shared.of(tools);
    if (index !== this.#latest) this.#former = this.#latest;
    this.#latest = index;
    this.#index = index;
    if (shadowed.length > 0 && !this.#hasTold) this.#parts.shadowed(shadowed);
    this.#hasTold ||= shadowed.length > 0;
  }

  /** No more of the list comes. */
  stop(): void {
    this.#pages = undefined;
    this.#bytes = 0;
  }

  /** The server says that its tools have changed. */
  changed(): void {
    this.#index = undefined;
    this.#isStale = true;
  }

  /** The answer in the server's place, the JSON text of a result; undefined: the request goes to the server. `args`: of a search. */
  answer(ask: SearchAsk, args: unknown, now: number): string | undefined {
    const index = this.#index;
    switch (ask.kind) {
      case 'plain':
        return undefined;
      case 'wrong':
        return toolError(ask.words, this.#form);
      case 'list':
        return listResult(index, this.#form);
      case 'inner': {
        // What was there before, the server knows more of: of several as one, a member may be down.
        const isKnown = index?.has(ask.name) !== false || this.#former?.has(ask.name) === true;
        const near = this.#mayList ? index : undefined;
        return isKnown ? undefined : toolError(unknownTool(ask.name, near, now), this.#form);
      }
      case 'search': {
        const wanted = readWanted(args);
        if (typeof wanted === 'string') return toolError(wanted, this.#form);
        if (!index) return toolError(NOT_LISTED, this.#form);
        return searchResult(index, wanted, this.#form, now);
      }
    }
  }

  get #mayList(): boolean {
    return this.#parts.policy?.mayList ?? true;
  }

  get #form(): ResultForm {
    return { isModern: this.#parts.isModern, serverInfo: this.#serverInfo };
  }

  #inner(message: MessageView): { readonly ask: SearchAsk; readonly message: MessageView } {
    const wrong = (words: string) => ({ ask: { kind: 'wrong', words } as const, message });
    const inner = innerCallOf(message);
    if (inner.kind !== 'call' || inner.others.length > 0) return wrong(WRONG);
    const { bytes } = message;
    const { name, nameAt, argumentsAt: args } = inner;
    if (name === CALL_TOOL) return wrong(`${CALL_TOOL} does not call itself: name the tool.`);
    const isNull = args !== undefined && textAt(bytes, args) === 'null';
    if (args && !isNull && !isObjectAt(bytes, args)) return wrong(WRONG);
    const params = [...message.members('params')];
    const edits: Edit[] = params.flatMap(({ key, value }) => {
      if (key === 'name') return [{ ...value, with: bytes.slice(nameAt.start, nameAt.end) }];
      return key === 'arguments' && args && !isNull
        ? [{ ...value, with: bytes.slice(args.start, args.end) }]
        : [];
    });
    if (!args || isNull) edits.push(...dropEdits(params, ({ key }) => key === 'arguments'));
    const called = message.edited(edits);
    const ask: SearchAsk = name === SEARCH_TOOL ? { kind: 'search' } : { kind: 'inner', name };
    if (!this.#parts.isModern) return { ask, message: called };
    const and = { [PRIVATE_META.unmirrored]: 'true' };
    return { ask, message: called.edited(called.changes(['params', '_meta'], { and })) };
  }

  /** What clients would see of a page. */
  *#shown(page: MessageView): Generator<ShownTool> {
    const { policy, isHeldBack } = this.#parts;
    const seen = page.edited(policy?.listed(page, isHeldBack) ?? []);
    const { bytes } = seen;
    const at = seen.at('result', 'tools');
    for (const span of at ? elementsOf(bytes, at) : []) {
      const read = isParsable(bytes, span) && nameAmong(bytes, membersOf(bytes, span));
      if (read && read.kind === 'name') yield { name: read.name, text: textAt(bytes, span) };
    }
  }
}
