// The endpoints of a server, and how a client is let in at one: origin, method, credential, policy and limits come before its body is
// read; what it asked for and got is recorded.
import { preflight } from './cors.ts';
import { RecordedPost } from './recorded-post.ts';
import { toldPerson } from '../access/told-person.ts';
import { grants, type Principal } from '../access/principal.ts';
import type { ServerPolicy } from '../core/policy.ts';
import type { Asked } from '../core/policy-asked.ts';
import { refuseExchange, type Exchange } from './exchange.ts';
import { checkOrigin } from './guards/origin.ts';
import { openSse, postMessage } from './http-sse.ts';
import { refusalLine, towards } from './refusal-reason.ts';
import { notConfigured, refuse } from './refuse.ts';
import { tellQuotas } from './told-quotas.ts';
import { streamableDelete, streamableGet, streamablePost } from './streamable.ts';
import type { PrincipalLimits, Share } from '../core/limits.ts';
import { limitsOf } from '../limits-variable.ts';
import { SERVER_NAME, type ServerName } from '../../shared/ids.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import type { EdgeContext, Memory } from './edge-context.ts';
import { admit, mayGoOn } from './admission.ts';

type Serve = (exchange: Exchange) => Response | Promise<Response>;

/** A route's methods, each with what serves it. A client of the MCP endpoint is modern if its message says so. */
export interface Endpoint {
  readonly clientKind: ClientKind;
  readonly methods: Readonly<Record<string, Serve>>;
}

export const MCP: Endpoint = {
  clientKind: 'streamable',
  methods: { POST: streamablePost, GET: streamableGet, DELETE: streamableDelete },
};
export const SSE: Endpoint = { clientKind: 'sse', methods: { GET: openSse } };
export const MESSAGE: Endpoint = { clientKind: 'sse', methods: { POST: postMessage } };

/** Who calls, once that was proved elsewhere. */
export type Known = (policy: ServerPolicy | undefined) => Principal;

/** Lets a client in: Origin, method, credential, grant; only then is a body read (F-30, F-31). `provedAs`: somebody at the console, so no credential comes. */
export async function serve(
  { req, env }: { readonly req: { readonly raw: Request }; readonly env: EdgeContext },
  server: ServerName,
  { clientKind, methods }: Endpoint,
  memory: Memory,
  provedAs?: Known,
): Promise<Response> {
  const { raw: request } = req;
  const { settings, ports } = env;
  const origin = checkOrigin(request, settings);
  if (origin) return refuse(origin);
  if (request.method === 'OPTIONS') return preflight(request, settings);
  const handle = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (!handle) return refuse({ fault: 'method_not_allowed' }, { allow: Object.keys(methods) });
  if (settings.secret === undefined || settings.policy === 'broken')
    return refuse(notConfigured(settings));
  const found = memory.policies.find(settings, ports);
  const policies = found instanceof Promise ? await found : found;
  if ('fault' in policies) return refuse(policies.fault);
  const policy = policies.of(server);
  const admitted =
    provedAs === undefined
      ? admit(request, env, { server, clientKind, policy }, memory)
      : provedAs(policy);
  // Also of what is known at once: on Node a request is served before its body is taken in, and after one turn of promises it has come whole.
  const principal = await admitted;
  if (principal instanceof Response) return principal;
  const rights = policy?.rightsOf(principal);
  const budget =
    settings.clientAuth === 'keys'
      ? memory.limits.budget([
          shareOf(principal.name, limitsOf(settings.limits, principal.name)),
          shareOf(`${principal.name} ${server}`, rights?.limits),
        ])
      : undefined;
  const limited = budget?.request(Date.now());
  if (limited) return towards({ principal: principal.name }, refuse(limited));
  const { name } = principal;
  const client = toldPerson(principal)?.client;
  const of = env.requestId(request);
  const caller = { principal: name, client, server, clientKind, request: of };
  const record =
    request.method === 'POST'
      ? new RecordedPost(env.tally, caller, settings.record === 'all' ? env.log : undefined)
      : undefined;
  const { secret } = settings;
  const known = { request, settings, secret, principal, server, clientKind, ports };
  const mayStill =
    settings.signIn && ((asked?: Asked) => mayGoOn(env, memory, { principal, server, asked }));
  const { tracer } = env;
  const { openingPace: pace } = memory;
  const exchange = { ...known, tracer, pace, record, budget, rights, mayStill };
  const isClosed = policy !== undefined && rights === undefined;
  // That there is such a server is told to nobody who may not use it.
  if (!SERVER_NAME.test(server) || !grants(principal, server) || isClosed) {
    const by = isClosed ? policy.whyNot(principal) : undefined;
    return towards({ principal: name, by }, refuseExchange(exchange, { fault: 'not_found' }));
  }
  const response = await handle(exchange);
  const refusal = refusalLine(response);
  record?.refusedWith(refusal?.fault);
  if (budget) tellQuotas(ports, memory.limits);
  if (!refusal) return response;
  return towards({ principal: name, server, clientKind, ...record?.refused }, response);
}

const shareOf = (key: string, limits: PrincipalLimits | undefined): Share | undefined =>
  limits && { key, limits };
