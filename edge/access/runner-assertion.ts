// A runner with a key of its own proves who it is with a short signed statement (a JWT, RFC 7519) for each dial. The edge keeps the
// public key alone, so that nothing stored here opens a link.
import { decodeProtectedHeader, errors, jwtVerify } from 'jose';

import {
  ASSERTION_TYPE,
  CLOCK_TOLERANCE_S,
  ASSERTION_LIFE_S,
  runnerPublicKey,
} from '../../shared/link/assertion.ts';

/** What a dial is judged by. */
export interface AssertionTerms {
  /** The host that was dialled, with its port if that is not the scheme's own. */
  readonly host: string;
  /** ms since the epoch. */
  readonly now: number;
}

/** One use of an assertion: it opens one control link. */
export interface AssertionUse {
  readonly id: string;
  /** ms since the epoch; the assertion is worth nothing from then on. */
  readonly until: number;
}

export type JudgedAssertion =
  | { readonly ok: true; readonly use: AssertionUse }
  /** Why it is refused, for the person who runs the runner. */
  | { readonly ok: false; readonly message: string };

/** Two dots make a JWT; no other credential of this product has one. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/u;

/** The public key that a token says it is signed with, as `ed25519:…`; undefined if the token is no assertion of a runner. */
export function assertedKey(token: string): string | undefined {
  if (!JWT.test(token)) return undefined;
  try {
    const { kid, typ } = decodeProtectedHeader(token);
    return typ === ASSERTION_TYPE && kid !== undefined ? runnerPublicKey(kid) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Judges an assertion by the public key `key` (`ed25519:…`), which the caller knows: EdDSA alone (RFC 8037), for this host, for at
 * most a minute, within the tolerance of two clocks.
 */
export async function judgeAssertion(
  token: string,
  key: string,
  { host, now }: AssertionTerms,
): Promise<JudgedAssertion> {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.slice(key.indexOf(':') + 1) };
  try {
    const { payload } = await jwtVerify(token, jwk, {
      algorithms: ['EdDSA'],
      typ: ASSERTION_TYPE,
      requiredClaims: ['aud', 'exp', 'iat', 'jti'],
      maxTokenAge: ASSERTION_LIFE_S,
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(now),
    });
    const { aud, exp = 0, iat = 0, jti = '' } = payload;
    if (exp - iat > ASSERTION_LIFE_S || jti === '' || jti.length > MAX_ID_CHARACTERS)
      return refused(MALFORMED);
    if (typeof aud !== 'string' || hostOf(aud) !== host) return refused(OTHER_EDGE);
    return { ok: true, use: { id: jti, until: (exp + CLOCK_TOLERANCE_S) * 1000 } };
  } catch (error) {
    return refused(isOfAnotherTime(error) ? clockWords(error.payload.iat, now) : NOT_SIGNED);
  }
}

/** Longer than any id that a runner makes; what is remembered of it has a bound. */
const MAX_ID_CHARACTERS = 64;

const hostOf = (origin: string): string | undefined => URL.parse(origin)?.host;

const refused = (message: string): JudgedAssertion => ({ ok: false, message });

/** Both come only after the signature was found to be right. */
const isOfAnotherTime = (error: unknown): error is errors.JWTClaimValidationFailed =>
  error instanceof errors.JWTExpired ||
  (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iat');

function clockWords(iat: unknown, now: number): string {
  const seconds = typeof iat === 'number' ? Math.round(iat - now / 1000) : 0;
  const place = seconds > 0 ? 'ahead of' : 'behind';
  return `This runner's clock is ${Math.abs(seconds)} seconds ${place} the edge's. Set it, for example with NTP.`;
}

const MALFORMED =
  'This signature of a runner key is not one that mcp-bridge makes. Upgrade the runner.';

const OTHER_EDGE =
  'This signature of a runner key is for another edge. Give the runner the address under which this edge is reached.';

const NOT_SIGNED = 'This token is not signed with the runner key that it names.';
