// Access tokens of the issuers that the operator trusts (BRIDGE_ISSUERS) become principals: proved by the issuer's keys, for this server,
// of a person who is on the list and is not blocked.
import { askAccess } from './context.ts';
import type { Issuers } from './issuers.ts';
import type { Ports } from '../ports.ts';
import { allowedTo, within } from '../../access/allow-list.ts';
import { factsIn } from '../../access/claims.ts';
import { appOf, isAccessToken, isFor, scopesOf } from '../../access/foreign-token.ts';
import { readUnproved } from '../../access/jwt.ts';
import { personId } from '../../access/person-id.ts';
import type { Principal } from '../../access/principal.ts';
import { grantable } from '../../access/scopes.ts';
import type { ServerPolicy } from '../../core/policy.ts';
import type { SignIn } from '../../sign-in-settings.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** However long a token says that it lasts, what is open with it is judged anew after so long. */
const MOST_MS = 24 * 3_600_000;

/** Whose token it is, for this server: undefined if nobody's, `unreachable` if that cannot be found out now. */
export async function findForeign(
  { ports, signIn, issuers }: ForeignContext,
  { server, policy }: WantedServer,
  token: string,
): Promise<(Principal & { readonly expiresAt: number }) | undefined | 'unreachable'> {
  const unproved = signIn.issuers.length > 0 ? readUnproved(token) : undefined;
  const trusted = signIn.issuers.find(({ issuer }) => issuer === unproved?.issuer);
  if (!unproved || !trusted) return undefined;
  const now = Date.now();
  const { issuer, jwks, audience, allow } = trusted;
  const judged = await issuers.judge(ports, token, { issuer, now }, jwks);
  if (!judged.ok) return judged.why === 'unreachable' ? judged.why : undefined;
  const { claims } = judged;
  if (!isAccessToken(unproved.type, claims)) return undefined;
  if (!isFor(claims, server, { url: signIn.issuer, audience })) return undefined;
  const facts = factsIn(claims, trusted);
  const id = await personId(issuer, claims.sub);
  const allowed = allowedTo({ id, subject: claims.sub, ...facts }, allow, server);
  const scopes = allowed ? within(grantable(scopesOf(claims), policy), allowed) : [];
  if (scopes.length === 0) return undefined;
  const asked = await askAccess(ports, 'standing', { person: id });
  if (!asked) return 'unreachable';
  if (asked.answer.isBlocked) return undefined;
  const client = appOf(claims);
  return {
    name: id,
    servers: new Set([server]),
    ...(client !== undefined && { client }),
    scopes,
    ...(facts.email !== undefined && { email: facts.email }),
    ...(facts.groups && { groups: facts.groups }),
    identity: { issuer, subject: claims.sub, name: facts.name },
    expiresAt: Math.min(claims.exp * 1000, now + MOST_MS),
  };
}

/** What a token is to open, and the policy that says which scopes there are. */
export interface WantedServer {
  readonly server: ServerName;
  readonly policy: ServerPolicy | undefined;
}

export interface ForeignContext {
  readonly ports: Pick<Ports, 'access' | 'provider'>;
  readonly signIn: SignIn;
  readonly issuers: Issuers;
}
