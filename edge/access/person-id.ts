// The id of a person who signs in elsewhere: always the same for an issuer and a subject (OpenID Connect Core §2, `iss` and `sub`), and
// never a mail address, which may pass to somebody else.
import { hashes } from './hashes.ts';
import { toBase64url } from './base64url.ts';

/** 132 bits. */
const DIGEST_CHARACTERS = 22;

/** As principals are named: see PERSON_NAME. */
export async function personId(issuer: string, subject: string): Promise<string> {
  const digest = toBase64url(await hashes.sha256(JSON.stringify([issuer, subject])));
  return `p-${digest.slice(0, DIGEST_CHARACTERS)}`;
}
