// A runner's own key (Ed25519, RFC 8032). It never leaves this machine: each dial shows a statement signed with it.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';

import { SignJWT } from 'jose';

import { ASSERTION_LIFE_S, ASSERTION_TYPE, runnerPublicKey } from '../shared/link/assertion.ts';

/** The prefix lets secret scanners and people tell what it is. */
const PREFIX = 'mcpk_';

/** PKCS #8 of an Ed25519 key up to its 32 bytes (RFC 8410 §7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

const KEY = /^mcpk_[\w-]{43}$/u;

/** A new runner key: `mcpk_` and 43 characters of base64url. */
export function mintRunnerKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return `${PREFIX}${privateKey.export({ format: 'jwk' }).d ?? ''}`;
}

/** Whether a credential is a runner key. */
export const isRunnerKey = (text: string): boolean => KEY.test(text);

const privateKeyOf = (key: string) =>
  createPrivateKey({
    key: Buffer.concat([PKCS8, Buffer.from(key.slice(PREFIX.length), 'base64url')]),
    format: 'der',
    type: 'pkcs8',
  });

/** What the edge keeps of a runner key: `ed25519:` and the public key. */
export function publicKeyOf(key: string): string {
  const { x = '' } = createPublicKey(privateKeyOf(key)).export({ format: 'jwk' });
  const written = runnerPublicKey(x);
  if (written === undefined) throw new TypeError('not an Ed25519 key');
  return written;
}

/**
 * A statement for one dial of `edge` (its origin): a JWT signed with EdDSA (RFC 8037 §3.1), valid for a minute from `now` (ms since the
 * epoch).
 */
export function assertRunner(
  key: string,
  edge: string,
  // oxlint-disable-next-line no-restricted-properties -- the statement names a time that another machine reads
  now = Date.now(),
): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT()
    .setProtectedHeader({
      alg: 'EdDSA',
      typ: ASSERTION_TYPE,
      kid: publicKeyOf(key).slice('ed25519:'.length),
    })
    .setAudience(edge)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ASSERTION_LIFE_S)
    .setJti(randomUUID())
    .sign(privateKeyOf(key));
}
