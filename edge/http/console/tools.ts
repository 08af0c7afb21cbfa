// The tools that a server offers, as it lists them to a client.
import { sha256 } from '../../access/digest.ts';
import { MOST_TOOLS, SHOWN_CHARS, type SeenChange, type ToldTool } from '../../core/seen-tools.ts';
import { askServer, type ReadBudget } from './own-client.ts';
import type { ConsoleRequest } from './request.ts';
import { toolShapes, type ToolShape } from './tool-form.ts';
import { nextPage } from '../../../shared/mcp/pages.ts';

/** Pages of a list that are followed. */
const MOST_PAGES = 20;

/** Bytes of all of them together. */
const LIST_BYTES = 2 * 1024 * 1024;

export type ListedTools =
  | {
      readonly ok: true;
      readonly tools: readonly ToolShape[];
      /** What changed since somebody looked before. */
      readonly change: SeenChange | undefined;
    }
  | { readonly ok: false; readonly message: string };

export async function listTools(
  { callAs, viewer, seenTools }: Pick<ConsoleRequest, 'callAs' | 'viewer' | 'seenTools'>,
  server: string,
): Promise<ListedTools> {
  const tools: ToolShape[] = [];
  const budget: ReadBudget = { left: LIST_BYTES };
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await askServer(callAs(viewer), server, 'tools/list', params, undefined, budget);
    if (!answer.ok) return answer;
    for (const shape of toolShapes(answer.result['tools'])) tools.push(shape);
    if (tools.length > MOST_TOOLS)
      return {
        ok: false,
        message: `It lists more than ${MOST_TOOLS} tools, too many to be shown here.`,
      };
    cursor = nextPage(answer.result['nextCursor'], cursor);
    if (cursor === undefined) break;
  }
  // What a policy hides from a person is no change, and what the owner saw of it is not theirs.
  if (!viewer.isOwner) return { ok: true, tools, change: undefined };
  const told = await Promise.all(tools.map(toldOf));
  return { ok: true, tools, change: seenTools.shown(server, told, Date.now()) };
}

/** Digests, since who can change a tool unseen would change it so that anything less is the same. */
async function toldOf({ name, description, inputSchema }: ToolShape): Promise<ToldTool> {
  return {
    name: name.length > SHOWN_CHARS ? `${cut(name)} (${await sha256(name)})` : name,
    description: description === undefined ? undefined : cut(description),
    descriptionDigest: await sha256(JSON.stringify(description ?? null)),
    schemaDigest: await sha256(JSON.stringify(inputSchema)),
  };
}

const cut = (text: string): string =>
  text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
