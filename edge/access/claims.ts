// What an issuer says of a person in the claims of a token or of its userinfo (OpenID Connect Core §5.1). Pure.
import type { Person } from '../core/person-ports.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** How the claims of an issuer are read. */
export interface ClaimTerms {
  /** The claim that lists the groups of a person; dots lead into objects, where no claim has the whole name. */
  readonly groupsClaim: string;
  /** Take a mail address without `email_verified`: only where the issuer lets nobody choose it. */
  readonly trustEmail: boolean;
}

const TEXT_CHARACTERS = 320;

/** What is known of the person: a mail address only if the issuer vouches for it. */
export function factsIn(
  claims: Claims,
  { groupsClaim, trustEmail }: ClaimTerms,
): Pick<Person, 'email' | 'name' | 'groups'> {
  const { email_verified: isVerified } = claims;
  // Some issuers write booleans as text.
  const vouches = trustEmail || isVerified === true || isVerified === 'true';
  const email = vouches ? textIn(claims['email']) : undefined;
  const name = textIn(claims['name']);
  const groups = groupsIn(claimOf(claims, groupsClaim));
  return {
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(groups && { groups }),
  };
}

const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= TEXT_CHARACTERS ? value : undefined;

function groupsIn(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (!Array.isArray(value)) return undefined;
  return [...new Set(value.filter((group): group is string => typeof group === 'string'))];
}

function claimOf(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Claims)[name];
  }
  return value;
}

/**
 * True if groups were left out because there are too many (`hasgroups`, or `_claim_names` as in OpenID Connect Core §5.6.2): what a
 * person is in is then not known.
 */
export function lacksGroups(claims: Claims, { groupsClaim }: ClaimTerms): boolean {
  const { hasgroups, _claim_names: elsewhere } = claims;
  const isElsewhere =
    typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, groupsClaim);
  return isElsewhere || hasgroups === true || hasgroups === 'true';
}
