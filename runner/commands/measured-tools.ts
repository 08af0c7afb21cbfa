// The tools of a server as clients see them, through all rules on the way, each with about its size in a model's context.
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import { parsedAt, stringAt, withMembers } from '../../shared/jsonrpc/members.ts';
import { splice } from '../../shared/jsonrpc/splice.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CALL_METHOD } from '../../shared/mcp/judged.ts';
import { judgeOf } from '../../shared/mcp/name-rules.ts';
import { toolTokens } from '../../shared/mcp/tool-size.ts';
import { nearestWord } from '../config/problem.ts';
import type { PolicyRules } from '../core/policy.ts';
import { discoveryTools } from '../core/search-answers.ts';
import { ToolIndex } from '../core/tool-index.ts';
import { ToolView, type ToolRules } from '../core/tool-view.ts';

/** A tool of a list. */
export interface MeasuredTool {
  /** The server's own name. */
  readonly tool: string;
  /** What clients call it; absent if they do not see it. */
  readonly name?: string;
  /** Of what clients get; for those that they do not see, of what the server says. */
  readonly tokens: number;
  readonly heldBack?: true;
  /** Another server's tool has its name. */
  readonly twice?: true;
}

/** What is said of tools at one place of a config, from the server's side to the client's. */
export interface RuleLayer {
  readonly rules: PolicyRules;
  /** Put before the names, once the rules are applied. */
  readonly prefix?: string;
}

/** A server's tools behind all layers. */
export interface MeasuredTools {
  readonly tools: readonly MeasuredTool[];
  /** For each layer, in words, what fits no tool that comes to it. */
  readonly warnings: readonly (readonly string[])[];
  /** For each layer, the names that come to it. */
  readonly names: readonly ReadonlySet<string>[];
}

/** @param held the server's own names of what is held back. */
export function measuredTools(
  pages: readonly MessageView[],
  layers: readonly RuleLayer[],
  held: ReadonlySet<string>,
): MeasuredTools {
  const names = layers.map(() => new Set<string>());
  const views = layers.map(viewOf);
  const tools = ownTools(pages).map(({ tool, own }): MeasuredTool => {
    let seen: Uint8Array | undefined = own;
    for (const [at, see] of views.entries()) {
      if (!seen) break;
      names[at]?.add(stringAt(seen, 'name') ?? tool);
      seen = see(seen);
    }
    if (!seen) return { tool, tokens: tokensOf(own) };
    const tokens = tokensOf(seen);
    if (held.has(tool)) return { tool, tokens, heldBack: true };
    return { tool, name: stringAt(seen, 'name') ?? tool, tokens };
  });
  const warnings = layers.map(({ rules }, at) =>
    ruleWarnings(rules.tools ?? {}, names[at] ?? new Set()),
  );
  return { tools, warnings, names };
}

function ownTools(pages: readonly MessageView[]): { tool: string; own: Uint8Array }[] {
  return pages.flatMap((page) => {
    const { bytes } = page;
    const at = page.at('result', 'tools');
    return (at ? [...elementsOf(bytes, at)] : []).flatMap(({ start, end }) => {
      const own = bytes.slice(start, end);
      const tool = stringAt(own, 'name');
      return tool === undefined ? [] : [{ tool, own }];
    });
  });
}

type See = (tool: Uint8Array) => Uint8Array | undefined;

/** What a layer makes of a definition; undefined if clients do not see it. */
function viewOf({ rules, prefix = '' }: RuleLayer): See {
  const view = new ToolView(
    judgeOf(rules.methods)(CALL_METHOD) ? (rules.tools ?? {}) : { allow: [] },
  );
  return (tool) => {
    const change = view.tool(tool, { start: 0, end: tool.length });
    if (change === 'hidden') return undefined;
    const seen = splice(
      tool,
      change.toSorted((a, b) => a.start - b.start),
    );
    if (prefix === '') return seen;
    const name = `${prefix}${stringAt(seen, 'name') ?? ''}`;
    return withMembers(seen, { and: { name: JSON.stringify(name) } });
  };
}

const tokensOf = (tool: Uint8Array): number =>
  toolTokens({
    name: stringAt(tool, 'name') ?? '',
    description: stringAt(tool, 'description'),
    inputSchema: parsedAt(tool, 'inputSchema'),
  });

/** Those that clients see. */
export const shownOf = (tools: readonly MeasuredTool[]): MeasuredTool[] =>
  tools.filter(({ name }) => name !== undefined);

export const sumOf = (tools: readonly MeasuredTool[]): number =>
  shownOf(tools).reduce((sum, { tokens }) => sum + tokens, 0);

/** About the size of what is listed in place of these tools, where clients search them. */
export function searchTokens(tools: readonly MeasuredTool[]): number {
  const index = new ToolIndex(
    shownOf(tools).map(({ tool, name = tool }) => ({ name, text: '{}' })),
  );
  return discoveryTools(index).reduce(
    (sum: number, tool) => sum + tokensOf(new TextEncoder().encode(JSON.stringify(tool))),
    0,
  );
}

/** Rules that name no tool of the server, or give a name that another of its tools has. */
export function ruleWarnings(
  { allow = [], deny = [], ...rules }: ToolRules,
  tools: ReadonlySet<string>,
): string[] {
  const { rename = {}, describe = {}, arguments: fixed = {} } = rules;
  const named = {
    allow: allow.filter((name) => !name.includes('*')),
    deny: deny.filter((name) => !name.includes('*')),
    rename: Object.keys(rename),
    describe: Object.keys(describe),
    arguments: Object.keys(fixed),
  };
  const unknown = Object.entries(named).flatMap(([setting, names]) =>
    names
      .filter((name) => !tools.has(name))
      .map((name) => {
        const near = nearestWord(name, tools);
        const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
        return `"${setting}" names "${name}", which is no tool of the server.${hint}`;
      }),
  );
  const taken = Object.entries(rename)
    .filter(([own, name]) => own !== name && tools.has(name) && !Object.hasOwn(rename, name))
    .map(
      ([own, name]) =>
        `"rename" gives "${own}" the name of another tool, so "${name}" is hidden. Choose another name, or rename that one too.`,
    );
  return [...unknown, ...taken];
}
