// Owns the coding of `Mcp-Name` and `Mcp-Param-*` values: plain ASCII, or Base64 of UTF-8 between markers
// (MCP 2026-07-28, Transports, "Value Encoding").

const PREFIX = '=?base64?';
const SUFFIX = '?=';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PLAIN = /^[\t\x20-\x7e]*$/u;
const VISIBLE = /^[\x21-\x7e]+$/u;

/** What begins so could be taken for a coded value. */
const MARK = '=?';

/** Groups of four, the last padded. */
const PADDED = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Spaces around a value are not part of it (RFC 9110 §5.5). By index: a pattern for trailing spaces would try each. */
export function trimmed(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** The text that a header value encodes; undefined if it is not a valid encoding. */
export function decodeHeaderValue(value: string): string | undefined {
  const text = trimmed(value);
  if (!PLAIN.test(text)) return undefined;
  const isCoded =
    text.length >= PREFIX.length + SUFFIX.length &&
    text.startsWith(PREFIX) &&
    text.endsWith(SUFFIX);
  if (!isCoded) return text;
  const bytes = decodeBase64(text.slice(PREFIX.length, -SUFFIX.length));
  if (!bytes) return undefined;
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The value that says a text, which anything but visible ASCII is coded for. `base64`: the Base64 of a text's UTF-8, with padding. */
export const encodeHeaderValue = (text: string, base64: (text: string) => string): string =>
  VISIBLE.test(text) && !text.startsWith(MARK) ? text : `${PREFIX}${base64(text)}${SUFFIX}`;

/** Only canonical Base64 (RFC 4648 §4, §3.5): padded, no other characters, unused bits zero. Otherwise two texts would mean one value. */
function decodeBase64(text: string): Uint8Array | undefined {
  if (!PADDED.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.slice(0, text.length - padding);
  const bytes = new Uint8Array((digits.length * 6) >> 3);
  let bits = 0;
  let width = 0;
  let at = 0;
  for (const digit of digits) {
    bits = (bits << 6) | ALPHABET.indexOf(digit);
    width += 6;
    if (width < 8) continue;
    width -= 8;
    bytes[at++] = bits >> width;
    bits &= (1 << width) - 1;
  }
  return bits === 0 ? bytes : undefined;
}
