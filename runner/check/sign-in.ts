// Plays a client that wants to sign in at an MCP server, up to the page where a person is asked, and says which clients would fail on
// what it finds. The rules are those of MCP 2026-07-28, Authorization, RFC 9728 and RFC 8414; which client minds what was seen with
// the clients themselves.
import type { Outcome } from './outcome.ts';
import { networkProblem } from '../link/network-problem.ts';

/** Clients give up a discovery after about ten seconds. */
const ANSWER_MS = 10_000;

const MOST_BYTES = 64 * 1024;

const EVERY_CLIENT = 'Every client';

type Report = (outcome: Outcome) => void;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** Tries the URL of a server, such as `https://edge.example/files/mcp`. Reports each step; never rejects. */
export async function checkSignIn(server: string, report: Report): Promise<void> {
  const challenge = await readChallenge(server, report);
  if (challenge === undefined) return;
  const issuer = await readResource(server, challenge, report);
  if (issuer !== undefined) await readIssuer(server, issuer, report);
}

/** POST without a token: the URL of the resource's metadata that the answer names. */
async function readChallenge(server: string, report: Report): Promise<string | undefined> {
  const subject = 'challenge';
  const init = {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  };
  const answer = await ask(subject, server, report, init);
  if (!answer) return undefined;
  if (answer.status !== 401) {
    const what = `a request without a token is answered with ${answer.status}, not with 401`;
    const fix =
      answer.status === 404
        ? 'Check the path: it is that of a server, such as /files/mcp.'
        : 'Set BRIDGE_URL at the edge, and BRIDGE_OWNER, BRIDGE_IDP or BRIDGE_ISSUERS, and no BRIDGE_CLIENT_AUTH of "none": else nobody is asked to sign in.';
    return fail(report, subject, what, fix);
  }
  const header = answer.headers.get('www-authenticate') ?? '';
  if (!/^bearer\b/iu.test(header))
    return fail(
      report,
      subject,
      'the 401 has no WWW-Authenticate: Bearer, so ChatGPT never signs in again',
      BEHIND_PROXY,
    );
  const [, quoted, plain] = /\bresource_metadata=(?:"([^"]*)"|([^\s,]+))/iu.exec(header) ?? [];
  const named = quoted ?? plain;
  if (named === undefined)
    return fail(
      report,
      subject,
      'the challenge names no resource_metadata, so clients have to guess where it is',
      BEHIND_PROXY,
    );
  if (!URL.canParse(named))
    return fail(
      report,
      subject,
      `the resource_metadata of the challenge is relative (${named}): claude.ai ignores it without a word`,
      'Set BRIDGE_URL to the address under which clients reach the edge.',
    );
  if (new URL(named).origin !== new URL(server).origin)
    return fail(
      report,
      subject,
      `the resource_metadata is at ${new URL(named).origin}, another origin than the server's`,
      `Set BRIDGE_URL to ${new URL(server).origin}, or use the address that BRIDGE_URL names.`,
    );
  ok(report, subject, '401 with the address of the metadata');
  return named;
}

/** The metadata of the resource (RFC 9728): the issuer that it names. */
async function readResource(
  server: string,
  address: string,
  report: Report,
): Promise<string | undefined> {
  const subject = 'resource metadata';
  const answer = await document(subject, address, report);
  if (!answer) return undefined;
  const { resource, authorization_servers: issuers } = answer;
  if (resource !== server)
    return fail(
      report,
      subject,
      `the resource is ${shown(resource)}, not ${server}: claude.ai signs in and then never calls, and tokens are for something else`,
      'Give clients exactly the address that the metadata names, or set BRIDGE_URL to the one that you give them.',
    );
  const [issuer] = Array.isArray(issuers) ? (issuers as unknown[]) : [];
  if (typeof issuer !== 'string' || !URL.canParse(issuer))
    return fail(
      report,
      subject,
      `it names no authorization server. ${EVERY_CLIENT} stops here`,
      'Set BRIDGE_URL at the edge, and BRIDGE_OWNER, BRIDGE_IDP or BRIDGE_ISSUERS.',
    );
  ok(report, subject, `for ${server}, signed in at ${issuer}`);
  return issuer;
}

/** The metadata of the authorization server: the edge itself (RFC 8414), or an issuer that the operator trusts. */
async function readIssuer(server: string, issuer: string, report: Report): Promise<void> {
  const subject = 'authorization server';
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/u, '');
  const isOther = origin !== new URL(server).origin;
  const address = `${origin}/.well-known/oauth-authorization-server${path}`;
  // Others may have OpenID Connect Discovery alone, which clients of 2025-11-25 and later try as well.
  const isThere = !isOther || (await answers(address));
  const read = isThere ? address : `${origin}${path}/.well-known/openid-configuration`;
  const answer = await document(subject, read, report);
  if (!answer) return;
  const problems = [...problemsOf(issuer, answer)];
  for (const { what, fix } of problems) fail(report, subject, what, isOther ? MEND_ISSUER : fix);
  if (problems.length === 0) ok(report, subject, `${issuer} takes what every known client brings`);
}

const MEND_ISSUER =
  'This is an issuer of BRIDGE_ISSUERS: set it up so, or name it in BRIDGE_IDP, with which the edge itself speaks to clients.';

/** Whether there is a document at an address. */
async function answers(address: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(address, { redirect: 'manual', signal });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

interface Finding {
  readonly what: string;
  readonly fix: string;
}

function* problemsOf(issuer: string, metadata: Answer['json'] & object): Generator<Finding> {
  const setUrl = 'Set BRIDGE_URL to the origin of the edge, without a slash at the end.';
  const upgrade = 'Upgrade the edge, or mend what changes its answers on the way.';
  const has = (member: string, value: string): boolean => {
    const list = metadata[member];
    return Array.isArray(list) && list.includes(value);
  };
  if (metadata['issuer'] !== issuer)
    yield {
      what: `its issuer is ${shown(metadata['issuer'])}, not ${issuer}: Claude Desktop, Codex and Copilot compare them strictly`,
      fix: setUrl,
    };
  if (issuer.endsWith('/'))
    yield { what: 'the issuer ends in a slash, which Codex does not get over', fix: setUrl };
  for (const endpoint of ['authorization_endpoint', 'token_endpoint']) {
    const address = metadata[endpoint];
    if (typeof address !== 'string' || !URL.canParse(address))
      yield { what: `it has no ${endpoint}. ${EVERY_CLIENT} stops here`, fix: upgrade };
    else if (new URL(address).origin !== new URL(issuer).origin)
      yield {
        what: `its ${endpoint} is at another origin, which Codex refuses`,
        fix: setUrl,
      };
  }
  if (!has('code_challenge_methods_supported', 'S256'))
    yield {
      what: 'it does not list S256 in code_challenge_methods_supported: claude.ai, ChatGPT and the official SDKs refuse it',
      fix: upgrade,
    };
  if (
    metadata['client_id_metadata_document_supported'] !== true ||
    !has('token_endpoint_auth_methods_supported', 'none')
  )
    yield {
      what: 'it does not take apps that name themselves by a document: claude.ai, Claude Code, ChatGPT and VS Code have to register instead',
      fix: upgrade,
    };
  if (typeof metadata['registration_endpoint'] !== 'string')
    yield {
      what: 'it has no registration_endpoint, so Cursor, opencode and mcp-remote cannot connect',
      fix: upgrade,
    };
  if (!has('grant_types_supported', 'refresh_token'))
    yield {
      what: 'it does not list refresh_token, so people sign in again whenever a token ends',
      fix: upgrade,
    };
  if (metadata['authorization_response_iss_parameter_supported'] !== true)
    yield {
      what: 'it does not say that its answers name the issuer (RFC 9207), which clients of 2026-07-28 ask for',
      fix: upgrade,
    };
}

/** A document that anybody may read: JSON with a 200, from where it was asked for, for pages of every origin. */
async function document(
  subject: string,
  address: string,
  report: Report,
): Promise<NonNullable<Answer['json']> | undefined> {
  const answer = await ask(subject, address, report, {
    headers: { Origin: 'https://check.example' },
  });
  if (!answer) return undefined;
  const { status, headers, json } = answer;
  if (status !== 200 || json === undefined) {
    const came = status === 200 ? 'something that is no JSON' : String(status);
    const fix =
      status === 401 || status === 403
        ? 'Let /.well-known/ pass without a sign-in: clients read it before they have a token.'
        : BEHIND_PROXY;
    return fail(
      report,
      subject,
      `${address} is answered with ${came}. ${EVERY_CLIENT} stops here`,
      fix,
    );
  }
  if (headers.get('access-control-allow-origin') !== '*')
    report({
      verdict: 'warn',
      subject,
      what: 'no page may read it, so clients that run in a browser fail',
      fix: 'Let the edge answer itself: something on the way takes its Access-Control-Allow-Origin.',
    });
  return json;
}

/** Undefined, and reported, if there was no answer or one that leads elsewhere. */
async function ask(
  subject: string,
  address: string,
  report: Report,
  init: RequestInit = {},
): Promise<Answer | undefined> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(address, { ...init, redirect: 'manual', signal });
    const { status, headers } = response;
    if (status >= 300 && status < 400) {
      await response.body?.cancel();
      const to = headers.get('location') ?? 'nowhere';
      return fail(
        report,
        subject,
        `${address} redirects to ${to}: tokens do not go along, and claude.ai and the official SDKs do not follow`,
        'Give clients the address that is redirected to, and set BRIDGE_URL to its origin.',
      );
    }
    return { status, headers, json: jsonOf(await textOf(response)) };
  } catch (error) {
    report({ verdict: 'FAIL', subject, ...networkProblem(error) });
    return undefined;
  }
}

/** The beginning of a body. */
async function textOf({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    pieces.push(piece);
    length += piece.length;
    if (length > MOST_BYTES) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function jsonOf(text: string): Answer['json'] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const BEHIND_PROXY =
  'Check that this is the URL of an edge, and that nothing in front of it changes its answers.';

const shown = (value: unknown): string => (typeof value === 'string' ? value : 'missing');

const ok = (report: Report, subject: string, what: string): void =>
  report({ verdict: 'ok', subject, what });

function fail(report: Report, subject: string, what: string, fix: string): undefined {
  report({ verdict: 'FAIL', subject, what, fix });
  return undefined;
}
