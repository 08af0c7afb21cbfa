// What people ask of the edge itself: whether it is ready, its figures, and its first page.
import { bearerToken, isMetricsKey } from '../access/credentials.ts';
import { urlOf } from './request-url.ts';
import { edgeMetrics } from './metrics.ts';
import { homePage, homeText, wantsHtml } from './pages/home.ts';
import { htmlResponse, textResponse } from './pages/html.ts';
import { refuse } from './refuse.ts';
import { readyz } from './status.ts';
import type { Ports } from './ports.ts';
import { offeredServers } from '../core/offered-servers.ts';
import type { Problem } from '../../shared/problem.ts';
import { METRICS_CONTENT_TYPE, metricsText } from '../../shared/metrics.ts';
import type { AppContext, Memory } from './edge-context.ts';

const NO_RUNNER: Problem = {
  what: 'No runner is connected',
  fix: 'Start one with `mcp-bridge run`.',
};

export async function ready(
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

export async function metrics({
  req,
  env: { settings, ports, tally },
}: AppContext): Promise<Response> {
  const bearer = bearerToken(req.raw.headers, urlOf(req.raw));
  if (!bearer.ok) return refuse(bearer.fault, { tokenSent: bearer.tokenSent });
  if (!(await isMetricsKey(settings, bearer.token)))
    return refuse({ fault: 'unauthorized' }, { tokenSent: true });
  const fresh = tally.take();
  const counted = ports.fleet.figures(fresh).catch((error: unknown) => {
    tally.add(fresh);
    throw error;
  });
  const [view, figures] = await Promise.all([ports.fleet.view(), counted]);
  const text = metricsText(edgeMetrics(view, figures));
  return new Response(text, {
    headers: { 'Content-Type': METRICS_CONTENT_TYPE, 'Cache-Control': 'no-store' },
  });
}

export async function home({ req, env: { settings, ports } }: AppContext): Promise<Response> {
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
  return offeredServers(runners.filter(({ isLinked }) => isLinked));
}
