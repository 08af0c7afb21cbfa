// What somebody at the console may use: as whom they act at a server, and which of the offered servers there are for them.
import type { SignedIn } from './signed-in.ts';
import type { ConsoleRequest } from './request.ts';
import { scopesLeft } from '../oauth/scopes-left.ts';
import { grants, factsOfPerson, type Principal } from '../../access/principal.ts';
import { ALL_OF_SERVER, type ServerPolicy } from '../../core/policy.ts';
import { offeredServers } from '../../core/offered-servers.ts';
import type { FleetView } from '../../core/ports.ts';
import type { SignIn } from '../../sign-in-settings.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** Who signed in at the console acts by it as by an app, which was let do what apps are told to ask for. */
export function principalAt(
  { name, until, session }: SignedIn,
  signIn: SignIn,
  server: ServerName,
  policy: ServerPolicy | undefined,
): Principal {
  const asked = policy?.ask ?? [ALL_OF_SERVER];
  const client = `${signIn.issuer}/-/`;
  if (!session) return { name, servers: '*', client, scopes: asked };
  const scopes = scopesLeft(signIn, session.person, server, asked);
  return {
    ...factsOfPerson(session.person),
    servers: new Set(scopes.length > 0 ? [server] : []),
    client,
    scopes,
    expiresAt: until,
  };
}

/** Those of the offered servers that there are for who signed in: all for the owner. */
export async function serversOf(
  { viewer, signIn, policies }: Pick<ConsoleRequest, 'viewer' | 'signIn' | 'policies'>,
  { runners }: Pick<FleetView, 'runners'>,
): Promise<string[]> {
  const offered = offeredServers(runners);
  if (viewer.isOwner) return offered;
  const found = await policies.find();
  if (!found) return [];
  return offered.filter((server) => {
    const policy = found.of(server);
    const principal = principalAt(viewer, signIn, server, policy);
    return grants(principal, server) && (!policy || policy.rightsOf(principal) !== undefined);
  });
}
