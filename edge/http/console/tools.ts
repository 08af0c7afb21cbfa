// The tools that a server offers, as it lists them to a client.
import type { SeenChange } from '../../core/seen-tools.ts';
import { askServer } from './own-client.ts';
import type { ConsoleRequest } from './request.ts';
import { toolShapes, type ToolShape } from './tool-form.ts';

/** Pages of a list that are followed. */
const MOST_PAGES = 20;

export type ListedTools =
  | {
      readonly ok: true;
      readonly tools: readonly ToolShape[];
      /** What changed since somebody looked before. */
      readonly change: SeenChange | undefined;
    }
  | { readonly ok: false; readonly message: string };

export async function listTools(
  { callAs, viewer, seenTools }: ConsoleRequest,
  server: string,
): Promise<ListedTools> {
  const tools: ToolShape[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await askServer(callAs(viewer.name), server, 'tools/list', params);
    if (!answer.ok) return answer;
    tools.push(...toolShapes(answer.result['tools']));
    const { nextCursor } = answer.result;
    if (typeof nextCursor !== 'string') break;
    cursor = nextCursor;
  }
  return { ok: true, tools, change: seenTools.shown(server, tools, Date.now()) };
}
