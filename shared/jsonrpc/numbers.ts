// Tells which number a peer means by an id or a token. If the bridge sent 7, it may come back as "7", 7.0 or 7e0, and every client
// that counts its requests accepts these (the official TypeScript client uses `Number`).

/** The integer that raw JSON text of an id or a token stands for; undefined when it is none. */
export function integerOf(raw: string): number | undefined {
  const text = raw.startsWith('"') ? (JSON.parse(raw) as string) : raw;
  return integerIn(text);
}

/** {@link integerOf} for a string that was decoded already. */
export function integerIn(text: string): number | undefined {
  // Blank text would be 0.
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The digits of an integer as bytes. They are few, and an encoder takes twenty times as long for them. */
export function digitsOf(integer: number): Uint8Array {
  const text = String(integer);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
