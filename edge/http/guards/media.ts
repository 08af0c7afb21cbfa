// What a request sends and what it takes: Content-Type, Content-Encoding and Accept, parsed rather than searched for words.
import type { Fault } from '../../../shared/fault.ts';

/** One `;name=value` of a media type (RFC 9110 §5.6.6). Sticky and without nested repeats, so it can not backtrack far. */
const PARAMETER =
  /[ \t]*;[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=([!#$%&'*+.^_`|~\w-]+|"(?:[^"\\]|\\.)*"))?/y;

/**
 * Refuses every body but `application/json` in UTF-8, unencoded. A page can send other types across sites without a
 * preflight, and an encoded body would have to be inflated before its size is known.
 */
export function checkContentType(request: Request): Fault | undefined {
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  const isPlain = encoding === '' || encoding === 'identity';
  return isPlain && isJson(request.headers.get('content-type') ?? '')
    ? undefined
    : { fault: 'unsupported_media_type' };
}

function isJson(header: string): boolean {
  if (header === 'application/json') return true;
  const end = header.search(/[;\s]|$/);
  if (header.slice(0, end).toLowerCase() !== 'application/json') return false;
  const parameter = new RegExp(PARAMETER);
  let at = end;
  while (at < header.length) {
    parameter.lastIndex = at;
    const found = parameter.exec(header);
    if (found === null) return header.slice(at).trim() === '';
    const [whole, name, value] = found;
    if (name?.toLowerCase() === 'charset' && !isUtf8(value ?? '')) return false;
    at += whole.length;
  }
  return true;
}

const isUtf8 = (value: string): boolean => value.replaceAll('"', '').toLowerCase() === 'utf-8';

/** The types a client must take. A POST may be answered as either, so it must take both (MCP 2025-11-25, Transports). */
const ACCEPTED = {
  post: ['application/json', 'text/event-stream'],
  get: ['text/event-stream'],
} as const;

/**
 * Refuses a client that does not take what may be sent. Wildcards count, `q=0` excludes, a missing Accept takes nothing.
 * Not for the POST of HTTP+SSE, whose answer has no body: its clients owe no Accept.
 */
export function checkAccept(request: Request, method: 'post' | 'get'): Fault | undefined {
  const ranges = parseAccept(request.headers.get('accept') ?? '');
  return ACCEPTED[method].every((type) => takes(ranges, type))
    ? undefined
    : { fault: 'not_acceptable' };
}

/** Media ranges and whether each is wanted. */
function parseAccept(header: string): ReadonlyMap<string, boolean> {
  const ranges = new Map<string, boolean>();
  for (const element of header.split(',')) {
    const [range = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
    const isWanted = !parameters.some((parameter) => /^q[ \t]*=[ \t]*0(?:\.0*)?$/.test(parameter));
    // The same range twice, with different parameters: wanted in one form is wanted.
    ranges.set(range, isWanted || ranges.get(range) === true);
  }
  return ranges;
}

/** The most specific range decides (RFC 9110 §12.5.1). */
function takes(ranges: ReadonlyMap<string, boolean>, type: string): boolean {
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  return ranges.get(type) ?? ranges.get(family) ?? ranges.get('*/*') ?? false;
}
