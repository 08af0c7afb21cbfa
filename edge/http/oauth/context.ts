// What the OAuth endpoints are given with each request.
import type { Issuers } from './issuers.ts';
import { persistently } from '../exchange.ts';
import type { Ports } from '../ports.ts';
import type { Network } from '../../core/access-limits.ts';
import type { AccessSteps } from '../../core/access-ports.ts';
import type { EndedGrant } from '../../core/person-ports.ts';
import type { Policies } from '../../core/policies.ts';
import type { ServerPolicy } from '../../core/policy.ts';
import type { SignIn } from '../../sign-in-settings.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** The policies that count now. Where they cannot be told, there is none: what is shown then is only advice. */
export interface CurrentPolicies {
  of(server: ServerName): Promise<ServerPolicy | undefined>;
  scopes(): Promise<readonly string[]>;
  /** All of them; undefined where they cannot be told, and so nobody knows what is forbidden. */
  find(): Promise<Policies | undefined>;
  /** The one that the access actor keeps was changed. */
  forget(): void;
}

export interface SignInRequest {
  readonly policies: CurrentPolicies;
  readonly request: Request;
  readonly signIn: SignIn;
  /** Seals what the sign-in page carries; see Settings. */
  readonly secret: string;
  readonly ports: Ports;
  readonly issuers: Issuers;
  /** Where the request came from. */
  readonly from: Network;
}

/** Asks the access actor until it answers; undefined if it is out of reach. */
export const askAccess = <Name extends keyof AccessSteps>(
  { access }: Pick<Ports, 'access'>,
  name: Name,
  input: Parameters<AccessSteps[Name]>[0],
): Promise<{ readonly answer: ReturnType<AccessSteps[Name]> } | undefined> =>
  persistently(async () => ({ answer: await access(name, input) }));

/** What the apps of ended grants have open ends too. It goes on when the client has left. */
export function withdraw(ports: Ports, ended: readonly EndedGrant[]): void {
  for (const { grant, person, server } of ended)
    ports.outlive(
      persistently(async () => {
        await ports.fleet.withdraw({ principal: person, by: { grant, server } });
        return { isTold: true };
      }),
    );
}
