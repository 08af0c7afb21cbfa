// Random ids as hex, as traces have them.

/** So many random bytes. */
export const mintHex = (bytes: number): string =>
  crypto
    .getRandomValues(new Uint8Array(bytes))
    .reduce((hex, byte) => hex + byte.toString(16).padStart(2, '0'), '');
