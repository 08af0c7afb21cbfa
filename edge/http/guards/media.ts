// Checks Content-Type, Content-Encoding and Accept. They are parsed, not searched for words.
import { remembering } from '../remembering.ts';
import type { Fault } from '../../../shared/fault.ts';

/** One `;name=value` of a media type (RFC 9110 §5.6.6). Sticky and without nested repeats, so it cannot backtrack far. */
const PARAMETER =
  /[ \t]*;[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=([!#$%&'*+.^_`|~\w-]+|"(?:[^"\\]|\\.)*"))?/uy;

/**
 * Refuses every body but `application/json` in UTF-8, unencoded. A page can send other types across sites without a
 * preflight, and an encoded body would have to be inflated before its size is known. JSON gives `charset` no meaning
 * (RFC 8259 §11), so any spelling of UTF-8 passes, and any other charset is refused.
 */
export function checkContentType(request: Request): Fault | undefined {
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding !== '' && encoding !== 'identity')
    return { fault: 'unsupported_media_type', message: ENCODED };
  switch (readJsonType(request.headers.get('content-type') ?? '')) {
    case 'json':
      return undefined;
    case 'charset':
      return { fault: 'unsupported_media_type', message: OTHER_CHARSET };
    case 'other':
      return { fault: 'unsupported_media_type' };
  }
}

const ENCODED =
  'The body has a Content-Encoding. Send it as it is: `Content-Type: application/json`.';

const OTHER_CHARSET =
  'The Content-Type names a charset that is not UTF-8. Send the JSON in UTF-8: `Content-Type: application/json`.';

/** `json`, `charset` if only the charset is wrong, or `other`. */
function readJsonType(header: string): 'json' | 'charset' | 'other' {
  if (header === 'application/json') return 'json';
  const end = header.search(/[;\s]|$/u);
  if (header.slice(0, end).toLowerCase() !== 'application/json') return 'other';
  const parameter = new RegExp(PARAMETER, 'uy');
  let isUtf8 = true;
  let at = end;
  while (at < header.length) {
    parameter.lastIndex = at;
    const found = parameter.exec(header);
    if (found === null) {
      if (header.slice(at).trim() !== '') return 'other';
      break;
    }
    const [whole, name, value = ''] = found;
    if (name?.toLowerCase() === 'charset') isUtf8 &&= UTF8.has(unquoted(value).toLowerCase());
    at += whole.length;
  }
  return isUtf8 ? 'json' : 'charset';
}

/** The registered name, and the one that many programs write. */
const UTF8: ReadonlySet<string> = new Set(['utf-8', 'utf8']);

const unquoted = (value: string): string =>
  value.startsWith('"') ? value.slice(1, -1).replaceAll('\\', '') : value;

/** The types a client must take. A POST may be answered as either, so it must take both (MCP 2025-11-25, Transports). */
const ACCEPTED = {
  post: ['application/json', 'text/event-stream'],
  get: ['text/event-stream'],
} as const;

/**
 * Refuses a client that does not take what may be sent. Wildcards count, and `q=0` excludes. A GET without Accept takes
 * anything (RFC 9110 §12.5.1), but a POST must name both types (MCP 2025-11-25, Transports), or a program that reads only JSON
 * would sometimes get a stream.
 * Not for the POST of HTTP+SSE: its answer has no body, so its clients need no Accept.
 */
export function checkAccept(request: Request, method: 'post' | 'get'): Fault | undefined {
  const header = request.headers.get('accept')?.trim() ?? '';
  const ranges = parseAccept(method === 'get' && header === '' ? '*/*' : header);
  const isTaken =
    method === 'post'
      ? ACCEPTED.post.every((type) => quality(ranges, type) > 0)
      : takesStream(ranges);
  return isTaken ? undefined : { fault: 'not_acceptable' };
}

function takesStream(ranges: Ranges): boolean {
  const [stream] = ACCEPTED.get;
  if (ranges.has(stream)) return quality(ranges, stream) > 0;
  return [...ranges.keys()].every(isOfProgram) && quality(ranges, stream) > 0;
}

/** Types that programs list next to a wildcard. A browser lists what it can show, such as `text/html` or `image/webp`. */
const isOfProgram = (range: string): boolean =>
  range === '' || range.endsWith('/*') || range === 'application/json' || range === 'text/plain';

/**
 * Whether a client that takes both would rather have an event stream than a JSON body: it gives the stream the higher
 * quality, or names it before JSON at the same one. Official clients name JSON first.
 */
export const prefersStream = ({ headers }: Request): boolean =>
  preference(headers.get('accept') ?? '').isForStream;

const preference = remembering((header) => ({ isForStream: prefersStreamIn(header) }));

function prefersStreamIn(header: string): boolean {
  const ranges = parseAccept(header);
  const [json, stream] = ACCEPTED.post;
  const difference = quality(ranges, stream) - quality(ranges, json);
  if (difference !== 0 || !ranges.has(stream) || !ranges.has(json)) return difference > 0;
  const [first] = [...ranges.keys()].filter((range) => range === stream || range === json);
  return first === stream;
}

/** Media ranges in the order they were first named, each with its quality (RFC 9110 §12.4.2): 0 to 1. */
type Ranges = ReadonlyMap<string, number>;

/** A client sends the same value with each request. */
const parseAccept = remembering(rangesIn);

function rangesIn(header: string): Ranges {
  const ranges = new Map<string, number>();
  for (const element of header.split(',')) {
    const [range = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
    // The same range twice, with different parameters: the higher quality counts.
    ranges.set(range, Math.max(qualityOf(parameters), ranges.get(range) ?? 0));
  }
  return ranges;
}

/** A quality that is not a number is ignored. */
function qualityOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=', 2);
    if (name.trim() !== 'q') continue;
    const text = value.trim();
    return /^[01](?:\.\d{0,3})?$/u.test(text) ? Math.min(1, Number(text)) : 1;
  }
  return 1;
}

/** The most specific range decides (RFC 9110 §12.5.1). */
function quality(ranges: Ranges, type: string): number {
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  return ranges.get(type) ?? ranges.get(family) ?? ranges.get('*/*') ?? 0;
}
