// A modern client's request as the session wrote it, and what its `_meta` says about this one request.
import type { BridgeRequestId, ClientRequestId } from '../../shared/ids.ts';
import { isParsable, textAt } from '../../shared/jsonrpc/members.ts';
import { parsedAgain } from '../../shared/jsonrpc/repeated.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import { ASKING_METHODS, ENVELOPE_META, META, PRIVATE_META } from '../../shared/mcp/modern.ts';
import type { Capabilities } from './capabilities.ts';
import { isObject } from '../../shared/json-value.ts';
import { isLoggingLevel, type LoggingLevel } from './log-levels.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import { onlyMessageIn, type MessageView } from '../../shared/jsonrpc/view.ts';
import { progressTokenOf } from './message.ts';

const PRIVATE_KEYS: readonly string[] = Object.values(PRIVATE_META);
const NOT_LEGACY_META: readonly string[] = [...ENVELOPE_META, ...PRIVATE_KEYS];

/** Members of `params` that exist only in the modern era, or no longer exist in it. */
const ERA_PARAMS: readonly string[] = ['inputResponses', 'requestState', 'task'];

export interface ClientCall {
  /** The session's id. */
  readonly bridgeId: BridgeRequestId;
  readonly method: string;
  readonly progressToken: BridgeRequestId | undefined;
  readonly message: MessageView;
  readonly clientInfo: unknown;
  readonly capabilities: Capabilities;
  readonly logLevel: LoggingLevel | undefined;
  /** Raw JSON text. */
  readonly clientId: ClientRequestId;
  readonly headers: Readonly<Record<string, string>>;
  /** Its headers cannot repeat the arguments of the tool. */
  readonly isUnmirrored: boolean;
  /** It has a `requestState`, so it continues an earlier request. */
  readonly isRetry: boolean;
}

/** Undefined if the message is not a request of a session. */
export function readCall(message: MessageView): ClientCall | undefined {
  const { method } = message;
  const id = bridgeIdOf(message.id);
  if (message.kind !== 'request' || id === undefined) return undefined;
  const meta = readMeta(message);
  const logLevel = meta[META.logLevel];
  const capabilities = meta[META.clientCapabilities];
  const clientId = meta[PRIVATE_META.clientId];
  return {
    bridgeId: id,
    method,
    progressToken: progressTokenOf(message),
    message,
    clientInfo: meta[META.clientInfo],
    capabilities: isObject(capabilities) ? capabilities : NONE,
    logLevel: isLoggingLevel(logLevel) ? logLevel : undefined,
    clientId: (typeof clientId === 'string' ? clientId : String(id)) as ClientRequestId,
    headers: textMembers(meta[PRIVATE_META.headers]),
    isUnmirrored: meta[PRIVATE_META.unmirrored] === true,
    isRetry: ASKING_METHODS.has(method) && message.has('params', 'requestState'),
  };
}

const NONE: Capabilities = {};

type Meta = { [Key in (typeof READ_META)[number]]?: unknown };

/** Members of `_meta` that are read. All but the client's id are read as values. */
const READ_META = [
  META.clientInfo,
  META.clientCapabilities,
  META.logLevel,
  PRIVATE_META.clientId,
  PRIVATE_META.headers,
  PRIVATE_META.unmirrored,
] as const;

/** Of equal keys the last counts. What is too large to be parsed is as good as absent. */
function readMeta(message: MessageView): Meta {
  const { bytes } = message;
  const found: Meta = {};
  for (const { key, value } of message.members('params', '_meta')) {
    const read = READ_META.find((each) => each === key);
    if (read === undefined) continue;
    if (read === PRIVATE_META.clientId) found[read] = textAt(bytes, value);
    else found[read] = isParsable(bytes, value) ? parsedAgain(bytes, value) : undefined;
  }
  return found;
}

const NO_MESSAGE = onlyMessageIn(new TextEncoder().encode('{"jsonrpc":"2.0","method":""}'));

/** What is still needed of a request after it was written. */
export const withoutBytes = (call: ClientCall): ClientCall => ({
  ...call,
  message: NO_MESSAGE ?? call.message,
});

/** The request or notification for a modern process. */
export const forModernProcess = ({ message }: Pick<ClientCall, 'message'>): Uint8Array =>
  message.spliced(message.changes(['params', '_meta'], { without: PRIVATE_KEYS }));

/** The request as a legacy process should see it: `initialize` has told the process what the modern era repeats in every request. */
export const forLegacyProcess = ({ message }: Pick<ClientCall, 'message'>): Uint8Array =>
  withoutEnvelope(message, ERA_PARAMS);

/** The notification for a legacy process. */
export const noticeForLegacyProcess = ({ message }: Pick<ClientCall, 'message'>): Uint8Array =>
  withoutEnvelope(message, []);

function withoutEnvelope(message: MessageView, eraParams: readonly string[]): Uint8Array {
  const isKept = ({ key }: { readonly key: string }): boolean => !NOT_LEGACY_META.includes(key);
  const isMetaKept = [...message.members('params', '_meta')].some(isKept);
  const edits: Edit[] = isMetaKept
    ? [
        ...message.changes(['params'], { without: eraParams }),
        ...message.changes(['params', '_meta'], { without: NOT_LEGACY_META }),
      ]
    : message.changes(['params'], { without: [...eraParams, '_meta'] });
  return message.spliced(edits);
}

function textMembers(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])),
  );
}
