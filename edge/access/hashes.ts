// The hash functions of everything that is signed or kept as a digest. Web Cryptography has them on every host. On Node each of its
// calls goes through another thread, which takes longer than all else of a request, so a host may put its own in their place.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

export interface Hashes {
  /** SHA-256 of a text in UTF-8 (FIPS 180-4). */
  sha256(text: string): Uint8Array | Promise<Uint8Array>;
  /** The same in lower-case hex, as what is kept of a credential. */
  sha256Hex(text: string): string | Promise<string>;
  /** HMAC-SHA-256 of a text under a secret, both in UTF-8 (RFC 2104). */
  hmac(secret: string, text: string): Uint8Array | Promise<Uint8Array>;
}

const encoder = new TextEncoder();

/**
 * Characters of a text that is hashed at once: any key or token of ours. To wait for Web Cryptography costs a request in workerd ten
 * times what hashing so few bytes here does. A longer text is hashed faster there.
 */
const SHORT = 256;

export const webHashes: Hashes = {
  sha256: async (text) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))),
  sha256Hex: (text) =>
    text.length <= SHORT ? bytesToHex(sha256(encoder.encode(text))) : hexOfLong(text),
  hmac: async (secret, text) => {
    const key = keys.get(secret) ?? (await importKey(secret));
    return new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
  },
};

const hexOfLong = async (text: string): Promise<string> => bytesToHex(await webHashes.sha256(text));

let current = webHashes;

/** Once, before anything is served. They must be the same functions. */
export function useHashes(hashes: Hashes): void {
  current = hashes;
}

export const hashes: Hashes = {
  sha256: (text) => current.sha256(text),
  sha256Hex: (text) => current.sha256Hex(text),
  hmac: (secret, text) => current.hmac(secret, text),
};

/** One secret is in use at a time, two around its rotation. */
const KEYS_KEPT = 4;

/** Imported keys by secret. Keys, not promises of keys: a worker's request cannot await another request's promise. */
const keys = new Map<string, HmacKey>();

/** Named by the function that makes it, because not every runtime's types have a global CryptoKey. */
type HmacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

async function importKey(secret: string): Promise<HmacKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, [
    'sign',
  ]);
  if (keys.size >= KEYS_KEPT) keys.clear();
  keys.set(secret, key);
  return key;
}
