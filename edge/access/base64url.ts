// base64url without padding (RFC 4648 §5), which every host writes and reads alike.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let width = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    for (width += 8; width >= 6; width -= 6) text += ALPHABET.charAt((bits >> (width - 6)) & 63);
    bits &= 0xff;
  }
  return width === 0 ? text : text + ALPHABET.charAt((bits << (6 - width)) & 63);
}

/** The bytes; undefined for a text that {@link toBase64url} does not write. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 6) / 8));
  let bits = 0;
  let width = 0;
  let at = 0;
  for (const character of text) {
    const value = VALUES.get(character);
    if (value === undefined) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    width += 6;
    if (width < 8) continue;
    width -= 8;
    bytes[at++] = (bits >> width) & 0xff;
  }
  return toBase64url(bytes) === text ? bytes : undefined;
}

const VALUES = new Map(Array.from(ALPHABET, (character, value) => [character, value]));

/** A text in UTF-8 as Base64 with padding (RFC 4648 §4). */
export function base64OfText(text: string): string {
  const url = toBase64url(new TextEncoder().encode(text));
  return url
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .padEnd(Math.ceil(url.length / 4) * 4, '=');
}
