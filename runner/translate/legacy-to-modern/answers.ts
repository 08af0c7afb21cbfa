// Turns the answers of a modern process into those a legacy client knows: removes what the modern era added, and leaves
// everything else as it was sent.
import {
  changeAt,
  parsedAt,
  textAt,
  valueAt,
  valueIn,
  withMembers,
} from '../../../shared/jsonrpc/members.ts';
import { CACHEABLE_METHODS, CODE, META } from '../../../shared/mcp/modern.ts';

/** Codes that exist only in the modern era; a legacy client would take them for a server's own. */
const MODERN_CODES: ReadonlySet<unknown> = new Set([
  CODE.headerMismatch,
  CODE.missingCapability,
  CODE.unsupportedVersion,
]);

/** A complete result of `method`, without the members that say that it is complete, how long it may be cached and by whom. */
export function legacyResult(line: Uint8Array, method: string): Uint8Array {
  const result = valueAt(line, 'result');
  if (!result) return line;
  const added = CACHEABLE_METHODS.has(method)
    ? ['resultType', 'ttlMs', 'cacheScope']
    : ['resultType'];
  const isModern = added.some((key) => valueIn(line, result, key) !== undefined);
  const plain = isModern ? changeAt(line, ['result'], { without: added }) : line;
  return withoutMeta(plain, 'result', META.serverInfo);
}

/** An error with a code that the legacy era knows. */
export function legacyError(line: Uint8Array): Uint8Array {
  if (!MODERN_CODES.has(parsedAt(line, 'error', 'code'))) return line;
  return changeAt(line, ['error'], { and: { code: String(CODE.internal) } });
}

/** The message without one key of the `_meta` in its `params` or `result`; an empty `_meta` goes with it. */
export function withoutMeta(line: Uint8Array, part: 'params' | 'result', key: string): Uint8Array {
  const meta = valueAt(line, part, '_meta');
  if (!meta || !valueIn(line, meta, key)) return line;
  return textAt(withMembers(line, { without: [key] }, meta)) === '{}'
    ? changeAt(line, [part], { without: ['_meta'] })
    : changeAt(line, [part, '_meta'], { without: [key] });
}
