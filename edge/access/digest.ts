// Digests: what is kept of a credential, and told of a session's name.
import { toBase64url } from './base64url.ts';
import { hashes } from './hashes.ts';

/** SHA-256 of a text in UTF-8, in lower-case hex: at once where the host has it at once. */
export const sha256 = (text: string): string | Promise<string> => hashes.sha256Hex(text);

/** The S256 code challenge of a verifier (RFC 7636 §4.2). */
export const challengeOf = async (verifier: string): Promise<string> =>
  toBase64url(await hashes.sha256(verifier));
