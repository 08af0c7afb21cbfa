// The console at /-/: where its owner sees what the edge does, and does what there is to do, and each person what is theirs. Which path leads
// where, and who may go there.
import { accessPage, addKey, endGrant, removeKey, setPolicyHere } from './access-page.ts';
import { endSession, inviteHere, removeHere, type Act } from './actions.ts';
import { auditAnswer } from './audit-export.ts';
import { connectPage } from './connect-page.ts';
import { el, type ViewElement } from './element.ts';
import { eventsAnswer } from './stream.ts';
import {
  CONSOLE_PAGES,
  type CallQuery,
  type ConsoleFacts,
  type ConsolePage,
  type LiveModel,
} from './facts.ts';
import { framed, PAGES_OF_OWNER } from './frame.ts';
import { callsHead, queryText } from './calls-view.ts';
import { LIVE_VIEWS } from './live-views.ts';
import { addRunnerPart } from './add-runner.ts';
import type { ConsoleContext, ConsoleRequest } from './request.ts';
import { serverTools } from './server-tools.ts';
import { noCookie, programWithKey, signedIn } from './signed-in.ts';
import { noConsolePage } from './no-console.ts';
import { signInPage, takeSignIn } from './sign-in-page.ts';
import { tryPage, tryTool } from './try-page.ts';
import { PAGE_LINES, Watch } from './watch.ts';
import { asOwner, unreachable } from '../admin/owner.ts';
import { endPersonSession } from '../oauth/person-session.ts';
import { sleep } from '../exchange.ts';
import { redirectTo } from './redirect.ts';
import { refuse } from '../refuse.ts';
import { urlOf } from '../request-url.ts';
import { wantsHtml } from '../pages/home.ts';
import { hasOwnSignIn, type SignIn } from '../../sign-in-settings.ts';

const ROOT = '/-/';

/** Whether a path is one of the console, and not of the operator's API. */
export const isConsolePath = (pathname: string): boolean =>
  pathname === '/-' ||
  (pathname.startsWith(ROOT) && !pathname.startsWith('/-/api') && pathname !== '/-/join');

/** The answer of the console. */
export async function consoleAnswer(context: ConsoleContext): Promise<Response> {
  const { request, signIn } = context;
  const { pathname, host } = urlOf(request);
  if (!hasOwnSignIn(signIn)) return noConsolePage(request, context.settings);
  // Cookies and forms belong to one origin.
  if (host !== new URL(signIn.issuer).host) return redirectTo(`${signIn.issuer}${ROOT}`);
  if (pathname === '/-') return redirectTo(ROOT);
  const path = pathname.slice(ROOT.length);
  const { method } = request;
  if (method === 'POST') {
    const fault = foreignForm(request, signIn);
    if (fault) return fault;
    if (path === 'sign-in') return takeSignIn(context);
  } else if (method !== 'GET' && method !== 'HEAD')
    return refuse({ fault: 'method_not_allowed' }, { allow: ['GET', 'POST'] });
  // A program shows the key itself, and reads.
  if (method !== 'POST' && request.headers.has('authorization'))
    return asOwner(context, () => show({ ...context, viewer: programWithKey() }, path));
  const viewer = await signedIn(context);
  if (viewer === 'unreachable') return unreachable();
  if (!viewer) return stranger(context, path);
  return method === 'POST' ? act({ ...context, viewer }, path) : show({ ...context, viewer }, path);
}

/** Only a page of this edge may send a form (OWASP, Cross-Site Request Forgery Prevention, "Verifying Origin"). */
function foreignForm(request: Request, { issuer }: SignIn): Response | undefined {
  return request.headers.get('origin') === issuer
    ? undefined
    : refuse({ fault: 'origin_not_allowed' });
}

function stranger(context: ConsoleContext, path: string): Promise<Response> | Response {
  // A stream has no page to show; an EventSource stops at this.
  if (path === 'events' || path === 'audit.jsonl') return refuse({ fault: 'unauthorized' });
  return signInPage(context, {});
}

const ACTS: Readonly<Record<string, Act>> = {
  'sessions/end': endSession,
  runners: inviteHere,
  'runners/remove': removeHere,
  keys: addKey,
  'keys/remove': removeKey,
  'grants/end': endGrant,
  policy: setPolicyHere,
  try: tryTool,
};

/** What a person may do who is not the owner, each with nothing but what is theirs. */
const ACTS_OF_PEOPLE: ReadonlySet<string> = new Set(['sessions/end', 'grants/end', 'try']);

async function act(context: ConsoleRequest, path: string): Promise<Response> {
  const { isOwner, session } = context.viewer;
  if (path === 'sign-out') {
    if (session && !(await endPersonSession(context, session))) return unreachable();
    return redirectTo(ROOT, { 'Set-Cookie': noCookie() });
  }
  const isTheirs = isOwner || ACTS_OF_PEOPLE.has(path);
  const act = isTheirs && Object.hasOwn(ACTS, path) ? ACTS[path] : undefined;
  return act ? act(context) : notThere(context.request);
}

async function show(context: ConsoleRequest, path: string): Promise<Response> {
  const { request, viewer } = context;
  const { searchParams } = urlOf(request);
  const text = (name: string): string | undefined => searchParams.get(name) ?? undefined;
  const query: CallQuery = {
    server: text('server') || undefined,
    person: (viewer.isOwner && text('person')) || undefined,
    outcome: text('outcome') || undefined,
  };
  if (path === 'events') {
    const seen = Number(request.headers.get('last-event-id') ?? text('after'));
    return eventsAnswer(context, query, Number.isSafeInteger(seen) ? seen : undefined);
  }
  if (path === 'audit.jsonl') return auditAnswer(context, query);
  const page = path === '' ? 'overview' : CONSOLE_PAGES.find((name) => name === path);
  const isTheirs = page !== undefined && (viewer.isOwner || !PAGES_OF_OWNER.has(page));
  return isTheirs ? showPage(context, page, query) : notThere(request);
}

/** Pages that are as they are when they are opened. */
const STILL_PAGES: Partial<
  Record<ConsolePage, (context: ConsoleRequest) => Promise<readonly ViewElement[]>>
> = {
  connect: connectPage,
  access: accessPage,
  try: tryPage,
};

const TELL_WHAT_RUNS: ReadonlySet<ConsolePage> = new Set(['servers', 'runners']);

/** A runner answers within its round trip. One that does not is of an older version, or on a slow line. */
const TELL_MS = 200;

/** The first look has a runner asked what runs there, so whoever opens a page alone would see it at the second. */
const isUntold = ({ runners, running, viewer }: ConsoleFacts): boolean =>
  viewer.isOwner &&
  runners.some(
    ({ runner, isLinked }) => isLinked && !running.some((told) => told.runner === runner),
  );

async function showPage(
  context: ConsoleRequest,
  page: ConsolePage,
  query: CallQuery,
): Promise<Response> {
  const { request, viewer } = context;
  const view = LIVE_VIEWS[page];
  const still = STILL_PAGES[page];
  if (still) return framed(request, { title: page, viewer, page, body: await still(context) });
  if (!view) return notThere(request);
  const watch = new Watch(context, page === 'calls' ? query : {});
  let look = await watch.look();
  if (TELL_WHAT_RUNS.has(page) && isUntold(look.facts)) {
    await sleep(TELL_MS);
    look = await watch.look();
  }
  const { facts, lines, next } = look;
  const model: LiveModel = {
    facts,
    lines: lines.slice(-PAGE_LINES),
    query,
    now: facts.at,
    isPaused: false,
    isLive: wantsHtml(request),
  };
  const shown = queryText(page === 'calls' ? query : {});
  return framed(request, {
    title: page,
    viewer,
    page,
    head: page === 'calls' && callsHead(query, viewer),
    live: {
      view: view(model),
      stream: `/-/events${shown}${shown === '' ? '?' : '&'}after=${next}`,
      model,
    },
    body: [
      page === 'runners' && addRunnerPart(),
      page === 'servers' &&
        query.server !== undefined &&
        facts.servers.includes(query.server) &&
        (await serverTools(context, query.server)),
    ],
  });
}

const notThere = (request: Request): Promise<Response> =>
  framed(request, {
    title: 'Not here',
    status: 404,
    body: [
      el('h1', {}, 'There is no such page'),
      el('p', {}, el('a', { href: '/-/' }, 'Overview')),
    ],
  });
