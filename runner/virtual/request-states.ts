// The `requestState` of a virtual server: the member's own behind the member's name, so that each further round of a call goes to the
// member that asked, whatever others list by then (MCP 2026-07-28, Multi Round-Trip Requests, "Request State").
import type { ServerName } from '../../shared/ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { QUOTE } from '../../shared/jsonrpc/json-cursor.ts';
import { ASKING_METHODS } from '../../shared/mcp/modern.ts';
import { withChangedMember } from './edits.ts';

/** Between the member's name, which cannot hold it, and its state; a name alone says that the member gave no state. */
const BEFORE_STATE = ':';

/** Whose a round is, by what its `requestState` says, and the request as the member knows it. */
export interface Round {
  readonly member: string;
  readonly request: MessageView;
}

/** A member's answer to `request` as clients see it: one that asks for input has a state that names the member; any other is as it was. */
export function withOwner(
  member: ServerName,
  request: MessageView,
  answer: MessageView,
): MessageView {
  if (answer.kind !== 'result' || !ASKING_METHODS.has(request.method)) return answer;
  if (answer.string('result', 'resultType') !== 'input_required') return answer;
  const state = answer.at('result', 'requestState');
  if (!state || answer.text('result', 'requestState') === 'null') {
    const and = { requestState: JSON.stringify(member) };
    return answer.edited(answer.changes(['result'], { and }));
  }
  // Anything else is no state of this revision, and stays.
  if (answer.bytes[state.start] !== QUOTE) return answer;
  // Behind the opening quote, so that the state keeps its own spelling.
  const at = state.start + 1;
  const owner = new TextEncoder().encode(member + BEFORE_STATE);
  return answer.edited([{ start: at, end: at, with: owner }]);
}

/** The round that a client's request is; undefined for one that shows no state, and so begins a call. */
export function roundOf(request: MessageView): Round | undefined {
  if (!ASKING_METHODS.has(request.method)) return undefined;
  const state = request.string('params', 'requestState');
  if (state === undefined) return undefined;
  const end = state.indexOf(BEFORE_STATE);
  if (end < 0) {
    const change = { without: ['requestState'] };
    return { member: state, request: request.edited(request.changes(['params'], change)) };
  }
  const own = JSON.stringify(state.slice(end + BEFORE_STATE.length));
  return {
    member: state.slice(0, end),
    request: withChangedMember(request, ['params', 'requestState'], own),
  };
}
