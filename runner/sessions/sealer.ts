// Seals what clients carry between the rounds of a call, with AES-256-GCM under a key that lives as long as the runner program.
// A seal is bound to the server and the principal, so no state of another client is accepted.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

import type { Digest, Sealer } from '../translate/modern-to-legacy/request-state.ts';
import type { PrincipalName, ServerName } from '../../shared/ids.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY = randomBytes(32);
/** As NIST SP 800-38D recommends; random ones are safe for 2^32 seals of one key. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A sealer whose seals are opened only for the same server and principal, by this runner process. */
export function createSealer(of: { server: ServerName; principal: PrincipalName }): Sealer {
  const bound = Buffer.from(JSON.stringify([of.server, of.principal]));
  return {
    seal(plain) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, KEY, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(bound);
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64url');
      // The decoder skips what it does not know, and the last letter may carry bits of no byte.
      if (bytes.toString('base64url') !== sealed) return undefined;
      if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv(ALGORITHM, KEY, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(bound);
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      try {
        const body = bytes.subarray(IV_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch {
        // The tag does not match: nobody sealed this here.
        return undefined;
      }
    },
  };
}

export const digest: Digest = (text) => createHash('sha256').update(text).digest('base64url');
