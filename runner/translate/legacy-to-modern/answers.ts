// Turns the answers of a modern process into those a legacy client knows: removes what the modern era added, and leaves
// everything else as it was sent.
import type { PartName } from '../../../shared/jsonrpc/noted.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { CACHEABLE_METHODS, CODE, META } from '../../../shared/mcp/modern.ts';

/** Codes that exist only in the modern era; a legacy client would take them for a server's own. */
const MODERN_CODES: ReadonlySet<unknown> = new Set([
  CODE.headerMismatch,
  CODE.missingCapability,
  CODE.unsupportedVersion,
]);

/** A complete result of `method`, without the members that say that it is complete, how long it may be cached and by whom. */
export function legacyResult(answer: MessageView, method: string): MessageView {
  const added = CACHEABLE_METHODS.has(method)
    ? ['resultType', 'ttlMs', 'cacheScope']
    : ['resultType'];
  return withoutMeta(answer, 'result', META.serverInfo, added);
}

/** An error with a code that the legacy era knows. */
export function legacyError(answer: MessageView): MessageView {
  if (!MODERN_CODES.has(answer.parsed('error', 'code'))) return answer;
  return answer.edited(answer.changes(['error'], { and: { code: String(CODE.internal) } }));
}

/** The message without one key of the `_meta` in a part; an empty `_meta` goes with it, and so do the members named in `also`. */
export function withoutMeta(
  message: MessageView,
  part: PartName,
  key: string,
  also: readonly string[] = [],
): MessageView {
  const isIn = message.has(part, '_meta', key);
  const isOnly = isIn && [...message.members(part, '_meta')].every((member) => member.key === key);
  return message.edited([
    ...message.changes([part], { without: isOnly ? [...also, '_meta'] : also }),
    ...(isIn && !isOnly ? message.changes([part, '_meta'], { without: [key] }) : []),
  ]);
}
