// Reads, within bounds, what answered a dial in place of the link, and explains what probably stands in between and what to do.
import { LONGEST_RETRY_AFTER_MS, REFUSAL_BODY_MS } from '../../shared/link/timing.ts';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Problem } from '../../shared/problem.ts';
import { LINK_SUBPROTOCOLS } from '../../shared/link/version.ts';

/** Longest explanation that an edge gives for a refusal. The page of a proxy has its essentials within this length too. */
const BODY_BYTES = 4_096;

/** An answer that is not a switch of protocols. `body` is its beginning. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Reads the beginning of a body and then drops the connection. Calls `done` once, whatever the other side does. */
export function readAnswer(response: IncomingMessage, done: (answer: Answer) => void): void {
  const { statusCode: status = 0, headers } = response;
  let body = '';
  const timer = setTimeout(() => response.destroy(), REFUSAL_BODY_MS);
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    body += text;
    if (body.length >= BODY_BYTES) response.destroy();
  });
  response.on('end', () => response.destroy());
  response.on('error', () => undefined);
  response.on('close', () => {
    clearTimeout(timer);
    done({ status, headers, body: body.slice(0, BODY_BYTES) });
  });
}

/**
 * What `Retry-After` asks for, in ms from now, within bounds (RFC 9110 §10.2.3: seconds or a date). A date is read by the sender's clock
 * if the answer shows it, because this machine's may be wrong. Undefined if there is none, or none that can be read.
 */
export function retryAfterIn(headers: IncomingHttpHeaders, now = Date.now()): number | undefined {
  const wish = headers['retry-after']?.trim() ?? '';
  if (/^\d+$/u.test(wish)) return Math.min(Number(wish) * 1000, LONGEST_RETRY_AFTER_MS);
  const until = dateOf(wish);
  if (until === undefined) return undefined;
  return Math.min(Math.max(0, until - (dateOf(headers.date ?? '') ?? now)), LONGEST_RETRY_AFTER_MS);
}

/** An HTTP date in ms since the epoch. Every form of it names a day (RFC 9110 §5.6.7); the oldest names no zone, and means GMT. */
function dateOf(text: string): number | undefined {
  const isDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/u.test(text);
  const at = isDate ? Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** Whether an edge of ours gave the answer: its errors are JSON-RPC's, with the name of a fault. */
export const isFromEdge = ({ body }: Answer): boolean =>
  /^\{"jsonrpc":"2\.0".*"fault":"[a-z_]+"/su.test(body) || speaksOf(body) !== undefined;

/** The link versions that the edge names in its 426. */
const speaksOf = (body: string): string | undefined =>
  /^This edge speaks ([\w., -]{1,200}?)(?: over |\. )/u.exec(body)?.[1];

/** What an edge says of a credential itself; undefined if it says no more than its fault does. */
function ownWords(body: string): string | undefined {
  return /^\{"jsonrpc":"2\.0".*?"message":"(This [ !#-[\]-~]{1,300})"/su.exec(body)?.[1];
}

/** It is asked for by another name than its own, or a proxy made one of its own of the name. */
export const NOT_SERVED_HERE: Problem = {
  what: 'the edge does not serve the host name that reaches it (421)',
  fix: 'Use the address in its BRIDGE_URL or BRIDGE_HOSTS; a proxy on the way must pass on Host as it was sent (nginx: proxy_set_header Host $http_host).',
};

/** What an edge's own refusals mean (PROTOCOL.md LP5). */
const OF_THE_EDGE: Readonly<Record<number, Problem>> = {
  400: {
    what: 'the edge does not accept a token in this form',
    fix: 'Check the token file; it must contain nothing but the token.',
  },
  401: {
    what: 'the edge does not accept this token or key',
    fix: "Put its entry into the edge's secret BRIDGE_RUNNERS; mcp-bridge credential runner prints one for a new key.",
  },
  403: {
    what: 'the edge refuses this runner',
    fix: 'Check the entry for this runner in BRIDGE_RUNNERS, and that nothing in between adds an Origin header.',
  },
  421: NOT_SERVED_HERE,
  426: {
    what: 'runner and edge have no link version in common',
    fix: 'Upgrade whichever is older: npm install for the runner, wrangler deploy for the edge.',
  },
  429: { what: 'the edge was dialled too often', fix: 'Wait; the runner dials again by itself.' },
  503: {
    what: 'the edge is not configured yet',
    fix: 'Set its secret BRIDGE_RUNNERS: npx wrangler secret put BRIDGE_RUNNERS',
  },
};

/** What the same statuses, and some others, mean when something else answers at the edge's address. */
const OF_OTHERS: Readonly<Record<number, Problem>> = {
  401: {
    what: 'something in front of the edge asks for a sign-in',
    fix: 'Let /runner/ pass without one: the runner shows its own token to the edge.',
  },
  403: {
    what: 'something in front of the edge refuses this machine',
    fix: 'Look for a firewall, a bot check or an access rule, and let /runner/ pass.',
  },
  404: {
    what: 'there is no link endpoint at this edge',
    fix: 'Check that this is the URL of a deployed edge.',
  },
  407: {
    what: 'a proxy on the way asks for a sign-in',
    fix: 'Let this machine reach the edge without it: proxies with a sign-in are not supported.',
  },
  429: {
    what: 'something in front of the edge says that it was dialled too often',
    fix: 'Wait; the runner dials again by itself. Look for a rate limit on /runner/.',
  },
};

const LOST_UPGRADE: Problem = {
  what: 'the request arrived without its WebSocket upgrade, which a proxy on the way must have removed',
  fix: 'Have the proxy pass on the headers Upgrade, Connection and Sec-WebSocket-* for /runner/.',
};

const NO_GATEWAY: Problem = {
  what: 'a gateway in front of the edge cannot reach it',
  fix: 'Check that the edge is deployed and running; the runner dials again by itself.',
};

/** Says what an answer to a dial means. */
export function explainAnswer(answer: Answer): Problem {
  const { status, headers, body } = answer;
  if (isFromEdge(answer)) {
    // An edge that speaks our version but refuses it has not seen that it was asked for.
    const versions = speaksOf(body)?.split(', ') ?? [];
    if (LINK_SUBPROTOCOLS.some((version) => versions.includes(version))) return LOST_UPGRADE;
    const known = OF_THE_EDGE[status];
    // Only the edge knows what is wrong with a signature.
    if (known && status === 401) return { ...known, fix: ownWords(body) ?? known.fix };
    if (known) return known;
  }
  const other = OF_OTHERS[status];
  if (other) return other;
  if (status >= 300 && status < 400) {
    const what = `it answers with a redirect (${status})`;
    const fix =
      'Give the address of the edge itself. Redirects are not followed, because the token is for the edge only.';
    return { what, fix };
  }
  if (status === 400 || status === 426 || status === 501) return LOST_UPGRADE;
  if (status < 300) {
    const came = headers['content-type']?.includes('html') === true ? 'a web page' : 'an answer';
    const what = `${came} came (${status}) in place of the link: a proxy or a sign-in page stands in front, or this is no edge`;
    const fix =
      'Check the edge URL, and that WebSockets get through: open <edge>/healthz from this machine.';
    return { what, fix };
  }
  if (status === 502 || status === 503 || status === 504) return NO_GATEWAY;
  return {
    what: `the edge answers the dial with ${status}`,
    fix: 'Check that nothing between here and the edge blocks WebSockets.',
  };
}
