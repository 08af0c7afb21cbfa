// The two tools that are served in place of a long list of them (`"discovery": "search"`), and which tool a call of the second is about.
// Edge and runner read that by the same rule, so that no call reaches a tool under a name that the policy of the edge has not judged. Pure.
import { isObjectAt, membersOf } from '../jsonrpc/members.ts';
import type { Span } from '../jsonrpc/span.ts';
import type { MessageView } from '../jsonrpc/view.ts';
import { CALL_METHOD, nameAmong, soleMember } from './judged.ts';

/** Finds tools. */
export const SEARCH_TOOL = 'search_tools';

/** Calls one of them. */
export const CALL_TOOL = 'call_tool';

/** These tell which tools there are: the first in its results, the second where a name is none. */
export const TELLING_TOOLS: ReadonlySet<string> = new Set([SEARCH_TOOL, CALL_TOOL]);

/** Set to true in the `_meta` of a `tools/list`: the client wants all tools all the same. */
export const ALL_TOOLS_META = 'mcp-edge-bridge/allTools';

/** What a call of {@link CALL_TOOL} is about. `none`: it names no tool, or is another call. `unclear`: readers of JSON would differ. */
export type InnerCall =
  | { readonly kind: 'none' | 'unclear' }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly nameAt: Span;
      readonly argumentsAt: Span | undefined;
      /** Keys beside those two. */
      readonly others: readonly string[];
    };

const NONE: InnerCall = { kind: 'none' };
const UNCLEAR: InnerCall = { kind: 'unclear' };

/** Reads what a message calls by way of {@link CALL_TOOL}. Of what lies deeper, nothing is read. */
export function innerCallOf(message: MessageView): InnerCall {
  // Nearly all calls are of other tools, and cost no more than this look.
  if (message.method !== CALL_METHOD || message.string('params', 'name') !== CALL_TOOL) return NONE;
  const { bytes } = message;
  const params = [...message.members('params')];
  if (nameAmong(bytes, params).kind !== 'name') return NONE;
  const given = soleMember(params, 'arguments');
  if (!given) return NONE;
  if (given === 'unclear') return UNCLEAR;
  if (!isObjectAt(bytes, given.value)) return NONE;
  const members = [...membersOf(bytes, given.value)];
  const inner = nameAmong(bytes, members);
  if (inner.kind !== 'name') return inner.kind === 'unclear' ? UNCLEAR : NONE;
  const args = soleMember(members, 'arguments');
  if (args === 'unclear') return UNCLEAR;
  const nameAt = members.find(({ key }) => key === 'name')?.value;
  if (!nameAt) return NONE;
  const others = members.flatMap(({ key }) => (key === 'name' || key === 'arguments' ? [] : [key]));
  return { kind: 'call', name: inner.name, nameAt, argumentsAt: args?.value, others };
}
