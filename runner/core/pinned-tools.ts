// The pinned tools of one server: what is held back of its lists, and which calls do not reach it. Its tools have to be listed once before
// either can be told. Pure.
import type { Span } from '../../shared/jsonrpc/span.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CALL_METHOD, LIST_METHOD } from '../../shared/mcp/judged.ts';
import { definitionAt, type ToolDefinition } from './tool-definition.ts';
import { ToolList } from './tool-list.ts';

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

const NOT_LISTED =
  'This tool may not be called here: it is not among the tools that the server lists, and its tools are pinned.';

export const NO_LIST =
  'This tool may not be called now: its server’s tools are pinned, and the server did not list them.';

export class PinnedTools {
  readonly #guard: ToolGuard;
  /** By the server's own names; undefined: to be listed. */
  #known: Map<string, ToolDefinition> | undefined;
  /** The pages so far. */
  #listing: ToolList | undefined;
  /** The tools have changed since the last list began. */
  #isStale = false;

  constructor(guard: ToolGuard) {
    this.#guard = guard;
  }

  /** Whether what is not pinned is held back. */
  get holdsBack(): boolean {
    return this.#guard.holdsBack;
  }

  /** Whether the tools have to be listed before a message of this method can be judged. */
  waits(method: string): boolean {
    if (method !== LIST_METHOD && method !== CALL_METHOD) return false;
    return !this.#known || this.#isStale || this.#guard.needsList;
  }

  /** A list begins. */
  begin(): void {
    this.#listing = new ToolList((tool) => this.#guard.same(tool));
    this.#isStale = false;
  }

  /** One page of the list, as the server gave it. False: the list is too large to be of use. */
  page(answer: MessageView): boolean {
    this.#listing?.add(answer);
    if (this.#listing?.isTooLarge === false) return true;
    this.stop();
    return false;
  }

  /** That was the last page. What waits for it is judged by it even if it changed meanwhile: clients can always be faster than a change. */
  listed(): void {
    if (!this.#listing) return;
    this.#known = this.#listing.tools;
    this.stop();
    this.#guard.listed([...this.#known.values()]);
  }

  /** No more of the list comes, or nobody waits for it: nothing of it is kept. */
  stop(): void {
    this.#listing = undefined;
  }

  /** The server says that its tools have changed, or is gone. */
  changed(): void {
    this.#known = undefined;
    this.#isStale = true;
  }

  /** Whether a tool of a list is held back. What a later list says counts for calls, too. */
  readonly isHeldBack = (bytes: Uint8Array, span: Span): boolean => {
    const read = definitionAt(bytes, span);
    const tool = read && this.#guard.same(read);
    if (tool) this.#known?.set(tool.name, tool);
    return !this.#guard.accepts(tool);
  };

  /** Whether the tool that a call names is in the server's list; `message`: as the server would get it. */
  knows(message: MessageView): boolean {
    return this.#known?.has(message.string('params', 'name') ?? '') ?? false;
  }

  /** Why a call does not reach the server; `message`: as the server would get it. */
  refusal(message: MessageView): string | undefined {
    if (message.method !== CALL_METHOD) return undefined;
    if (!this.#known) return this.holdsBack ? NO_LIST : undefined;
    const tool = this.#known.get(message.string('params', 'name') ?? '');
    if (!tool) return this.holdsBack ? NOT_LISTED : undefined;
    return this.#guard.accepts(tool) ? undefined : this.#guard.refusal;
  }
}
