// The HTTP surface: which route leads where, and the checks that every request passes first.
import { Hono } from 'hono';
import { corsHeaders } from './cors.ts';
import { checkNoKeyInUrl } from '../access/credentials.ts';
import { networkOf } from '../access/network.ts';
import { principalAt } from './console/own-servers.ts';
import type { ConsoleContext } from './console/request.ts';
import type { Policies } from '../core/policies.ts';
import { checkUrl, urlOf } from './request-url.ts';
import { checkHost, checkPath } from './guards/origin.ts';
import { isMessage, serverOfMessage } from './http-sse.ts';
import { withoutSignIn } from './no-sign-in.ts';
import type { CurrentPolicies } from './oauth/context.ts';
import { signInAnswer } from './oauth/sign-in.ts';
import { signInStepOf } from './oauth/sign-in-step.ts';
import { readingOn } from './read-on.ts';
import { refusalLine } from './refusal-reason.ts';
import { refuse } from './refuse.ts';
import { adminAnswer } from './admin/api.ts';
import { consoleAnswer, isConsolePath } from './console/console.ts';
import { noConsolePage } from './console/no-console.ts';
import { controlLink, sessionLink, type RunnerDial } from './runner-link.ts';
import { healthz } from './status.ts';
import { toldName } from './told-name.ts';
import { unknownPath } from './unknown-path.ts';
import { failureOf } from '../core/log.ts';
import type { Settings } from '../settings.ts';
import type { Fault } from '../../shared/fault.ts';
import type { ServerName } from '../../shared/ids.ts';
import { Memory, type EdgeContext, type AppContext } from './edge-context.ts';
import { limitingFailures } from './admission.ts';
import { home, metrics, ready } from './operator-routes.ts';
import { MCP, MESSAGE, serve, SSE, type Endpoint, type Known } from './endpoint.ts';

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
  known?: Known,
): Promise<Response> {
  let response: Response;
  try {
    const fault = checkPlace(raw, env.settings);
    response = fault
      ? refuse(fault)
      : await serve({ req: { raw }, env }, server, MCP, memory, known);
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
  if (line) {
    env.tally.refused(line.fault);
    env.log({ ...line, request: env.requestId(request) });
  }
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
  const dialOf = (context: AppContext, mayAsk: boolean): RunnerDial => {
    const { raw: request } = context.req;
    const { settings, ports, addressOf } = context.env;
    const { admissions } = memory;
    return { request, settings, ports, admissions, mayAsk, from: addressOf(request) };
  };
  app.get('/runner/link', (context) =>
    limitingFailures(context.req.raw, context.env, memory, (mayAsk) =>
      controlLink(dialOf(context, mayAsk)),
    ),
  );
  app.get('/runner/session/:session', (context) =>
    limitingFailures(context.req.raw, context.env, memory, (mayAsk) =>
      sessionLink(dialOf(context, mayAsk), context.req.param('session')),
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
  else if (checkPath(request) && url.pathname !== '/-/')
    context.res = refuse(unknownPath(url.pathname));
  else {
    const signedIn = signIn(request, context.env, memory);
    if (!signedIn) return next();
    context.res = await signedIn;
    const step = signInStepOf(context.res);
    if (step) await tellStep(step, context.env, request);
  }
}

/** Counts and records how far a sign-in came. */
async function tellStep(
  told: NonNullable<ReturnType<typeof signInStepOf>>,
  { settings, tally, log, addressOf }: EdgeContext,
  request: Request,
): Promise<void> {
  if (told.step !== 'found') tally.signIn(told.step);
  const network = networkOf(addressOf(request) ?? '') ?? '';
  const visitor = await toldName(`${settings.secret ?? ''} network ${network}`);
  log({ level: 'info', message: 'sign-in step', ...told, visitor });
}

/** The answer of an OAuth endpoint, where people can sign in. */
function signIn(request: Request, env: EdgeContext, memory: Memory): Promise<Response> | undefined {
  const { settings, ports, addressOf } = env;
  const { signIn, secret } = settings;
  if (!signIn || secret === undefined)
    return isConsolePath(urlOf(request).pathname) ? noConsolePage(request, settings) : undefined;
  const from = networkOf(addressOf(request) ?? '');
  const policies = currentPolicies(env, memory);
  const { issuers } = memory.admissions;
  const asked = {
    request,
    signIn,
    secret,
    ports: { ...ports, access: memory.toldLimits.around(ports.access) },
    from,
    issuers,
    policies,
  };
  const { pathname } = urlOf(request);
  if (isConsolePath(pathname)) {
    const callAs: ConsoleContext['callAs'] = (viewer) => (server, init) =>
      call(new Request(`${signIn.issuer}/${server}/mcp`, init), env, server, memory, (policy) =>
        principalAt(viewer, signIn, server, policy),
      );
    const { seenTools, openStreams } = memory;
    return consoleAnswer({ ...asked, settings, callAs, seenTools, openStreams });
  }
  return adminAnswer({ ...asked, settings }) ?? signInAnswer(asked);
}

function currentPolicies({ settings, ports }: EdgeContext, memory: Memory): CurrentPolicies {
  const find = async (): Promise<Policies | undefined> => {
    const policies = await memory.policies.find(settings, ports);
    return 'fault' in policies ? undefined : policies;
  };
  return {
    find,
    of: async (server) => (await find())?.of(server),
    scopes: async () => (await find())?.scopes ?? [],
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
