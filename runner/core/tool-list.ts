// The tools that a server lists, page by page, before they are judged. Bounded: what a hostile server lists must fit into memory. Pure.
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { definitionAt, type ToolDefinition } from './tool-definition.ts';

/** Most of what one list may say of tools, in characters; each tool counts for some more. */
const MAX_CHARS = 16 * 1024 * 1024;
const TOOL_CHARS = 256;

export class ToolList {
  readonly #same: (tool: ToolDefinition) => ToolDefinition;
  readonly #tools = new Map<string, ToolDefinition>();
  #chars = 0;

  /** `same`: one object for equal definitions, since each session keeps its list. */
  constructor(same: (tool: ToolDefinition) => ToolDefinition) {
    this.#same = same;
  }

  /** By the server's own names. */
  get tools(): Map<string, ToolDefinition> {
    return this.#tools;
  }

  /** What came since is not kept, so the list is of no use. */
  get isTooLarge(): boolean {
    return this.#chars > MAX_CHARS;
  }

  /** One page of the list. */
  add(page: MessageView): void {
    const { bytes } = page;
    for (const { key, value } of page.members('result')) {
      if (key !== 'tools') continue;
      for (const span of elementsOf(bytes, value)) {
        if (this.isTooLarge) return;
        const tool = definitionAt(bytes, span);
        if (!tool) continue;
        this.#tools.set(tool.name, this.#same(tool));
        this.#chars += tool.text.length + TOOL_CHARS;
      }
    }
  }
}
