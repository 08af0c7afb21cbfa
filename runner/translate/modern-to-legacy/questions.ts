// A legacy process's questions to the client, and their form for a modern client.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { isObjectAt, textAt, withMembers } from '../../../shared/jsonrpc/members.ts';
import { META } from '../../../shared/mcp/modern.ts';
import type { Span } from '../../../shared/jsonrpc/span.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';

export interface Question {
  /** Its key for the client. */
  readonly key: string;
  /** The process's id for it: raw JSON text. */
  readonly id: string;
  /** JSON text: the request without its envelope. */
  readonly embedded: string;
  /** Every call of the client gives the same answer. */
  readonly isForAny: boolean;
  /** The call it is sent with is known to have asked it, and waits for the answer. */
  readonly isOwn: boolean;
  isTold: boolean;
}

/** A client gives the same answer in all its calls. */
export const ROOTS = 'roots/list';

/** Members of a question's params that only the legacy era has. */
const LEGACY_PARAMS: readonly string[] = ['task', 'elicitationId', '_meta'];

export function questionOf(message: MessageView, key: string, isOwn: boolean): Question {
  const { bytes, id = 'null', method } = message;
  const params = message.at('params');
  const kept = params && decoder.decode(withMembers(bytes, { without: LEGACY_PARAMS }, params));
  const head = `"method":${JSON.stringify(method)}`;
  const isBare = kept === undefined || kept === '{}';
  return {
    key,
    id,
    embedded: isBare ? `{${head}}` : `{${head},"params":${kept}}`,
    isForAny: method === ROOTS,
    isOwn,
    isTold: false,
  };
}

/** The result that asks the client for input, as a line for the session. */
export function inputRequired(
  bridgeId: BridgeRequestId,
  requests: readonly { readonly key: string; readonly embedded: string }[],
  more: { readonly requestState?: string; readonly serverInfo: unknown },
): string {
  const asked = requests.map(({ key, embedded }) => `${JSON.stringify(key)}:${embedded}`);
  const result = [
    '"resultType":"input_required"',
    `"inputRequests":{${asked.join(',')}}`,
    ...(more.requestState === undefined
      ? []
      : [`"requestState":${JSON.stringify(more.requestState)}`]),
    `"_meta":${JSON.stringify({ [META.serverInfo]: more.serverInfo })}`,
  ];
  return `{"jsonrpc":"2.0","id":${String(bridgeId)},"result":{${result.join(',')}}}`;
}

/**
 * The client's answers to some questions, as raw JSON text by key; those it does not mention are missing. Undefined if
 * what it sent is not an answer.
 */
export function responsesTo(
  questions: readonly Question[],
  message: MessageView,
): ReadonlyMap<string, string> | undefined {
  const responses = new Map<string, string>();
  const { bytes } = message;
  const given = message.at('params', 'inputResponses');
  if (!given) return responses;
  if (!isObjectAt(bytes, given)) return undefined;
  const values = new Map<string, Span>();
  for (const { key, value } of message.members('params', 'inputResponses')) values.set(key, value);
  for (const { key } of questions) {
    const value = values.get(key);
    if (!value) continue;
    if (!isObjectAt(bytes, value)) return undefined;
    responses.set(key, textAt(bytes, value));
  }
  return responses;
}

/** The params of a process's request, to see what it needs from the client. */
export const paramsOf = (message: MessageView): unknown => message.parsed('params');

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
