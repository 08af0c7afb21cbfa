// Reads bytes that should be UTF-8 and are not.

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Bytes that are no UTF-8 as every decoder shows them, as U+FFFD (WHATWG Encoding, "UTF-8 decoder"). */
export const asShown = (bytes: Uint8Array): Uint8Array => encoder.encode(decoder.decode(bytes));

/** {@link asShown} piece by piece. */
export function shownFrom(): (piece: Uint8Array, isLast: boolean) => Uint8Array {
  const pieces = new TextDecoder('utf-8', { ignoreBOM: true });
  return (piece, isLast) => encoder.encode(pieces.decode(piece, { stream: !isLast }));
}
