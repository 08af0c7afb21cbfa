// Signs with the edge's secret: a label, so that nothing signed for one purpose passes for another, and a few texts.
import { toBase64url } from './base64url.ts';

/** 128 bits of the HMAC stay: forging is out of reach, and what bears it stays short enough for URLs. */
const MAC_BYTES = 16;

/** The characters that base64url makes of {@link MAC_BYTES}. */
export const MAC_CHARACTERS = 22;

const encoder = new TextEncoder();

/** HMAC-SHA-256, cut to {@link MAC_CHARACTERS} of base64url. JSON keeps `["a","bc"]` apart from `["ab","c"]`. */
export async function mac(
  secret: string,
  label: 'session' | 'ticket' | 'modern',
  parts: readonly string[],
): Promise<string> {
  const text = `mcp-edge-bridge ${label} ${JSON.stringify(parts)}`;
  const key = keys.get(secret) ?? (await importKey(secret));
  const signed = await crypto.subtle.sign('HMAC', key, encoder.encode(text));
  return toBase64url(new Uint8Array(signed, 0, MAC_BYTES));
}

/** Compares in a time that depends only on the lengths. Both are canonical base64url, so text equality is byte equality. */
export function isSame(given: string, expected: string): boolean {
  if (given.length !== expected.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at++)
    difference |= given.charCodeAt(at) ^ expected.charCodeAt(at);
  return difference === 0;
}

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
