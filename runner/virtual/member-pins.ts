// The pinned tools of one member: what is held back of its lists, and which calls do not reach it. Its tools have to be listed once before
// either can be told.
import type { Span } from '../../shared/jsonrpc/span.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CALL_METHOD } from '../../shared/mcp/judged.ts';
import { ToolList } from '../core/tool-list.ts';
import { LIST_METHOD } from '../core/policy.ts';
import { NO_LIST, NOT_LISTED, type ToolGuard } from '../core/tool-catalogue.ts';
import { definitionAt, type ToolDefinition } from '../core/tool-definition.ts';

export class MemberPins {
  readonly #guard: ToolGuard;
  /** By the server's own names; undefined: to be listed. */
  #known: Map<string, ToolDefinition> | undefined;
  #listing: ToolList;

  constructor(guard: ToolGuard) {
    this.#guard = guard;
    this.#listing = this.#newList();
  }

  /** Whether the tools have to be listed before a message can be judged. */
  waits({ method }: MessageView): boolean {
    if (method !== LIST_METHOD && method !== CALL_METHOD) return false;
    return !this.#known || this.#guard.needsList;
  }

  #newList(): ToolList {
    return new ToolList((tool) => this.#guard.same(tool));
  }

  begin(): void {
    this.#listing = this.#newList();
  }

  /** One page of the member's list, as the member gave it. */
  page(answer: MessageView): void {
    this.#listing.add(answer);
  }

  /** That was the last page. */
  listed(): void {
    if (this.#listing.isTooLarge) return;
    this.#known = this.#listing.tools;
    this.#guard.listed([...this.#known.values()]);
  }

  /** The member says that its tools have changed, or is gone. */
  changed(): void {
    this.#known = undefined;
  }

  /** Whether a tool of a list is held back. What a later list says counts for calls, too. */
  readonly isHeldBack = (bytes: Uint8Array, span: Span): boolean => {
    const read = definitionAt(bytes, span);
    const tool = read && this.#guard.same(read);
    if (tool) this.#known?.set(tool.name, tool);
    return !this.#guard.accepts(tool);
  };

  /** Why a call does not reach the member; `message`: as the member would get it. */
  refusal(message: MessageView): string | undefined {
    if (message.method !== CALL_METHOD) return undefined;
    if (!this.#known) return this.#guard.holdsBack ? NO_LIST : undefined;
    const tool = this.#known.get(message.string('params', 'name') ?? '');
    if (!tool) return this.#guard.holdsBack ? NOT_LISTED : undefined;
    return this.#guard.accepts(tool) ? undefined : this.#guard.refusal;
  }
}
