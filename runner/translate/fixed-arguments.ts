// Which arguments of a server's tools the config sets, over all rules that a tool passes on its way to clients. Pure.
import { ToolView, type ToolRules } from '../core/tool-view.ts';
import type { FixedArguments } from './tool-headers.ts';

/** Rules for tools by the names that they have so far, and what is then put before the names that they leave. */
export interface ToolLayer {
  readonly tools?: ToolRules | undefined;
  readonly prefix?: string;
}

/**
 * By the server's own names; undefined if no rule says anything of tools.
 *
 * @param layers from the server outwards: its own rules, those for it as a member, those of the virtual server.
 */
export function fixedArguments(layers: readonly ToolLayer[]): FixedArguments | undefined {
  if (layers.every(({ tools }) => !tools)) return undefined;
  const views = layers.map(({ tools = {}, prefix = '' }) => ({
    view: new ToolView(tools),
    prefix,
  }));
  return (tool) => {
    const fixed = new Set<string>();
    let name = tool;
    for (const { view, prefix } of views) {
      for (const argument of view.fixedArguments(name)) fixed.add(argument);
      const shown = view.shownName(name);
      // No client can call it.
      if (shown === undefined) break;
      name = prefix + shown;
    }
    return fixed;
  };
}
