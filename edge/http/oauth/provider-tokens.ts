// What the identity provider says of a person for the code of a sign-in: the ID token, which its keys prove, and its userinfo (OpenID
// Connect Core §3.1.3, §5.3).
import type { SignInRequest } from './context.ts';
import { jsonIn, type IssuerMetadata, type MetadataMistake } from './issuers.ts';
import type { Ports } from '../ports.ts';
import { toBase64url } from '../../access/base64url.ts';
import { factsIn, lacksGroups, type Claims } from '../../access/claims.ts';
import { personId } from '../../access/person-id.ts';
import type { Person } from '../../core/person-ports.ts';
import type { IdentityProvider } from '../../identity-settings.ts';

/** What a sign-in has to be proved by. */
export interface SignInProof {
  readonly code: string;
  readonly redirect: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** `client_refused`: the operator's credentials; `code_refused`: this sign-in; `no_proof`: what came proves nobody. */
export type NotIdentified = 'unreachable' | 'client_refused' | 'code_refused' | 'no_proof';

export type Identified =
  | {
      readonly ok: true;
      readonly person: Person;
      /** Whether all is known that the provider could say. */
      readonly isSure: true | 'unreachable' | 'too_many_groups';
    }
  | { readonly ok: false; readonly why: NotIdentified | MetadataMistake };

export async function identify(
  { ports, issuers }: Pick<SignInRequest, 'ports' | 'issuers'>,
  provider: IdentityProvider,
  proof: SignInProof,
): Promise<Identified> {
  const found = await issuers.metadata(ports, provider.issuer);
  if (!found.ok) return found;
  const { metadata } = found;
  if (metadata.tokenEndpoint === undefined) return { ok: false, why: 'incomplete' };
  const tokens = await redeem(ports, provider, { ...metadata, url: metadata.tokenEndpoint }, proof);
  if (typeof tokens === 'string') return { ok: false, why: tokens };
  const { id_token: idToken, access_token: accessToken } = tokens;
  if (typeof idToken !== 'string') return NO_PROOF;
  const { issuer, client } = provider;
  const terms = { issuer, audience: client, now: Date.now() };
  const judged = await issuers.judge(ports, idToken, terms);
  if (!judged.ok) return judged.why === 'unreachable' ? { ok: false, why: judged.why } : NO_PROOF;
  const { claims } = judged;
  if (claims['nonce'] !== proof.nonce || !isForClient(claims, client)) return NO_PROOF;
  const more = await userinfo(ports, provider, metadata.userinfoEndpoint, { claims, accessToken });
  const all = more === 'unreachable' ? claims : { ...more, ...claims };
  const id = await personId(issuer, claims.sub);
  const person = { id, issuer, subject: claims.sub, ...factsIn(all, provider) };
  const isSure =
    more === 'unreachable' ? more : lacksGroups(all, provider) ? 'too_many_groups' : true;
  return { ok: true, person, isSure };
}

const NO_PROOF = { ok: false, why: 'no_proof' } as const;

/** Of several audiences one is the app that asked (OpenID Connect Core §3.1.3.7, 3 to 5). */
function isForClient({ aud, azp }: Claims, client: string): boolean {
  if (azp !== undefined) return azp === client;
  return !Array.isArray(aud) || aud.length === 1;
}

/** The answer of the token endpoint (OpenID Connect Core §3.1.3.3). */
async function redeem(
  ports: Pick<Ports, 'provider'>,
  { client, secret }: IdentityProvider,
  { url, authMethods }: Pick<IssuerMetadata, 'authMethods'> & { readonly url: string },
  { code, redirect, verifier }: SignInProof,
): Promise<Claims | NotIdentified> {
  const isInForm =
    authMethods?.includes('client_secret_post') === true &&
    !authMethods.includes('client_secret_basic');
  const fields = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirect,
    code_verifier: verifier,
    ...(isInForm && { client_id: client, client_secret: secret }),
  };
  const form = Object.entries(fields)
    .map(([name, value]) => `${name}=${formText(value)}`)
    .join('&');
  const authorization = isInForm ? {} : { authorization: basic(client, secret) };
  const answer = await ports.provider({ url, form, ...authorization });
  if (!answer || answer.status >= 500 || answer.status === 429) return 'unreachable';
  const json = jsonIn(answer.text);
  const said = typeof json === 'object' && json !== null ? (json as Claims) : {};
  if (answer.status === 200) return said;
  return said['error'] === 'invalid_grant' ? 'code_refused' : 'client_refused';
}

/** As RFC 6749 §2.3.1 and appendix B say. */
const basic = (client: string, secret: string): string => {
  const bytes = new TextEncoder().encode(`${formText(client)}:${formText(secret)}`);
  const url = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return `Basic ${url.padEnd(Math.ceil(url.length / 4) * 4, '=')}`;
};

const formText = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]|%20/gu, (found) =>
    found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** What the ID token does not say and the provider says elsewhere. It must speak of the same person (§5.3.2). */
async function userinfo(
  ports: Pick<Ports, 'provider'>,
  provider: IdentityProvider,
  url: string | undefined,
  { claims, accessToken }: { readonly claims: Claims; readonly accessToken: unknown },
): Promise<Claims | 'unreachable'> {
  const { email, groups } = factsIn(claims, provider);
  const isWhole = email !== undefined && groups !== undefined;
  if (url === undefined || typeof accessToken !== 'string' || isWhole) return {};
  const answer = await ports.provider({ url, authorization: `Bearer ${accessToken}` });
  const json = answer?.status === 200 ? jsonIn(answer.text) : undefined;
  if (typeof json !== 'object' || json === null) return 'unreachable';
  const said = json as Claims;
  return said['sub'] === claims['sub'] ? said : {};
}
