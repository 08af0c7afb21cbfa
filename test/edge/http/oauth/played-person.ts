// A person who signs in at a played identity provider: what they bring back from there.
import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';

import type { Browser } from '../../../fixtures/browser.ts';
import type { PlayedIssuer } from './played-issuer.ts';
import { ISSUER } from './signing-in.ts';

/** What a person brings back. */
export interface Signed {
  /** Laid over the claims of the ID token. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Laid over the query of the callback; undefined leaves out. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly sign?: (claims: JWTPayload) => Promise<string>;
}

const claimsFor = (
  issuer: string,
  to: URL,
  changed: Readonly<Record<string, unknown>> = {},
): JWTPayload => {
  const all = {
    iss: issuer,
    sub: 'ann',
    aud: 'edge',
    nonce: to.searchParams.get('nonce'),
    exp: Math.floor(Date.now() / 1000) + 300,
    email: 'ann@corp.example',
    email_verified: true,
    ...changed,
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  ) as JWTPayload;
};

/** Comes back from the provider, to which the edge sent a browser by this URL. */
export async function comeBackFrom(
  issuer: PlayedIssuer,
  browser: Browser,
  to: URL,
  signed: Signed = {},
): Promise<Response> {
  const { claims, header, query, sign } = signed;
  const made = claimsFor(issuer.url, to, claims);
  const idToken = await (sign?.(made) ?? issuer.sign(made, { typ: 'JWT', ...header }));
  issuer.token = async ({ form = '' }) => {
    const fields = new URLSearchParams(form);
    const challenge = createHash('sha256')
      .update(fields.get('code_verifier') ?? '')
      .digest('base64url');
    const isMine =
      fields.get('code') === 'c1' &&
      fields.get('redirect_uri') === `${ISSUER}/callback` &&
      challenge === to.searchParams.get('code_challenge');
    return isMine
      ? { status: 200, text: JSON.stringify({ id_token: idToken, access_token: 'at' }) }
      : { status: 400, text: '{"error":"invalid_grant"}' };
  };
  const all = { state: to.searchParams.get('state') ?? '', code: 'c1', ...query };
  const given = Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined);
  return browser.go(`${ISSUER}/callback?${new URLSearchParams(given).toString()}`);
}
