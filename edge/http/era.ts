// Decides the era of a POST to the MCP endpoint: by its body or, if the body does not tell, by its version header (MCP
// 2026-07-28, Versioning). Never throws.
import type { ClientMessage } from './client-message.ts';
import { checkMeta } from './modern/meta.ts';
import { readModernRequest, type ModernRequest } from './modern/request.ts';
import type { Refusal } from './refuse.ts';
import { INVALID_REQUEST } from '../../shared/jsonrpc/json-cursor.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { trimmed } from '../../shared/mcp/header-value.ts';
import { PROTOCOL_VERSION_HEADER } from '../../shared/mcp/headers.ts';
import { CODE, isModernRevision, META } from '../../shared/mcp/modern.ts';

export type Era =
  | { readonly era: 'legacy' }
  | { readonly era: 'modern'; readonly request: ModernRequest }
  | { readonly era: 'refused'; readonly refusal: Refusal };

const LEGACY: Era = { era: 'legacy' };

/** Whether the version header names a revision of the modern era, served or not. */
export const bearsModernRevision = (headers: Headers): boolean =>
  isModernRevision(trimmed(headers.get(PROTOCOL_VERSION_HEADER) ?? ''));

/** Tells the eras apart. Does not check a modern message yet. */
export function eraOf(headers: Headers, message: ClientMessage): Era {
  const isMarked = bearsModernRevision(headers);
  if (!isMarked && !message.messages.some(isClaiming)) return LEGACY;
  if (message.isBatch) return message.messages.some(isClaiming) ? NO_BATCHES : LEGACY;
  const request = readModernRequest(message);
  if (!request) return LEGACY;
  const claim = request.meta.get(META.protocolVersion);
  if (request.method === 'initialize') {
    const isClaimed =
      typeof claim === 'string' && isModernRevision(claim) && !checkMeta(request.meta);
    if (!isClaimed) return isMarked ? INITIALIZE_IS_LEGACY : LEGACY;
  }
  // A malformed claim is reported as a mistake; it never makes the message a legacy one.
  return isMarked || request.meta.has(META.protocolVersion) ? { era: 'modern', request } : LEGACY;
}

/** Whether a message names a revision of the modern era in its `_meta`. */
const isClaiming = (message: MessageView): boolean =>
  message.has('params', '_meta', META.protocolVersion);

const NO_BATCHES: Era = {
  era: 'refused',
  refusal: {
    status: 400,
    code: INVALID_REQUEST,
    message: 'A batch cannot hold a request of a modern revision; send the messages one by one.',
  },
};

const INITIALIZE_IS_LEGACY: Era = {
  era: 'refused',
  refusal: {
    status: 400,
    code: CODE.headerMismatch,
    message: `The revision in the ${PROTOCOL_VERSION_HEADER} header has no initialize.`,
  },
};
