// Short texts, put together by hand. Most of what is read of a message is a name or an id of a few bytes, for which the native calls take
// longer; from some twenty bytes on they are faster.

const SHORT_BYTES = 20;
const BACKSLASH = 0x5c;
const ASCII_MAX = 0x7f;

/** The text from `start` to `end`, if it is short, all ASCII and without a backslash; undefined if it has to be decoded. */
export function shortText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > SHORT_BYTES) return undefined;
  let text = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte > ASCII_MAX || byte === BACKSLASH) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
