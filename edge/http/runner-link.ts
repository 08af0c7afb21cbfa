// Where runners dial in (PROTOCOL.md LP5–LP8). Who they are is decided here, before an actor wakes.
import { bearerToken, findRunner, type FindHolder } from '../access/credentials.ts';
import { checkNoOrigin } from './guards/origin.ts';
import { because, towards } from './refusal-reason.ts';
import { notConfigured, refuse } from './refuse.ts';
import type { Admissions } from './oauth/admissions.ts';
import { askAccess } from './oauth/context.ts';
import { networkOf } from '../access/network.ts';
import { verifyTicket } from '../access/ticket.ts';
import type { Ports } from './ports.ts';
import type { AssertionUse } from '../access/runner-assertion.ts';
import { boundServers, type Principal } from '../access/principal.ts';
import type { Fault } from '../../shared/fault.ts';
import { secretsOf, type Settings } from '../settings.ts';
import { actorOf, SESSION_NAME, type SessionName } from '../../shared/ids.ts';
import { chooseSubprotocol, LINK_SUBPROTOCOLS } from '../../shared/link/version.ts';

/** A runner's request, with all that decides who it is. */
export interface RunnerDial {
  readonly request: Request;
  readonly settings: Settings;
  readonly ports: Ports;
  readonly admissions: Admissions;
  /** Whether a token that was never let in is looked up. */
  readonly mayAsk: boolean;
  /** The address it came from, if the host can tell. */
  readonly from: string | undefined;
}

type Dialled =
  | {
      readonly ok: true;
      readonly runner: Principal;
      readonly use?: AssertionUse;
      readonly subprotocol: string;
    }
  | { readonly ok: false; readonly response: Response };

/** GET /runner/link */
export async function controlLink(dial: RunnerDial): Promise<Response> {
  const { request, ports, from } = dial;
  const dialled = await admit(dial);
  if (!dialled.ok) return dialled.response;
  const { runner, use, subprotocol } = dialled;
  const granted = runner.servers === '*' ? '*' : [...runner.servers];
  const withheld = runner.servers === '*' ? await serversOfOthers(dial) : [];
  if (!withheld) return refuse({ fault: 'sign_in_unavailable' });
  return ports.fleet.link(request, {
    runner: runner.name,
    granted,
    withheld,
    subprotocol,
    ...(use && { use }),
    ...(from !== undefined && networkOf(from) !== undefined && { from }),
  });
}

/** GET /runner/session/{session} */
export async function sessionLink(dial: RunnerDial, session: SessionName): Promise<Response> {
  const { request, settings, ports } = dial;
  const dialled = await admit(dial);
  if (!dialled.ok) return dialled.response;
  const { runner, subprotocol } = dialled;
  const boot = request.headers.get('mcp-bridge-boot') ?? '';
  const ticket = request.headers.get('mcp-bridge-ticket') ?? '';
  const epoch = Number(request.headers.get('mcp-bridge-epoch'));
  const holds = request.headers.get('mcp-bridge-holds') ?? '';
  const scope = { session, runner: runner.name, boot };
  const isPlaced =
    SESSION_NAME.test(session) &&
    Number.isSafeInteger(epoch) &&
    epoch > 0 &&
    (await isTicketOf(settings, ticket, scope));
  const principal = runner.name;
  if (!isPlaced) return towards({ principal }, refuse({ fault: 'session_not_found' }));
  const linked = await ports
    .session(actorOf(session))
    .link(request, { session, runner: runner.name, boot, epoch, holds, subprotocol });
  if (linked.status < 400) return linked;
  return towards({ principal }, because({ fault: 'session_not_found' }, linked));
}

/** Whether the secret signed it, or the one before. */
async function isTicketOf(
  settings: Settings,
  ticket: string,
  scope: Parameters<typeof verifyTicket>[2],
): Promise<boolean> {
  const secrets = secretsOf(settings);
  const verdicts = secrets.map((secret) => verifyTicket(secret, ticket, scope));
  return (await Promise.all(verdicts)).includes(true);
}

/** The servers that are bound to other runners than one with all; undefined if that cannot be found out. */
async function serversOfOthers({ settings, ports }: RunnerDial): Promise<string[] | undefined> {
  const named = [...boundServers(settings.runners)];
  if (!settings.signIn) return named;
  const asked = await askAccess(ports, 'boundServers', {});
  return asked && [...new Set([...named, ...asked.answer])];
}

/** The runner of a proof: one of the settings, or one that joined. */
const holderOf =
  ({ settings, ports, admissions, mayAsk }: RunnerDial): FindHolder =>
  async (proof) =>
    settings.runners.get(proof) ??
    (settings.signIn ? admissions.findHolder(ports, 'runner', proof, mayAsk) : undefined);

async function admit(dial: RunnerDial): Promise<Dialled> {
  const { request, settings } = dial;
  const origin = checkNoOrigin(request);
  if (origin) return { ok: false, response: refuse(origin) };
  if (settings.secret === undefined)
    return { ok: false, response: refuse(notConfigured(settings)) };
  const bearer = bearerToken(request.headers, new URL(request.url));
  if (!bearer.ok)
    return { ok: false, response: refuse(bearer.fault, { tokenSent: bearer.tokenSent }) };
  const terms = { host: new URL(request.url).host, now: Date.now() };
  const found = await findRunner(bearer.token, terms, holderOf(dial));
  if (!found.ok && found.isUnreachable === true)
    return { ok: false, response: refuse({ fault: 'sign_in_unavailable' }) };
  if (!found.ok) {
    const fault: Fault = { fault: 'unauthorized', message: found.message ?? NO_RUNNER };
    return { ok: false, response: refuse(fault, { tokenSent: true }) };
  }
  const { runner, use } = found;
  const subprotocol = chooseSubprotocol(request.headers.get('sec-websocket-protocol') ?? '');
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket' || subprotocol === undefined) {
    const response = because({ fault: 'upgrade_required' }, upgradeRequired());
    return { ok: false, response: towards({ principal: runner.name }, response) };
  }
  return { ok: true, runner, subprotocol, ...(use && { use }) };
}

const NO_RUNNER =
  'This edge does not know this runner token or key. Let this machine join (`mcp-bridge runner add`), or put its entry into BRIDGE_RUNNERS.';

const upgradeRequired = (): Response =>
  new Response(
    `This edge speaks ${LINK_SUBPROTOCOLS.join(', ')} over WebSocket. Upgrade the edge or the runner, whichever is older.\n`,
    {
      status: 426,
      headers: {
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      },
    },
  );
