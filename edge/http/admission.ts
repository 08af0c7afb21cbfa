// Who is let in: the credential of a request becomes a principal, failures are counted, and whoever was let in is asked about again.
import { bearerToken, clientTokenCharacters, findClient } from '../access/credentials.ts';
import { sha256 } from '../access/digest.ts';
import { networkOf } from '../access/network.ts';
import type { Principal } from '../access/principal.ts';
import type { ServerPolicy } from '../core/policy.ts';
import type { Asked } from '../core/policy-asked.ts';
import { urlOf } from './request-url.ts';
import type { Exchange } from './exchange.ts';
import { challengeOfServer } from './oauth/metadata.ts';
import { refuse } from './refuse.ts';
import type { EdgeLimits, Failing } from '../core/limits.ts';
import type { Fault } from '../../shared/fault.ts';
import type { ServerName } from '../../shared/ids.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import type { EdgeContext, Memory } from './edge-context.ts';

/** Whether the policy of now lets a principal go on, also after it was set while the principal's stream was open. */
export async function mayGoOn(
  { settings, ports }: EdgeContext,
  { policies }: Memory,
  {
    principal,
    server,
    asked = { kind: 'free' },
  }: {
    readonly principal: Principal;
    readonly server: ServerName;
    readonly asked?: Asked | undefined;
  },
): Promise<boolean> {
  const now = await policies.find(settings, ports, true);
  const policy = 'fault' in now ? undefined : now.of(server);
  return !policy || policy.rightsOf(principal)?.judge(asked).kind === 'allowed';
}

/** What a request wants: a server, by a transport, under a policy. */
interface Wanted {
  readonly server: ServerName;
  readonly clientKind: ClientKind;
  readonly policy: ServerPolicy | undefined;
}

export async function admit(
  request: Request,
  env: EdgeContext,
  { server, clientKind, policy }: Wanted,
  { admissions, limits }: Memory,
): Promise<Exchange['principal'] | Response> {
  const { settings, ports, addressOf } = env;
  if (settings.clientAuth === 'none') {
    const anonymous = await findClient(settings, undefined);
    if (anonymous) return anonymous;
  }
  const { signIn } = settings;
  const refuseToken = (fault: Fault, tokenSent: boolean): Response => {
    if (!signIn || fault.fault !== 'unauthorized') return refuse(fault, { tokenSent });
    const transport = clientKind === 'sse' ? 'sse' : 'mcp';
    const challenge = challengeOfServer(signIn, server, transport, tokenSent, policy?.ask);
    const message = 'Sign in, or send `Authorization: Bearer <key>`.';
    return refuse({ message, ...fault }, { headers: { 'WWW-Authenticate': challenge } });
  };
  const most = clientTokenCharacters(settings);
  const bearer = bearerToken(request.headers, urlOf(request), most);
  if (!bearer.ok) return refuseToken(bearer.fault, bearer.tokenSent);
  // Made once: it costs as much as all else that is done with a token.
  const digest = await sha256(bearer.token);
  const client = await findClient(settings, bearer.token, digest);
  if (client) return client;
  const shown = { text: bearer.token, digest };
  // Most requests end here: nothing is asked, and nothing awaited.
  const remembered = signIn && admissions.remembered(server, shown);
  if (remembered) return remembered;
  // Whoever has a key is let in before this, and who was let in before is looked up, also from a network that others share who guess.
  const network = networkOf(addressOf(request) ?? '');
  const limited = limits.tooManyFailures('client', network, Date.now());
  const known =
    signIn &&
    (await admissions.of(ports, signIn, { server, policy }, shown, limited === undefined));
  if (known === 'unreachable') return refuse({ fault: 'sign_in_unavailable' });
  if (known) return known;
  if (limited) return refuse(limited);
  countFailure('client', network, env, limits);
  return refuseToken({ fault: 'unauthorized' }, true);
}

/** Counts a failure, here and where others count; nobody waits for that. */
function countFailure(
  who: Failing,
  network: string | undefined,
  { ports, mayFailOn }: EdgeContext,
  limits: EdgeLimits,
): void {
  limits.failed(who, network, Date.now());
  if (network === undefined || !mayFailOn) return;
  const telling = async (): Promise<void> => {
    const mayGoOn = await mayFailOn(who === 'client' ? network : `${who} ${network}`).catch(
      () => true,
    );
    if (!mayGoOn) limits.failedElsewhere(who, network, Date.now());
  };
  ports.outlive(telling());
}

/** A dial with a wrong token is a failure too; one of a runner that is known costs it nothing. `dial`: whether it may look the token up. */
export async function limitingFailures(
  request: Request,
  env: EdgeContext,
  { limits }: Memory,
  dial: (mayAsk: boolean) => Promise<Response>,
): Promise<Response> {
  const network = networkOf(env.addressOf(request) ?? '');
  const limited = limits.tooManyFailures('runner', network, Date.now());
  const response = await dial(limited === undefined);
  if (response.status !== 401) return response;
  if (limited) return refuse(limited);
  countFailure('runner', network, env, limits);
  return response;
}
