// Definitions of tools that the sessions of a server share, so that a thousand sessions do not keep a thousand copies, and no digest is
// made twice.
import type { Pin } from './core/pins.ts';
import type { ToolDefinition } from './core/tool-definition.ts';

/** Characters of all that are kept. */
const MAX_CHARS = 16 * 1024 * 1024;

export class SharedDefinitions {
  readonly #pinOf: (text: string) => Pin;
  readonly #byText = new Map<string, ToolDefinition>();
  #chars = 0;
  readonly #pins = new WeakMap<ToolDefinition, Pin>();

  constructor(pinOf: (text: string) => Pin) {
    this.#pinOf = pinOf;
  }

  /** One object for all that are equal to this one. */
  same(tool: ToolDefinition): ToolDefinition {
    const known = this.#byText.get(tool.text);
    if (known) return known;
    // Of a server that always lists others: its sessions keep what they have.
    if (this.#chars > MAX_CHARS) {
      this.#byText.clear();
      this.#chars = 0;
    }
    this.#byText.set(tool.text, tool);
    this.#chars += tool.text.length;
    return tool;
  }

  /** What is asked for with every list and call. */
  pin(tool: ToolDefinition): Pin {
    const known = this.#pins.get(tool);
    if (known) return known;
    const pin = this.#pinOf(tool.text);
    this.#pins.set(tool, pin);
    return pin;
  }
}
