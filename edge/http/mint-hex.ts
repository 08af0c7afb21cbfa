// Random ids as hex, as traces have them.
import { bytesToHex } from '@noble/hashes/utils.js';

/** So many random bytes. */
export const mintHex = (bytes: number): string =>
  bytesToHex(crypto.getRandomValues(new Uint8Array(bytes)));
