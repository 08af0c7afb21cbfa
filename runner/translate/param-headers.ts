// Reads what a tool's input schema says about `Mcp-Param-*` headers, and checks that those of a call repeat its arguments (MCP
// 2026-07-28, Transports, "Custom Headers from Tool Parameters").
import { membersOf, textAt } from '../../shared/jsonrpc/members.ts';
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';
import { PARAM_HEADER } from '../../shared/mcp/headers.ts';
import { decodeHeaderValue } from '../../shared/mcp/header-value.ts';
import { soleMember } from '../../shared/mcp/judged.ts';
import { CODE } from '../../shared/mcp/modern.ts';
import { isObject } from '../../shared/json-value.ts';
import { at } from './json.ts';

/** One argument that a header repeats. */
export interface ParamHeader {
  /** As it is written in the schema. */
  readonly header: string;
  /** The argument's path, from the outermost object of arguments. */
  readonly path: readonly string[];
}

const KEYWORD = 'x-mcp-header';
const ESCAPE = '\\u';

/** A token of RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u;
const TYPES: readonly unknown[] = ['string', 'integer', 'boolean'];

/** Keywords whose values are not schemas, so that a member of the same name in them means nothing. */
const DATA_KEYWORDS: readonly string[] = ['default', 'enum', 'const', 'examples'];

/** Keywords whose members have names chosen by the tool's author. */
const NAMED_SCHEMAS: readonly string[] = [
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
];

/** An integer in decimal; with a fraction of zeros it is the same number. */
const DECIMAL = /^-?\d+(?:\.0+)?$/u;

/** Whether the JSON text of tools may have such an annotation at all; a key can be written with escapes. */
export function mayNameHeaders(tools: Uint8Array): boolean {
  const text = textAt(tools);
  return text.includes(KEYWORD) || text.includes(ESCAPE);
}

/** The headers that an input schema asks for; none if any of its annotations is invalid, because then clients do not send them. */
export function paramHeadersOf(inputSchema: unknown): readonly ParamHeader[] {
  const found: ParamHeader[] = [];
  collect(inputSchema, [], found);
  const isUnique = new Set(found.map(({ header }) => header.toLowerCase())).size === found.length;
  return isUnique && found.length === countAnnotations(inputSchema) ? found : [];
}

/**
 * Why a call's arguments may mean two things, only one of which its headers repeat: of two equal keys some readers take the first and some the last,
 * and some ignore the case of keys. `bytes` hold the arguments, scanned.
 */
export function ambiguity(
  expected: readonly ParamHeader[],
  bytes: Uint8Array,
): ErrorObject | undefined {
  const key = ambiguousKey(
    expected.map(({ path }) => path),
    bytes,
    { start: 0, end: bytes.length },
  );
  if (key === undefined) return undefined;
  return {
    code: CODE.invalidParams,
    message: `The argument "${key}" appears more than once, or another differs from it only in case, and a header repeats it.`,
  };
}

/** The first key on a path that is not unique in its object. Each object is read once, however many paths lead through it. */
function ambiguousKey(
  paths: readonly (readonly string[])[],
  bytes: Uint8Array,
  span: Span,
): string | undefined {
  const members = [...membersOf(bytes, span)];
  for (const [key, through] of Map.groupBy(paths, ([first = '']) => first)) {
    const member = soleMember(members, key);
    if (member === 'unclear') return key;
    const deeper = through.map((path) => path.slice(1)).filter((path) => path.length > 0);
    const inner = member && deeper.length > 0 && ambiguousKey(deeper, bytes, member.value);
    if (typeof inner === 'string') return `${key}.${inner}`;
  }
  return undefined;
}

/** Why a call's headers do not match its arguments; undefined when they do. `headers` are by their names in lower case. */
export function mismatch(
  expected: readonly ParamHeader[],
  args: unknown,
  headers: Readonly<Record<string, string>>,
): ErrorObject | undefined {
  for (const { header, path } of expected) {
    const value = at(args, ...path);
    const text = stringOf(value);
    // Without a text there is no header: for absent arguments, null, and values that the argument's type does not allow.
    if (text === undefined) continue;
    const name = header.toLowerCase();
    const raw = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (raw !== undefined && isSame(value, text, decodeHeaderValue(raw))) continue;
    const wrong = raw === undefined ? 'is missing' : 'does not match';
    return {
      code: CODE.headerMismatch,
      message: `The header ${header} ${wrong}: it must repeat the argument "${path.join('.')}".`,
    };
  }
  return undefined;
}

/** The headers that repeat a call's arguments, by name, each with its text. */
export const paramHeaderTexts = (
  expected: readonly ParamHeader[],
  args: unknown,
): (readonly [header: string, text: string])[] =>
  expected.flatMap(({ header, path }) => {
    const text = stringOf(at(args, ...path));
    return text === undefined ? [] : [[header, text] as const];
  });

function collect(schema: unknown, path: readonly string[], found: ParamHeader[]): void {
  const properties = at(schema, 'properties');
  if (!isObject(properties)) return;
  for (const [name, property] of Object.entries(properties)) {
    const header = at(property, KEYWORD);
    const inner = [...path, name];
    if (typeof header === 'string' && TOKEN.test(header) && TYPES.includes(at(property, 'type'))) {
      found.push({ header: PARAM_HEADER + header, path: inner });
    }
    collect(property, inner, found);
  }
}

/** Annotations anywhere in a schema, so that one in a wrong place is noticed. */
function countAnnotations(schema: unknown): number {
  if (Array.isArray(schema)) return sum(schema.map(countAnnotations));
  if (!isObject(schema)) return 0;
  const inner = Object.entries(schema).map(([keyword, value]) => {
    if (keyword === KEYWORD) return 1;
    if (DATA_KEYWORDS.includes(keyword)) return 0;
    const isNamed = NAMED_SCHEMAS.includes(keyword) && isObject(value);
    return countAnnotations(isNamed ? Object.values(value) : value);
  });
  return sum(inner);
}

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);

function stringOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? String(value) : undefined;
}

function isSame(value: unknown, text: string, header: string | undefined): boolean {
  if (header === undefined || typeof value !== 'number') return header === text;
  return DECIMAL.test(header) && Number(header) === value;
}
