// The console as a client of a server: a 2026-07-28 request by the same door as every client's. Policy, limits and record are the same.
import { base64OfText } from '../../access/base64url.ts';
import type { CallServer } from './request.ts';
import {
  METHOD_HEADER,
  NAME_HEADER,
  PROTOCOL_VERSION_HEADER,
} from '../../../shared/mcp/headers.ts';
import { encodeHeaderValue } from '../../../shared/mcp/header-value.ts';
import { ALL_TOOLS_META } from '../../../shared/mcp/discovery.ts';
import { META, MODERN_REVISION } from '../../../shared/mcp/modern.ts';
import { dataLines } from '../../../shared/sse/data-lines.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a server answered, or why it did not. */
export type ServerAnswer =
  | { readonly ok: true; readonly result: Fields }
  | { readonly ok: false; readonly message: string; readonly code?: number | undefined };

const CLIENT = { name: 'mcp-edge-bridge console', version: '1' };

/** Bytes of an answer that a page shows. */
const ANSWER_BYTES = 8 * 1024 * 1024;

/** Bytes that may still be read: of one answer, or of several that make one page. */
export interface ReadBudget {
  left: number;
}

/** Calls a method. `name`: the tool that a `tools/call` names. What is read is taken from the budget. */
export async function askServer(
  callServer: CallServer,
  server: string,
  method: string,
  params: Fields = {},
  name?: string,
  budget: ReadBudget = { left: ANSWER_BYTES },
): Promise<ServerAnswer> {
  const meta = {
    [META.protocolVersion]: MODERN_REVISION,
    [META.clientCapabilities]: {},
    [META.clientInfo]: CLIENT,
    // People look for what there is, also where clients search.
    ...(method === 'tools/list' && { [ALL_TOOLS_META]: true }),
  };
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    [PROTOCOL_VERSION_HEADER]: MODERN_REVISION,
    [METHOD_HEADER]: method,
    ...(name !== undefined && { [NAME_HEADER]: encodeHeaderValue(name, base64OfText) }),
  };
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: { ...params, _meta: meta },
  });
  const response = await callServer(server, { method: 'POST', headers, body });
  const text = await textOf(response, budget);
  if (text === undefined)
    return { ok: false, message: 'The answer is too large to be shown here.' };
  return messageIn(text) ?? { ok: false, message: `The edge answered with ${response.status}.` };
}

async function textOf(response: Response, budget: ReadBudget): Promise<string | undefined> {
  if (!response.body) return '';
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of response.body) {
    budget.left -= piece.length;
    if (budget.left < 0) return undefined;
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

/** The message that answers: the whole body, or in the last event of a stream that has one. */
function messageIn(text: string): ServerAnswer | undefined {
  for (const candidate of [text, ...dataLines(text).toReversed()]) {
    const message = parsed(candidate);
    const error = message?.['error'] as
      | { readonly message?: unknown; readonly code?: unknown }
      | undefined;
    if (error)
      return {
        ok: false,
        message:
          typeof error.message === 'string' ? error.message : 'The server answered with an error.',
        code: typeof error.code === 'number' ? error.code : undefined,
      };
    const result = message?.['result'];
    if (typeof result === 'object' && result !== null)
      return { ok: true, result: result as Fields };
  }
  return undefined;
}

function parsed(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}
