// The headers by which a message goes to a server at a URL (MCP 2026-07-28, Transports, "Request Headers"; 2025-11-25, Transports,
// "Session Management" and "Protocol Version Header").
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import {
  LAST_EVENT_ID_HEADER,
  METHOD_HEADER,
  NAME_HEADER,
  PROTOCOL_VERSION_HEADER,
  SESSION_ID_HEADER,
} from '../../../shared/mcp/headers.ts';
import { encodeHeaderValue } from '../../../shared/mcp/header-value.ts';
import { isModernRevision, META, NAMED_METHODS } from '../../../shared/mcp/modern.ts';
import { paramHeaderTexts, type ParamHeader } from '../param-headers.ts';

type RemoteHeaders = Readonly<Record<string, string>>;

/** What was agreed when the session was made; nothing before, and nothing with a modern server. */
export interface Agreed {
  readonly sessionId?: string | undefined;
  readonly revision?: string | undefined;
}

/** The modern revision that a request names in its `_meta`; undefined for a message of the legacy era. */
export function modernRevisionOf(message: MessageView | undefined): string | undefined {
  if (message?.kind !== 'request') return undefined;
  const revision = message.string('params', '_meta', META.protocolVersion);
  return revision !== undefined && isModernRevision(revision) ? revision : undefined;
}

/** `tools`: what is known of arguments that headers repeat, by the tool's name. */
export function postHeaders(
  message: MessageView | undefined,
  agreed: Agreed,
  tools: ReadonlyMap<string, readonly ParamHeader[]>,
  base64: (text: string) => string,
): RemoteHeaders {
  const form = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
  };
  const revision = modernRevisionOf(message);
  if (!message || revision === undefined) return { ...form, ...agreedHeaders(agreed) };
  const { method } = message;
  const key = NAMED_METHODS.get(method);
  const name = key === undefined ? undefined : message.string('params', key);
  const expected = method === 'tools/call' && name !== undefined ? tools.get(name) : undefined;
  const repeated = expected
    ? paramHeaderTexts(expected, message.parsed('params', 'arguments'))
    : [];
  const coded = (text: string): string => encodeHeaderValue(text, base64);
  return {
    ...form,
    [PROTOCOL_VERSION_HEADER]: revision,
    [METHOD_HEADER]: coded(method),
    ...(name !== undefined && { [NAME_HEADER]: coded(name) }),
    ...Object.fromEntries(repeated.map(([header, text]) => [header, coded(text)])),
  };
}

/** Of a GET that listens, or goes on where a stream broke off. */
export const streamHeaders = (agreed: Agreed, lastEventId: string | undefined): RemoteHeaders => ({
  Accept: 'text/event-stream',
  ...agreedHeaders(agreed),
  ...(lastEventId !== undefined && { [LAST_EVENT_ID_HEADER]: lastEventId }),
});

/** Of every request of a legacy session. */
export const agreedHeaders = ({ sessionId, revision }: Agreed): RemoteHeaders => ({
  ...(sessionId !== undefined && { [SESSION_ID_HEADER]: sessionId }),
  ...(revision !== undefined && { [PROTOCOL_VERSION_HEADER]: revision }),
});
