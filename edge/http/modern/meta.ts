// Checks the `_meta` that every modern request carries in place of a session: which members must be there, and their form (MCP
// 2026-07-28, Base Protocol, "_meta").
import type { Members } from './request.ts';
import type { Refusal } from '../refuse.ts';
import { isObject } from '../../../shared/json-value.ts';
import { CODE, ENVELOPE_META, LOGGING_LEVELS, META } from '../../../shared/mcp/modern.ts';

const REQUIRED = [META.protocolVersion, META.clientCapabilities];

/** Members of ClientCapabilities that the revision defines; each is an object. */
const CAPABILITIES = ['experimental', 'roots', 'sampling', 'elicitation', 'extensions'];

/** What is wrong with the `_meta` of a request, if anything is. */
export function checkMeta(meta: Members): Refusal | undefined {
  const missing = REQUIRED.filter((key) => !meta.has(key));
  if (missing.length > 0) {
    return invalid(`params._meta lacks ${missing.join(' and ')}.`, { missing });
  }
  for (const key of ENVELOPE_META) {
    const problem = problemOf(key, meta);
    if (problem !== undefined) {
      return invalid(`${key} in params._meta ${problem}.`, { key, problem });
    }
  }
  return undefined;
}

const invalid = (message: string, envelope: object): Refusal => ({
  status: 400,
  code: CODE.invalidParams,
  message,
  data: { envelope },
});

function problemOf(key: string, meta: Members): string | undefined {
  if (!meta.has(key)) return undefined;
  if (meta.isRepeated(key)) return 'appears more than once';
  const value = meta.get(key);
  switch (key) {
    case META.protocolVersion:
      return typeof value === 'string' ? undefined : 'must be a string';
    case META.clientCapabilities:
      return isCapabilities(value) ? undefined : 'must be an object of objects';
    case META.clientInfo:
      return isImplementation(value) ? undefined : 'must be an object with a name and a version';
    case META.logLevel:
      return LOGGING_LEVELS.some((level) => level === value)
        ? undefined
        : `must be one of ${LOGGING_LEVELS.join(', ')}`;
    default:
      return undefined;
  }
}

const isCapabilities = (value: unknown): boolean =>
  isObject(value) &&
  CAPABILITIES.every((name) => !Object.hasOwn(value, name) || isObject(value[name]));

const isImplementation = (value: unknown): boolean =>
  isObject(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string';
