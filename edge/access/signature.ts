// Signs with the edge's secret: a label, so that nothing signed for one purpose passes for another, and a few texts.
import { toBase64url } from './base64url.ts';
import { hashes } from './hashes.ts';

/** 128 bits of the HMAC stay: forging is out of reach, and what bears it stays short enough for URLs. */
const MAC_BYTES = 16;

/** The characters that base64url makes of {@link MAC_BYTES}. */
export const MAC_CHARACTERS = 22;

/** HMAC-SHA-256, cut to {@link MAC_CHARACTERS} of base64url. JSON keeps `["a","bc"]` apart from `["ab","c"]`. */
export async function mac(
  secret: string,
  label: 'session' | 'ticket' | 'modern',
  parts: readonly string[],
): Promise<string> {
  const text = `mcp-edge-bridge ${label} ${JSON.stringify(parts)}`;
  return toBase64url((await hashes.hmac(secret, text)).subarray(0, MAC_BYTES));
}

/** Compares in a time that depends only on the lengths. Both are canonical base64url, so text equality is byte equality. */
export function isSame(given: string, expected: string): boolean {
  if (given.length !== expected.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at++)
    difference |= given.charCodeAt(at) ^ expected.charCodeAt(at);
  return difference === 0;
}
