// Digests: what is kept of a credential, and told of a session's name.
import { toBase64url } from './base64url.ts';
import { hashes } from './hashes.ts';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** SHA-256 of a text in UTF-8, in lower-case hex. */
export async function sha256(text: string): Promise<string> {
  let hex = '';
  for (const byte of await hashes.sha256(text)) hex += HEX[byte];
  return hex;
}

/** The S256 code challenge of a verifier (RFC 7636 §4.2). */
export const challengeOf = async (verifier: string): Promise<string> =>
  toBase64url(await hashes.sha256(verifier));
