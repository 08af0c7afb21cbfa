// Verifies the JSON Web Tokens of identity providers by their published keys (RFC 7515, RFC 7517, RFC 7519): signed with a public-key
// algorithm alone, by the issuer they are expected from, and of now.
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { Claims } from './claims.ts';

/** The keys of an issuer, made ready once. */
export type IssuerKeys = ReturnType<typeof createLocalJWKSet>;

/** No `none`, and no algorithm whose key is a shared secret: a published key could be taken for one. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** How far two clocks may be apart. */
const JWT_TOLERANCE_S = 60;

/** Keys of one name that are tried, where an issuer has published more than one. */
const TRIED_KEYS = 8;

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/u;

/** What a token says before anything of it is proved: it chooses the issuer whose keys are asked, and no more. */
export interface Unproved {
  readonly issuer: string;
  readonly type: string | undefined;
}

/** Undefined for what is no signed JWT with an issuer. */
export function readUnproved(token: string): Unproved | undefined {
  if (!JWT.test(token)) return undefined;
  try {
    const { iss } = decodeJwt(token);
    const { typ } = decodeProtectedHeader(token);
    return typeof iss === 'string' ? { issuer: iss, type: typ } : undefined;
  } catch {
    return undefined;
  }
}

/** The keys of a JSON Web Key Set (RFC 7517 §5); undefined for what is none. */
export function readKeys(json: unknown): IssuerKeys | undefined {
  try {
    return createLocalJWKSet(json as Parameters<typeof createLocalJWKSet>[0]);
  } catch {
    return undefined;
  }
}

export interface JwtTerms {
  readonly issuer: string;
  /** Absent: the caller judges `aud`. */
  readonly audience?: string;
  /** ms since the epoch. */
  readonly now: number;
}

/** `unknown_key`: the token names a key that is not among these, so newer ones may have it. */
export type JudgedJwt =
  | { readonly ok: true; readonly claims: Claims & { readonly sub: string; readonly exp: number } }
  | { readonly ok: false; readonly why: 'unknown_key' | 'invalid' };

/** Verifies a token by an issuer's keys. `sub` and `exp` are there and of their types. */
export async function judgeJwt(
  token: string,
  keys: IssuerKeys,
  terms: JwtTerms,
): Promise<JudgedJwt> {
  try {
    return await verified(token, keys, terms);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return { ok: false, why: 'unknown_key' };
    if (error instanceof errors.JWKSMultipleMatchingKeys) return amongKeys(token, error, terms);
    return INVALID;
  }
}

const INVALID = { ok: false, why: 'invalid' } as const;

type Key = Exclude<Parameters<typeof jwtVerify>[1], Uint8Array>;

async function verified(
  token: string,
  key: Key | IssuerKeys,
  { issuer, audience, now }: JwtTerms,
): Promise<JudgedJwt> {
  const options = {
    issuer,
    ...(audience !== undefined && { audience }),
    algorithms: ALGORITHMS,
    clockTolerance: JWT_TOLERANCE_S,
    currentDate: new Date(now),
    requiredClaims: ['sub', 'exp'],
  };
  const { payload } = await jwtVerify(token, key as IssuerKeys, options);
  const { sub, exp } = payload;
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT || exp === undefined)
    return INVALID;
  return { ok: true, claims: { ...payload, sub, exp } };
}

/** Of OpenID Connect Core §2: 255 ASCII characters; some have more. */
const MAX_SUBJECT = 500;

/** The key that fits is among those of the same name. */
async function amongKeys(
  token: string,
  found: InstanceType<typeof errors.JWKSMultipleMatchingKeys>,
  terms: JwtTerms,
): Promise<JudgedJwt> {
  let tried = 0;
  for await (const key of found) {
    if (++tried > TRIED_KEYS) break;
    const judged = await verified(token, key, terms).catch(() => INVALID);
    if (judged.ok) return judged;
  }
  return INVALID;
}
