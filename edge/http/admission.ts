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
import type { Settings } from '../settings.ts';
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

type Admitted = Exchange['principal'] | Response;

/** Whose a request is, or why it is refused. A promise only where something is asked, or where the host hashes elsewhere. */
export function admit(
  request: Request,
  env: EdgeContext,
  wanted: Wanted,
  memory: Memory,
): Admitted | Promise<Admitted> {
  const { settings } = env;
  const anyone = findClient(settings, undefined);
  if (anyone) return anyone;
  const bearer = bearerToken(request.headers, urlOf(request), clientTokenCharacters(settings));
  if (!bearer.ok) return refuseToken(settings, wanted, bearer.fault, bearer.tokenSent);
  // Made once: it costs as much as all else that is done with a token.
  const digest = sha256(bearer.token);
  const admitted = (made: string): Admitted | Promise<Admitted> => {
    const shown = { text: bearer.token, digest: made };
    // Most requests end here: nothing is asked, and nothing awaited.
    const known =
      findClient(settings, made) ??
      (settings.signIn && memory.admissions.remembered(wanted.server, shown));
    return known ?? askAbout(shown, { request, env, wanted, memory });
  };
  return typeof digest === 'string' ? admitted(digest) : digest.then(admitted);
}

function refuseToken(
  { signIn }: Settings,
  { server, clientKind, policy }: Wanted,
  fault: Fault,
  tokenSent: boolean,
): Response {
  if (!signIn || fault.fault !== 'unauthorized') return refuse(fault, { tokenSent });
  const transport = clientKind === 'sse' ? 'sse' : 'mcp';
  const challenge = challengeOfServer(signIn, server, transport, tokenSent, policy?.ask);
  const way = 'Sign in, or send `Authorization: Bearer <key>`.';
  const message = tokenSent
    ? `The key or token that was sent is unknown here, or has ended. ${way}`
    : way;
  return refuse({ message, ...fault }, { headers: { 'WWW-Authenticate': challenge } });
}

interface Asking {
  readonly request: Request;
  readonly env: EdgeContext;
  readonly wanted: Wanted;
  readonly memory: Memory;
}

/** Of a token that is not known here: whose it is. */
async function askAbout(
  shown: { readonly text: string; readonly digest: string },
  { request, env, wanted, memory: { admissions, limits } }: Asking,
): Promise<Admitted> {
  const { settings, ports, addressOf } = env;
  const { signIn } = settings;
  // Whoever has a key is let in before this, and who was let in before is looked up, also from a network that others share who guess.
  const network = networkOf(addressOf(request) ?? '');
  const limited = limits.tooManyFailures('client', network, Date.now());
  const known =
    signIn && (await admissions.of(ports, signIn, wanted, shown, limited === undefined));
  if (known === 'unreachable') return refuse({ fault: 'sign_in_unavailable' });
  if (known) return known;
  if (limited) return refuse(limited);
  countFailure('client', network, env, limits);
  return refuseToken(settings, wanted, { fault: 'unauthorized' }, true);
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
