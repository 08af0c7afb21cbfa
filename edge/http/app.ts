// The HTTP surface: which route leads where, and the checks that every request passes first.
import { Hono, type Context } from 'hono';
import { corsHeaders, preflight } from './cors.ts';
import { RecordedPost } from './recorded-post.ts';
import {
  bearerToken,
  checkNoKeyInUrl,
  clientTokenCharacters,
  findClient,
  isMetricsKey,
} from '../access/credentials.ts';
import { sha256 } from '../access/digest.ts';
import { networkOf } from '../access/network.ts';
import { grants, type Principal } from '../access/principal.ts';
import type { Policies } from '../core/policies.ts';
import type { ServerPolicy } from '../core/policy.ts';
import type { Asked } from '../core/policy-asked.ts';
import { checkUrl, urlOf } from './request-url.ts';
import { refuseExchange, type Exchange } from './exchange.ts';
import { checkHost, checkOrigin, checkPath } from './guards/origin.ts';
import { isMessage, openSse, postMessage, serverOfMessage } from './http-sse.ts';
import { fleetMetrics } from './metrics.ts';
import { homePage, homeText, wantsHtml } from './pages/home.ts';
import { htmlResponse, textResponse } from './pages/html.ts';
import { withoutSignIn } from './no-sign-in.ts';
import { Admissions } from './oauth/admissions.ts';
import { challengeOfServer } from './oauth/metadata.ts';
import type { CurrentPolicies } from './oauth/context.ts';
import { signInAnswer } from './oauth/sign-in.ts';
import { readingOn } from './read-on.ts';
import { refusalLine, towards } from './refusal-reason.ts';
import { notConfigured, refuse } from './refuse.ts';
import { adminAnswer } from './admin/api.ts';
import { controlLink, sessionLink, type RunnerDial } from './runner-link.ts';
import { healthz, Readiness, readyz } from './status.ts';
import { streamableDelete, streamableGet, streamablePost } from './streamable.ts';
import { unknownPath } from './unknown-path.ts';
import { PolicyMemory } from './policies.ts';
import type { Ports } from './ports.ts';
import { EdgeLimits, type PrincipalLimits, type Share } from '../core/limits.ts';
import { failureOf, type LogPort } from '../core/log.ts';
import { limitsOf } from '../limits-variable.ts';
import type { Settings } from '../settings.ts';
import type { Fault } from '../../shared/fault.ts';
import { SERVER_NAME, type ServerName } from '../../shared/ids.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import type { Problem } from '../../shared/problem.ts';
import { METRICS_CONTENT_TYPE, metricsText } from '../../shared/metrics.ts';

export interface EdgeContext {
  readonly settings: Settings;
  readonly ports: Ports;
  readonly log: LogPort;
  /** The name of a request in the host's own logs, if it has one. */
  readonly requestId: (request: Request) => string | undefined;
  /** The address a request came from, if the host can tell. */
  readonly addressOf: (request: Request) => string | undefined;
  /** Counts a failure of a network where several isolates count together; whether it may go on. */
  readonly mayFailOn?: (network: string) => Promise<boolean>;
}

type AppContext = Context<{ Bindings: EdgeContext }>;
type Serve = (exchange: Exchange) => Promise<Response>;

/** A route's methods, each with what serves it. A client of the MCP endpoint is modern if its message says so. */
interface Endpoint {
  readonly clientKind: ClientKind;
  readonly methods: Readonly<Record<string, Serve>>;
}

const MCP: Endpoint = {
  clientKind: 'streamable',
  methods: { POST: streamablePost, GET: streamableGet, DELETE: streamableDelete },
};
const SSE: Endpoint = { clientKind: 'sse', methods: { GET: openSse } };
const MESSAGE: Endpoint = { clientKind: 'sse', methods: { POST: postMessage } };

/** What the HTTP layer of one isolate or program remembers from request to request. */
class Memory {
  readonly admissions = new Admissions();
  readonly limits = new EdgeLimits();
  readonly readiness = new Readiness();
  readonly policies = new PolicyMemory();
}

/** What a host calls with each request. */
export type Edge = (request: Request, context: EdgeContext) => Response | Promise<Response>;

/** A path of the MCP endpoint without a trick (guards/origin.ts, `checkPath`). */
const CALL_PATH = /^\/([A-Za-z0-9._~-]+)\/mcp$/u;

/**
 * The edge's HTTP surface. POSTs to the MCP endpoint, which are nearly all of the traffic, do not go through the router: to find
 * their route there costs more than all of their checks. What is checked, refused and logged is the same.
 */
export function createEdge(): Edge {
  const memory = new Memory();
  const app = createApp(memory);
  return (request, context) => {
    const server = request.method === 'POST' ? serverOfCall(request) : undefined;
    return server === undefined
      ? app.fetch(request, context)
      : call(request, context, server, memory);
  };
}

function serverOfCall(request: Request): ServerName | undefined {
  if (checkUrl(request)) return undefined;
  const { pathname, search } = urlOf(request);
  return search === '' ? CALL_PATH.exec(pathname)?.[1] : undefined;
}

async function call(
  raw: Request,
  env: EdgeContext,
  server: ServerName,
  memory: Memory,
): Promise<Response> {
  let response: Response;
  try {
    const fault = checkPlace(raw, env.settings);
    response = fault ? refuse(fault) : await serve({ req: { raw }, env }, server, MCP, memory);
  } catch (error) {
    response = failed(error, raw, env);
  }
  return finished(raw, response, env);
}

/** A failure of ours. */
function failed(error: unknown, request: Request, env: EdgeContext): Response {
  const name = env.requestId(request);
  env.log({ level: 'error', message: 'a request failed', ...failureOf(error), request: name });
  return refuse({ fault: 'internal' });
}

/** Logs a refusal, and makes it one that its client can read. */
function finished(request: Request, response: Response, env: EdgeContext): Response {
  const line = refusalLine(response);
  if (line) env.log({ ...line, request: env.requestId(request) });
  return response.status >= 400 ? asRefusal(request, response, env.settings) : response;
}

/** The routes; their context comes as Hono bindings. */
export function createApp(memory = new Memory()): Hono<{ Bindings: EdgeContext }> {
  const app = new Hono<{ Bindings: EdgeContext }>();
  const serveAt = (context: AppContext, server: ServerName, endpoint: Endpoint) =>
    serve(context, server, endpoint, memory);
  app.use(async (context, next) => {
    const { req, env } = context;
    const fault = checkUrl(req.raw) ?? checkPlace(req.raw, env.settings);
    if (fault) context.res = refuse(fault);
    else await route(context, next, serveAt, memory);
    const last = finished(req.raw, context.res, env);
    if (last !== context.res) context.res = last;
  });
  app.get('/healthz', () => healthz());
  app.get('/readyz', (context) => ready(context, memory));
  app.get('/metrics', metrics);
  app.get('/', home);
  const dialOf = ({ req, env: { settings, ports, addressOf } }: AppContext): RunnerDial => ({
    request: req.raw,
    settings,
    ports,
    admissions: memory.admissions,
    from: addressOf(req.raw),
  });
  app.get('/runner/link', (context) =>
    limitingFailures(context.req.raw, context.env, memory, () => controlLink(dialOf(context))),
  );
  app.get('/runner/session/:session', (context) =>
    limitingFailures(context.req.raw, context.env, memory, () =>
      sessionLink(dialOf(context), context.req.param('session')),
    ),
  );
  app.all('/:server/mcp', (context) => serveAt(context, context.req.param('server'), MCP));
  app.all('/:server/sse', (context) => {
    return serveAt(
      context,
      context.req.param('server'),
      isMessage(urlOf(context.req.raw)) ? MESSAGE : SSE,
    );
  });
  app.all('/:server/message', (context) => serveAt(context, context.req.param('server'), MESSAGE));
  app.notFound(({ req, env }) => {
    const { pathname } = urlOf(req.raw);
    return withoutSignIn(pathname, env.settings.clientAuth) ?? refuse(unknownPath(pathname));
  });
  app.onError((error, { req, env }) => failed(error, req.raw, env));
  return app;
}

/** What is wrong with a request's target; checked before anything else. */
const checkPlace = (request: Request, settings: Settings): Fault | undefined =>
  checkNoKeyInUrl(urlOf(request)) ?? checkHost(request, settings);

/** The URL of an `endpoint` event comes back on paths that are not routes; all others must match exactly (F-07). */
async function route(
  context: AppContext,
  next: () => Promise<void>,
  serveAt: (context: AppContext, server: ServerName, endpoint: Endpoint) => Promise<Response>,
  memory: Memory,
): Promise<void> {
  const { raw: request } = context.req;
  const url = urlOf(request);
  const server = ['POST', 'OPTIONS'].includes(request.method) ? serverOfMessage(url) : undefined;
  if (server !== undefined) context.res = await serveAt(context, server, MESSAGE);
  else if (checkPath(request)) context.res = refuse(unknownPath(url.pathname));
  else {
    const signedIn = signIn(request, context.env, memory);
    if (signedIn) context.res = await signedIn;
    else await next();
  }
}

/** The answer of an OAuth endpoint, where people can sign in. */
function signIn(request: Request, env: EdgeContext, memory: Memory): Promise<Response> | undefined {
  const { settings, ports, addressOf } = env;
  const { signIn, secret } = settings;
  if (!signIn || secret === undefined) return undefined;
  const from = networkOf(addressOf(request) ?? '');
  const policies = currentPolicies(env, memory);
  const { issuers } = memory.admissions;
  const asked = { request, signIn, secret, ports, from, issuers, policies };
  return adminAnswer({ ...asked, settings }) ?? signInAnswer(asked);
}

function currentPolicies({ settings, ports }: EdgeContext, memory: Memory): CurrentPolicies {
  const found = async (): Promise<Policies | undefined> => {
    const policies = await memory.policies.find(settings, ports);
    return 'fault' in policies ? undefined : policies;
  };
  return {
    of: async (server) => (await found())?.of(server),
    scopes: async () => (await found())?.scopes ?? [],
    forget: () => memory.policies.forget(),
  };
}

/** Makes sure that a client can read its refusal, also a page of a listed origin (F-31) and a client that is still sending. */
function asRefusal(request: Request, refusal: Response, settings: Settings): Response {
  const cors = Object.entries(corsHeaders(request, settings));
  if (cors.length > 0 && !refusal.headers.has('Access-Control-Allow-Origin')) {
    const headers = new Headers(refusal.headers);
    for (const [name, value] of cors) headers.set(name, value);
    const { status } = refusal;
    return readingOn(request, new Response(refusal.body, { status, headers }));
  }
  return readingOn(request, refusal);
}

/** Lets a client in: Origin, method, credential, grant; only then is a body read (F-30, F-31). */
async function serve(
  { req, env }: { readonly req: { readonly raw: Request }; readonly env: EdgeContext },
  server: ServerName,
  { clientKind, methods }: Endpoint,
  memory: Memory,
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
  const principal = await admit(request, env, { server, clientKind, policy }, memory);
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
  const caller = { principal: name, server, clientKind, request: env.requestId(request) };
  const record =
    settings.record === 'all' && request.method === 'POST'
      ? new RecordedPost(env.log, caller)
      : undefined;
  const { secret } = settings;
  const known = { request, settings, secret, principal, server, clientKind, ports };
  const mayStill =
    settings.signIn && ((asked?: Asked) => mayGoOn(env, memory, { principal, server, asked }));
  const exchange = { ...known, record, budget, rights, mayStill };
  const isClosed = policy !== undefined && rights === undefined;
  // That there is such a server is told to nobody who may not use it.
  if (!SERVER_NAME.test(server) || !grants(principal, server) || isClosed) {
    const by = isClosed ? policy.whyNot(principal) : undefined;
    return towards({ principal: name, by }, refuseExchange(exchange, { fault: 'not_found' }));
  }
  const response = await handle(exchange);
  return towards({ principal: name, server, clientKind, ...record?.refused }, response);
}

/** Whether the policy of now lets a principal go on, also after it was set while the principal's stream was open. */
async function mayGoOn(
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

const shareOf = (key: string, limits: PrincipalLimits | undefined): Share | undefined =>
  limits && { key, limits };

/** What a request wants: a server, by a transport, under a policy. */
interface Wanted {
  readonly server: ServerName;
  readonly clientKind: ClientKind;
  readonly policy: ServerPolicy | undefined;
}

async function admit(
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
  // Whoever has a key is let in before this, also from a network that others share who guess.
  const network = networkOf(addressOf(request) ?? '');
  const limited = limits.tooManyFailures(network, Date.now());
  if (limited) return refuse(limited);
  const shown = { text: bearer.token, digest };
  const known = signIn && (await admissions.of(ports, signIn, { server, policy }, shown));
  if (known === 'unreachable') return refuse({ fault: 'sign_in_unavailable' });
  if (!known) countFailure(network, env, limits);
  return known ?? refuseToken({ fault: 'unauthorized' }, true);
}

/** Counts a failure, here and where others count; nobody waits for that. */
function countFailure(
  network: string | undefined,
  { ports, mayFailOn }: EdgeContext,
  limits: EdgeLimits,
): void {
  limits.failed(network, Date.now());
  if (network === undefined || !mayFailOn) return;
  const telling = async (): Promise<void> => {
    const mayGoOn = await mayFailOn(network).catch(() => true);
    if (!mayGoOn) limits.failedElsewhere(network, Date.now());
  };
  ports.outlive(telling());
}

/** A dial with a wrong token is a failure too; one of a runner that is known costs it nothing. */
async function limitingFailures(
  request: Request,
  env: EdgeContext,
  { limits }: Memory,
  dial: () => Promise<Response>,
): Promise<Response> {
  const network = networkOf(env.addressOf(request) ?? '');
  const response = await dial();
  if (response.status !== 401) return response;
  const limited = limits.tooManyFailures(network, Date.now());
  countFailure(network, env, limits);
  return limited ? refuse(limited) : response;
}

const NO_RUNNER: Problem = {
  what: 'No runner is connected',
  fix: 'Start one with `mcp-bridge run`.',
};

async function ready(
  { env: { settings, ports } }: AppContext,
  { readiness }: Memory,
): Promise<Response> {
  if (settings.problems.length > 0) return readyz(settings.problems);
  const hasRunner = await readiness.of(async () => {
    const { runners } = await ports.fleet.view();
    return runners.some(({ isLinked }) => isLinked);
  });
  return hasRunner ? readyz([]) : readyz([NO_RUNNER]);
}

async function metrics({ req, env: { settings, ports } }: AppContext): Promise<Response> {
  const bearer = bearerToken(req.raw.headers, urlOf(req.raw));
  if (!bearer.ok) return refuse(bearer.fault, { tokenSent: bearer.tokenSent });
  if (!(await isMetricsKey(settings, bearer.token)))
    return refuse({ fault: 'unauthorized' }, { tokenSent: true });
  const text = metricsText(fleetMetrics(await ports.fleet.view()));
  return new Response(text, {
    headers: { 'Content-Type': METRICS_CONTENT_TYPE, 'Cache-Control': 'no-store' },
  });
}

async function home({ req, env: { settings, ports } }: AppContext): Promise<Response> {
  const { clientAuth, problems } = settings;
  // Names of servers are shown only if anyone may use them anyway.
  const servers =
    clientAuth === 'none' && settings.secret !== undefined ? await offered(ports) : undefined;
  const { signIn } = settings;
  const url = signIn?.issuer ?? req.url;
  const view = { url, servers, clientAuth, hasSignIn: signIn !== undefined, problems };
  return wantsHtml(req.raw) ? htmlResponse(homePage(view)) : textResponse(homeText(view));
}

async function offered(ports: Ports): Promise<string[]> {
  const { runners } = await ports.fleet.view();
  const linked = runners.filter(({ isLinked }) => isLinked);
  return [...new Set(linked.flatMap(({ servers }) => servers))].toSorted();
}
