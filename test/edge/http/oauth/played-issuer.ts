// An issuer of tokens that a test plays: its keys, its metadata, and whatever it or a thief signs.
import { createHmac } from 'node:crypto';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose';

import type { ProviderPort } from '../../../../edge/http/ports.ts';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

const json = (value: unknown) => ({ status: 200, text: JSON.stringify(value) });

export class PlayedIssuer {
  readonly url: string;
  readonly keys = new Map<string, KeyPair>();
  /** Its key set, as it is published. */
  published: JWK[] = [];
  /** Laid over its metadata. */
  changed: Readonly<Record<string, unknown>> = {};
  isDown = false;
  /** Of its keys, and of everything else. */
  readonly reads = { keys: 0, metadata: 0 };

  private constructor(url: string) {
    this.url = url;
  }

  static async start(url: string, algorithm = 'RS256'): Promise<PlayedIssuer> {
    const issuer = new PlayedIssuer(url);
    await issuer.addKey('k1', algorithm);
    return issuer;
  }

  async addKey(kid: string, algorithm = 'RS256'): Promise<JWK> {
    const pair = await generateKeyPair(algorithm, { extractable: true });
    this.keys.set(kid, pair);
    const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg: algorithm, use: 'sig' };
    this.published.push(jwk);
    return jwk;
  }

  get metadata(): Readonly<Record<string, unknown>> {
    return {
      issuer: this.url,
      jwks_uri: `${this.url}/keys`,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      ...this.changed,
    };
  }

  /** What the token endpoint answers; by default it knows no code. */
  token: ProviderPort = async () => ({ status: 400, text: '{"error":"invalid_grant"}' });
  /** What the userinfo says; absent: there is none. */
  userinfo: object | undefined;

  readonly answer: ProviderPort = async (request) => {
    const { url } = request;
    if (this.isDown) return undefined;
    if (url === `${this.url}/token`) return this.token(request);
    if (url === `${this.url}/userinfo` && this.userinfo) return json(this.userinfo);
    if (url === `${this.url}/.well-known/openid-configuration`) {
      this.reads.metadata += 1;
      return json(this.metadata);
    }
    if (url !== `${this.url}/keys`) return { status: 404, text: '' };
    this.reads.keys += 1;
    return json({ keys: this.published });
  };

  sign(
    claims: JWTPayload,
    { kid = 'k1', ...header }: Readonly<Record<string, unknown>> & { readonly kid?: string } = {},
  ): Promise<string> {
    const pair = this.keys.get(kid);
    if (!pair) throw new Error(`no key ${kid}`);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid, ...header })
      .sign(pair.privateKey);
  }

  /** Signed with the text of the public key as a shared secret: an old attack on verifiers that let a token choose. */
  async signWithPublicKey(claims: JWTPayload, kid = 'k1'): Promise<string> {
    const pair = this.keys.get(kid);
    if (!pair) throw new Error(`no key ${kid}`);
    const unsigned = unsignedJwt({ alg: 'HS256', typ: 'at+jwt', kid }, claims);
    const secret = await exportSPKI(pair.publicKey);
    return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`;
  }
}

const encoded = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** The first two parts of a JWT. A text is taken as JSON, whatever it says. */
export const unsignedJwt = (header: unknown, claims: unknown): string =>
  `${encoded(header)}.${encoded(claims)}`;
