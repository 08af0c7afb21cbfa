// What the settings leave of a grant: they are read anew with each deploy and start, and a grant was given under older ones. Pure.
import { allowedTo, within } from '../../access/allow-list.ts';
import type { Person } from '../../core/person-ports.ts';
import type { SignIn } from '../../sign-in-settings.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** The scopes that a person still has of those of a grant for this server; none if they may not use it any more. */
export function scopesLeft(
  { ownerKeys, provider }: SignIn,
  person: Person,
  server: ServerName,
  scopes: readonly string[],
): readonly string[] {
  // The owner has a key, and everybody else comes from a provider.
  if (person.issuer === undefined) return ownerKeys.size > 0 ? scopes : [];
  if (provider?.issuer !== person.issuer) return [];
  const allowed = allowedTo(person, provider.allow, server);
  return allowed ? within(scopes, allowed) : [];
}
