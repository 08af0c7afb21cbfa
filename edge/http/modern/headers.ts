// Checks that the headers of a modern POST agree with its body, so that intermediaries can trust them (MCP 2026-07-28,
// Transports, "Request Headers"). Pure. The runner checks `Mcp-Param-*`, because it knows the tools.
import { checkMeta } from './meta.ts';
import type { ModernRequest } from './request.ts';
import type { Refusal } from '../refuse.ts';
import { decodeHeaderValue, trimmed } from '../../../shared/mcp/header-value.ts';
import {
  METHOD_HEADER,
  NAME_HEADER,
  PARAM_HEADER,
  PARAM_HEADER_PREFIX,
  PROTOCOL_VERSION_HEADER,
  SESSION_ID_HEADER,
} from '../../../shared/mcp/headers.ts';
import {
  CODE,
  META,
  MODERN_REVISION,
  NAMED_METHODS,
  REMOVED_METHODS,
} from '../../../shared/mcp/modern.ts';

/** A value is quoted only up to this length. */
const TOLD_CHARACTERS = 200;

/** Why a request cannot be served, or undefined when it can. The order decides which of two mistakes a client is told about. */
export function checkRequest(headers: Headers, request: ModernRequest): Refusal | undefined {
  return (
    checkMeta(request.meta) ??
    checkMirrors(headers, request) ??
    checkRevision(request) ??
    checkPresent(headers) ??
    checkKeys(request) ??
    checkName(headers, request) ??
    (request.method === 'tools/call' ? checkParamLengths(headers) : undefined) ??
    checkMethod(request)
  );
}

/** Longest value of an MCP header: one that repeats a text of the body is shorter, and long ones must not burden what is behind the edge. */
const VALUE_CHARACTERS = 8 * 1024;

const OWN_HEADERS = [
  PROTOCOL_VERSION_HEADER,
  SESSION_ID_HEADER,
  METHOD_HEADER,
  NAME_HEADER,
] as const;

/** Refuses values that no client has a reason to send, before reading them. `Mcp-Param-*` only if they are passed on. */
export function checkLengths(headers: Headers): Refusal | undefined {
  const name = OWN_HEADERS.find((header) => isTooLong(headers.get(header)));
  return name === undefined ? undefined : tooLong(name);
}

function checkParamLengths(headers: Headers): Refusal | undefined {
  for (const [name, value] of headers)
    if (name.startsWith(PARAM_HEADER_PREFIX) && isTooLong(value))
      return tooLong(name.replace(PARAM_HEADER_PREFIX, PARAM_HEADER));
  return undefined;
}

const isTooLong = (value: string | null): boolean => (value?.length ?? 0) > VALUE_CHARACTERS;

const tooLong = (name: string): Refusal =>
  headerFault(
    `The ${name.slice(0, TOLD_CHARACTERS)} header is longer than ${VALUE_CHARACTERS} characters.`,
  );

/** A header must not contradict the body. */
export function checkMirrors(
  headers: Headers,
  { method, meta }: ModernRequest,
): Refusal | undefined {
  const claim = meta.get(META.protocolVersion);
  return (
    (typeof claim === 'string'
      ? checkMirror(headers, PROTOCOL_VERSION_HEADER, claim)
      : undefined) ?? checkMirror(headers, METHOD_HEADER, method)
  );
}

/** What a message of any era says of itself in headers must be so, wherever somebody is judged by it. */
export const checkStated = (headers: Headers, request: ModernRequest): Refusal | undefined =>
  checkMirrors(headers, request) ??
  (headers.has(NAME_HEADER) ? checkName(headers, request) : undefined);

/** Headers that say what a message is about, in a request whose body holds several. */
export const checkUnstated = (headers: Headers): Refusal | undefined => {
  const stated = [METHOD_HEADER, NAME_HEADER].find((name) => headers.has(name));
  return stated === undefined
    ? undefined
    : headerFault(`The ${stated} header cannot speak for a batch.`);
};

function checkMirror(headers: Headers, name: string, body: string): Refusal | undefined {
  const header = valueOf(headers, name);
  return header === undefined || header === body ? undefined : mismatch(name, header, body);
}

function checkRevision({ meta }: ModernRequest): Refusal | undefined {
  const requested = String(meta.get(META.protocolVersion));
  if (requested === MODERN_REVISION) return undefined;
  return {
    status: 400,
    code: CODE.unsupportedVersion,
    message: `Unsupported protocol version. Without a session, ${MODERN_REVISION} is supported; older versions begin with initialize.`,
    // Only modern revisions: each must also be in the answer to `server/discover`.
    data: { supported: [MODERN_REVISION], requested: requested.slice(0, TOLD_CHARACTERS) },
  };
}

function checkPresent(headers: Headers): Refusal | undefined {
  const absent = [PROTOCOL_VERSION_HEADER, METHOD_HEADER].find((name) => !headers.has(name));
  return absent === undefined ? undefined : missing(absent);
}

/** Members of params that a header repeats, or some of whose members a header repeats. */
const MIRRORED = ['name', 'uri', 'taskId', 'arguments', '_meta'] as const;

/**
 * Of two equal keys some readers of JSON take the first and some the last, and some ignore the case of keys. If a header vouches
 * for a member of params, no other member may be mistaken for it.
 */
function checkKeys({ method, params }: ModernRequest): Refusal | undefined {
  if (!NAMED_METHODS.has(method)) return undefined;
  for (const key of MIRRORED) {
    if (params.isRepeated(key)) return invalidParams(`params.${key} appears more than once.`);
    if (params.hasLookalike(key))
      return invalidParams(`A key of params differs from "${key}" only in case.`);
  }
  return undefined;
}

const invalidParams = (message: string): Refusal => ({
  status: 400,
  code: CODE.invalidParams,
  message,
});

/** Compared as text: `Mcp-Name` may be encoded, and the body may write the same text with escapes. */
function checkName(headers: Headers, { method, params }: ModernRequest): Refusal | undefined {
  const key = NAMED_METHODS.get(method);
  if (key === undefined) return undefined;
  const body = params.get(key);
  const header = headers.get(NAME_HEADER);
  if (typeof body !== 'string') {
    // Without a name in either place, the server says what is wrong with the params.
    return header === null ? undefined : mismatch(NAME_HEADER, header, '');
  }
  if (header === null) return missing(NAME_HEADER);
  const name = decodeHeaderValue(header);
  if (name === undefined) {
    return headerFault(`The ${NAME_HEADER} header is neither plain ASCII nor valid Base64.`);
  }
  return name === body ? undefined : mismatch(NAME_HEADER, name, body);
}

function checkMethod({ method }: ModernRequest): Refusal | undefined {
  if (!REMOVED_METHODS.has(method)) return undefined;
  return {
    status: 404,
    code: CODE.methodNotFound,
    message: `Revision ${MODERN_REVISION} has no method ${method}.`,
  };
}

const valueOf = (headers: Headers, name: string): string | undefined => {
  const value = headers.get(name);
  return value === null ? undefined : trimmed(value);
};

const missing = (name: string): Refusal => headerFault(`The ${name} header is missing.`);

const mismatch = (name: string, header: string, body: string): Refusal =>
  headerFault(`The ${name} header does not match the body.`, {
    mismatch: { header: header.slice(0, TOLD_CHARACTERS), body: body.slice(0, TOLD_CHARACTERS) },
  });

const headerFault = (message: string, data?: object): Refusal => ({
  status: 400,
  code: CODE.headerMismatch,
  message,
  ...(data && { data }),
});
