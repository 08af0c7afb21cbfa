// Bytes that stand together, and bytes in pieces: a large message is not copied for the few bytes that are put before or into it.

/** Bytes, whole or in pieces. Each piece ends between characters. */
export type Bytes = Uint8Array | Pieces;

export interface Pieces {
  readonly pieces: readonly Uint8Array[];
  /** Of all of them. */
  readonly length: number;
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const inPieces = (pieces: readonly Uint8Array[]): Pieces => ({
  pieces,
  length: lengthOf(pieces),
});

export const piecesOf = (bytes: Bytes): readonly Uint8Array[] =>
  bytes instanceof Uint8Array ? [bytes] : bytes.pieces;

/** Together; copied only if they are in pieces. */
export const wholeOf = (bytes: Bytes): Uint8Array =>
  bytes instanceof Uint8Array ? bytes : joinBytes(bytes.pieces);

function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}
