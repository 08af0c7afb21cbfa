// Decides whether a list of tools is too large to be looked through, which is done at once while all others on the runner wait. Pure.
import { isOverlong } from '../../shared/jsonrpc/elements.ts';
import { JsonCursor } from '../../shared/jsonrpc/json-cursor.ts';
import { valueAt } from '../../shared/jsonrpc/members.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';

/** A smaller list is looked through in some milliseconds, whatever it holds. */
const SMALL_BYTES = 256 * 1024;

/** Keys and values in a page of a list. To look through so many takes some 30 ms; ten times the tools that a model can choose from have less. */
const LIST_TOKENS = 200_000;

/** What a client is told of such a list; completes "the server sent an answer that cannot be used: …". */
export const LISTS_TOO_MUCH = 'it lists more than the bridge can look through';

/** Whether the answer to a `tools/list` lists too much, in elements or in what they hold. */
export function isListTooLarge(answer: MessageView): boolean {
  if (answer.bytes.length < SMALL_BYTES || answer.kind === 'error') return false;
  const cursor = new JsonCursor(answer.bytes, Number.MAX_SAFE_INTEGER, LIST_TOKENS);
  return !cursor.skipValue() || isOverlong(answer.bytes, valueAt(answer.bytes, 'result', 'tools'));
}
