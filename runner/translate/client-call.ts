// A modern client's request as the session wrote it, and what its `_meta` says about this one request.
import type { BridgeRequestId, ClientRequestId } from '../../shared/ids.ts';
import { parsedAt, textAt, valueAt, withMembers } from '../../shared/jsonrpc/members.ts';
import { splice } from '../../shared/jsonrpc/splice.ts';
import { ASKING_METHODS, ENVELOPE_META, META, PRIVATE_META } from '../../shared/mcp/modern.ts';
import type { Capabilities } from './capabilities.ts';
import { isObject, type JsonObject } from '../../shared/json-value.ts';
import { isLoggingLevel, type LoggingLevel } from './log-levels.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import { progressTokenOf, type Message } from './message.ts';

const PRIVATE_KEYS: readonly string[] = Object.values(PRIVATE_META);
const NOT_LEGACY_META: readonly string[] = [...ENVELOPE_META, ...PRIVATE_KEYS];

/** Members of `params` that exist only in the modern era, or no longer exist in it. */
const ERA_PARAMS: readonly string[] = ['inputResponses', 'requestState', 'task'];

const EMPTY_OBJECT_BYTES = 2;

export interface ClientCall {
  /** The session's id. */
  readonly bridgeId: BridgeRequestId;
  readonly method: string;
  readonly progressToken: BridgeRequestId | undefined;
  readonly bytes: Uint8Array;
  readonly clientInfo: unknown;
  readonly capabilities: Capabilities;
  readonly logLevel: LoggingLevel | undefined;
  /** Raw JSON text. */
  readonly clientId: ClientRequestId;
  readonly headers: Readonly<Record<string, string>>;
  /** It has a `requestState`, so it continues an earlier request. */
  readonly isRetry: boolean;
}

/** Undefined if the message is not a request of a session. */
export function readCall(message: Message): ClientCall | undefined {
  const { bytes, method } = message;
  const id = bridgeIdOf(message.id);
  if (message.kind !== 'request' || id === undefined) return undefined;
  const clientIdAt = valueAt(bytes, 'params', '_meta', PRIVATE_META.clientId);
  const meta = jsonObjectAt(bytes, 'params', '_meta');
  const logLevel = meta[META.logLevel];
  const capabilities = meta[META.clientCapabilities];
  return {
    bridgeId: id,
    method,
    progressToken: progressTokenOf(message),
    bytes,
    clientInfo: meta[META.clientInfo],
    capabilities: isObject(capabilities) ? capabilities : {},
    logLevel: isLoggingLevel(logLevel) ? logLevel : undefined,
    clientId: (clientIdAt ? textAt(bytes, clientIdAt) : String(id)) as ClientRequestId,
    headers: textMembers(meta[PRIVATE_META.headers]),
    isRetry: ASKING_METHODS.has(method) && valueAt(bytes, 'params', 'requestState') !== undefined,
  };
}

const NO_BYTES = new Uint8Array(0);

/** What is still needed of a request after it was written. */
export const withoutBytes = (call: ClientCall): ClientCall => ({ ...call, bytes: NO_BYTES });

type Bytes = Pick<ClientCall, 'bytes'>;

/** The request or notification for a modern process. */
export function forModernProcess({ bytes }: Bytes): Uint8Array {
  const meta = valueAt(bytes, 'params', '_meta');
  if (!meta) return bytes;
  return splice(bytes, [{ ...meta, with: withMembers(bytes, { without: PRIVATE_KEYS }, meta) }]);
}

/** The request as a legacy process should see it: `initialize` has told the process what the modern era repeats in every request. */
export const forLegacyProcess = ({ bytes }: Bytes): Uint8Array =>
  withoutEnvelope(bytes, ERA_PARAMS);

/** The notification for a legacy process. */
export const noticeForLegacyProcess = ({ bytes }: Bytes): Uint8Array => withoutEnvelope(bytes, []);

function withoutEnvelope(bytes: Uint8Array, eraParams: readonly string[]): Uint8Array {
  const params = valueAt(bytes, 'params');
  if (!params) return bytes;
  const metaAt = valueAt(bytes, 'params', '_meta');
  const meta = metaAt && withMembers(bytes, { without: NOT_LEGACY_META }, metaAt);
  const change =
    meta === undefined || meta.length === EMPTY_OBJECT_BYTES
      ? { without: [...eraParams, '_meta'] }
      : { without: eraParams, and: { _meta: meta } };
  return splice(bytes, [{ ...params, with: withMembers(bytes, change, params) }]);
}

function jsonObjectAt(bytes: Uint8Array, ...path: readonly string[]): JsonObject {
  const value = parsedAt(bytes, ...path);
  return isObject(value) ? value : {};
}

function textMembers(value: unknown): Record<string, string> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])),
  );
}
