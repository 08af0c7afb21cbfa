// People at the console who are not its owner: they sign in at the identity provider, see what is theirs, and end nothing else (F-730, F-731).
import { beforeEach, describe, expect, test } from 'vitest';

import { CONSOLE_PAGES } from '../../../../edge/http/console/facts.ts';
import type { KeptLine } from '../../../../edge/core/record.ts';
import { personId } from '../../../../edge/access/person-id.ts';
import { toldName } from '../../../../edge/http/told-name.ts';
import type { PlayedEdge } from '../modern-client.ts';
import { comeBackFrom } from '../oauth/played-person.ts';
import { PlayedIssuer } from '../oauth/played-issuer.ts';
import type { Browser } from '../../../fixtures/browser.ts';
import { browserOf, FORM, ISSUER, OWNER_KEY, signInEdge } from '../oauth/signing-in.ts';

const IDP = 'https://idp.example';
const ALLOW = [
  { email: 'ann@corp.example', servers: ['files', 'shared'] },
  { email: 'bob@corp.example', servers: ['bobs-mail', 'shared'] },
];

/** Runs through everything that is another's or the operator's, and stands nowhere in what ann is shown. */
const OTHERS = /bob|hidden-|r1|192\.0\.2\.77|9\.9\.9|vm-of/iu;

let issuer: PlayedIssuer;
let edge: PlayedEdge;
let bob: string;

const edgeWith = (settings: Record<string, string> = {}, allow: readonly object[] = ALLOW) => {
  const idp = { issuer: IDP, client: 'edge', secret: 'hush', allow };
  const made = signInEdge({
    BRIDGE_IDP: JSON.stringify(idp),
    BRIDGE_RECORD: 'all',
    BRIDGE_CLIENTS: '[hidden- broken setting]',
    ...settings,
  });
  made.provider = (request) => issuer.answer(request);
  made.servers = ['files', 'shared', 'bobs-mail'];
  made.runner = {
    from: '192.0.2.77',
    version: '9.9.9',
    rival: { at: Date.now(), from: 'vm-of-x' },
  };
  return made;
};

beforeEach(async () => {
  issuer = await PlayedIssuer.start(IDP);
  edge = edgeWith();
  bob = await personId(IDP, 'bob');
});

const post = (
  browser: Browser,
  path: string,
  fields: Record<string, string> = {},
  Origin = ISSUER,
): Promise<Response> =>
  browser.go(`${ISSUER}${path}`, {
    method: 'POST',
    headers: { ...FORM, Origin, Accept: 'text/html' },
    body: new URLSearchParams(fields).toString(),
  });

/** Signs in at the provider: what the edge answers at the end. */
async function comeTo(browser: Browser, name: string): Promise<Response> {
  const away = await post(browser, '/-/sign-in', { with: 'provider' });
  expect(away.status).toBe(303);
  const to = new URL(away.headers.get('location') ?? '');
  expect(to.origin).toBe(IDP);
  return comeBackFrom(issuer, browser, to, {
    claims: { sub: name, email: `${name}@corp.example` },
  });
}

async function signedIn(name: string, at = edge): Promise<Browser> {
  const browser = browserOf(at);
  const answer = await comeTo(browser, name);
  expect([answer.status, answer.headers.get('refresh')]).toEqual([200, '0;url=/-/']);
  return browser;
}

const get = (browser: Browser, path: string, Accept = 'text/html'): Promise<Response> =>
  browser.go(`${ISSUER}${path}`, { headers: { Accept } });

const text = async (answer: Response | Promise<Response>): Promise<string> => (await answer).text();

/** What a stream says first. */
async function firstOf(answer: Response): Promise<string> {
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  let said = '';
  while (!said.includes('event: facts')) {
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other
    const { value, done } = await reader.read();
    if (done) break;
    said += new TextDecoder().decode(value);
  }
  await reader.cancel();
  return said;
}

/** A page without the script and sheets of every page, and without what its own address said. */
const withoutEcho = (page: string): string =>
  page
    .replaceAll(/<(script|style)>.*?<\/\1>/gsu, '')
    .replaceAll(/"query":\{[^}]*\}|value="bobs-mail"|[?&;]server=bobs-mail/gu, '');

const NOW = Date.now();

/** Lines of both, of an edge with one runner. */
async function recordOf(): Promise<KeptLine[]> {
  const ann = await personId(IDP, 'ann');
  const call = (principal: string, server: string, tool: string) => ({
    level: 'info' as const,
    message: 'call' as const,
    principal,
    server,
    clientKind: 'modern' as const,
    callId: `post-${tool}`,
    session: 'abc',
    method: 'tools/call',
    tool,
    outcome: 'answered' as const,
    ms: 5,
    edgeMs: 1,
    bytesUp: 1,
    bytesDown: 1,
  });
  const lines: KeptLine['line'][] = [
    call(bob, 'shared', 'hidden-tool'),
    call(ann, 'files', 'anns-tool'),
    { level: 'info', message: 'runner connected', runner: 'r1', from: '192.0.2.77' },
    {
      level: 'info',
      message: 'request refused',
      fault: 'process_exited',
      status: 502,
      principal: bob,
      server: 'bobs-mail',
      method: 'tools/call',
      tool: 'hidden-other',
    },
    {
      level: 'info',
      message: 'request refused',
      fault: 'forbidden',
      status: 403,
      principal: ann,
      server: 'files',
      method: 'tools/call',
      tool: 'anns-refused',
      by: 'hidden-rule of r1',
    },
    {
      level: 'info',
      message: 'sign-in step',
      step: 'allowed',
      visitor: 'hidden-1',
      app: 'bobs-app',
      name: 'App of bob',
      principal: bob,
    },
  ];
  return lines.map((line, at) => ({ at: NOW * 1_000 + at, time: NOW - 1_000 + at, line }));
}

describe('[F-730] a person signs in at the console', () => {
  test('at the identity provider; the cookie is for this host, for pages of this edge, and not for scripts', async () => {
    const browser = browserOf(edge);
    expect(await text(get(browser, '/-/'))).toContain('Sign in at idp.example');
    const answer = await comeTo(browser, 'ann');
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toMatch(
      /^__Host-bridge-console=mcpa_[\w-]{43}; Path=\/; Max-Age=28800; Secure; HttpOnly; SameSite=Strict$/u,
    );
    const page = await text(get(browser, '/-/'));
    expect(page).toContain('Signed in as ann@corp.example');
    expect(page).toContain('2 servers for you, 0 sessions, no call yet.');
  });

  test('also where there is no owner, who then has no way in', async () => {
    edge = edgeWith({ BRIDGE_OWNER: '' });
    const page = await text(get(browserOf(edge), '/-/'));
    expect(page).toContain('Sign in at idp.example');
    expect(page).not.toContain('Owner key');
    expect(await text(get(await signedIn('ann'), '/-/'))).toContain('2 servers for you');
    const asOwner = { headers: { Authorization: `Bearer ${OWNER_KEY}` } };
    expect((await edge.send(asOwner, '/-/')).status).toBe(401);
  });

  test('and is told if nothing here is for them, or the operator blocked them', async () => {
    const stranger = await comeTo(browserOf(edge), 'eve');
    expect(stranger.headers.getSetCookie()).toEqual([]);
    expect([stranger.status, await stranger.text()]).toEqual([
      403,
      expect.stringContaining('who may not use anything here'),
    ]);
    edge.access.take('block', { person: { id: bob } }, Date.now());
    const blocked = await comeTo(browserOf(edge), 'bob');
    expect([blocked.status, blocked.headers.getSetCookie()]).toEqual([403, []]);
    expect(await blocked.text()).toContain('You are blocked here');
  });

  test('no other site begins it, and what one browser began no other ends', async () => {
    const from = browserOf(edge);
    const foreign = await post(from, '/-/sign-in', { with: 'provider' }, 'https://evil.example');
    expect([foreign.status, foreign.headers.getSetCookie()]).toEqual([403, []]);
    const away = await post(from, '/-/sign-in', { with: 'provider' });
    const to = new URL(away.headers.get('location') ?? '');
    const stolen = await comeBackFrom(issuer, browserOf(edge), to);
    expect([stolen.status, stolen.headers.getSetCookie()]).toEqual([400, []]);
  });

  test('the page that leads there lets a form go to another site, and no other page does', async () => {
    const policyOf = async (browser: Browser, path: string): Promise<string> =>
      (await get(browser, path)).headers.get('content-security-policy') ?? '';
    const browser = browserOf(edge);
    expect(await policyOf(browser, '/-/')).not.toContain('form-action');
    const inside = await signedIn('ann');
    for (const path of ['/-/', '/-/access', '/-/nowhere'])
      expect(await policyOf(inside, path)).toContain("form-action 'self'");
  });

  test('the token of the console opens no server, and one of an app no console', async () => {
    const browser = await signedIn('ann');
    const [, token = ''] = /__Host-bridge-console=([^;]+)/u.exec(browser.cookies) ?? [];
    for (const path of ['/files/mcp', '/-/mcp', '/shared/mcp']) {
      const headers = { Authorization: `Bearer ${token}` };
      expect((await edge.send({ method: 'POST', headers }, path)).status).toBe(401);
    }
  });
});

describe('[F-730] it is over', () => {
  const isOut = async (browser: Browser): Promise<void> => {
    expect(await text(get(browser, '/-/'))).toContain('Sign in at idp.example');
    expect((await get(browser, '/-/events')).status).toBe(401);
    expect((await get(browser, '/-/audit.jsonl')).status).toBe(401);
  };

  test('when the person signs out, for whoever has the cookie', async () => {
    const browser = await signedIn('ann');
    const copy = await signedIn('ann');
    const kept = browser.cookies;
    await post(browser, '/-/sign-out');
    await isOut(browser);
    const thief = await edge.send({ headers: { Cookie: kept, Accept: 'text/html' } }, '/-/');
    expect(await thief.text()).toContain('Sign in at idp.example');
    expect(await text(get(copy, '/-/'))).toContain('2 servers for you');
  });

  test('when the operator blocks the person, at once and on open streams too', async () => {
    const browser = await signedIn('ann');
    const open = await get(browser, '/-/events', 'text/event-stream');
    const reader = (open.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    edge.access.take('block', { person: { id: await personId(IDP, 'ann') } }, Date.now());
    await isOut(browser);
    let end = await reader.read();
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other
    while (!end.done) end = await reader.read();
    expect(end.done).toBe(true);
  });

  test('when the operator ends the grant, which is listed as that of the console', async () => {
    const browser = await signedIn('ann');
    const [grant] = edge.access.take('grants', {}, Date.now());
    expect(grant).toMatchObject({ app: 'Console', server: '/-/', email: 'ann@corp.example' });
    edge.access.take('end', { grant: grant?.grant }, Date.now());
    await isOut(browser);
  });

  test('when a deploy takes the person off the list, or its time has come', async () => {
    const browser = await signedIn('ann');
    const later = edgeWith({}, [{ email: 'bob@corp.example', servers: ['*'] }]);
    later.access = edge.access;
    const headers = { Cookie: browser.cookies, Accept: 'text/html' };
    expect(await (await later.send({ headers }, '/-/')).text()).toContain('Sign in at idp.example');
    const [, token = ''] = /__Host-bridge-console=([^;]+)/u.exec(browser.cookies) ?? [];
    expect(token).not.toBe('');
    edge.access.sweep(Date.now() + 8 * 3_600_000 + 1);
    await isOut(browser);
  });

  test('[F-843] with streams that are too many for one person, until some are closed', async () => {
    const browser = await signedIn('ann');
    const open: Response[] = [];
    for (let at = 0; at < 20; at++)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      open.push(await get(browser, '/-/events', 'text/event-stream'));
    expect(open.map(({ status }) => status)).toEqual(open.map(() => 200));
    const refused = await get(browser, '/-/events', 'text/event-stream');
    expect([refused.status, await refused.text()]).toEqual([
      429,
      expect.stringContaining('Close some'),
    ]);
    const other = await get(await signedIn('bob'), '/-/events', 'text/event-stream');
    expect(other.status).toBe(200);
    await Promise.all([other, ...open].map(async ({ body }) => body?.cancel()));
    const again = await get(browser, '/-/events', 'text/event-stream');
    expect(again.status).toBe(200);
    await again.body?.cancel();
  });

  test('when nobody can tell: then nothing is shown', async () => {
    const browser = await signedIn('ann');
    edge.isAccessGone = true;
    expect((await get(browser, '/-/')).status).toBe(503);
  });
});

describe('[F-731] nothing of anybody else', () => {
  const session = (principal: string, name: string, server: string) => ({
    session: name,
    server,
    principal,
    runner: 'r1',
    openedAt: NOW,
  });

  let ann: Browser;

  beforeEach(async () => {
    const id = await personId(IDP, 'ann');
    edge.shownSessions = [
      session(bob, 'BOB'.repeat(7), 'shared'),
      session(id, 'ANN'.repeat(7), 'files'),
    ];
    edge.recorded = await recordOf();
    const result = { tools: [{ name: 'read', inputSchema: { type: 'object' } }] };
    const message = JSON.stringify({ jsonrpc: '2.0', id: 1, result });
    edge.session.script = [() => ({ kind: 'answered', message })];
    edge.recent = [{ server: 'bobs-mail', calls: 77, errors: 7, p50Ms: 5, p95Ms: 5 }];
    await signedIn('bob');
    ann = await signedIn('ann');
  });

  const PATHS = [
    ...CONSOLE_PAGES.map((page) => (page === 'overview' ? '' : page)),
    'servers?server=files',
    'servers?server=bobs-mail',
    'connect?server=bobs-mail',
    'try?server=bobs-mail',
    'try?server=bobs-mail&tool=x',
    'audit.jsonl',
    'nowhere',
    'api/clients',
    'api/runners',
    'api/grants',
    'api/policy',
    'api/record',
    'api/blocked',
    '../metrics',
  ];

  test.each(PATHS)('is shown at /-/%s', async (path) => {
    for (const query of ['', `person=${bob}`, 'server=bobs-mail', `after=0&person=${bob}`])
      for (const accept of ['text/html', 'text/plain', 'application/json']) {
        const joined = query === '' ? '' : `${path.includes('?') ? '&' : '?'}${query}`;
        const shown = await text(get(ann, `/-/${path}${joined}`, accept));
        expect(withoutEcho(shown)).not.toMatch(OTHERS);
      }
    const id = await personId(IDP, 'ann');
    for (const { principal, server } of edge.session.openings)
      expect([principal, ['files', 'shared'].includes(server)]).toEqual([id, true]);
  });

  test('is sent along a stream', async () => {
    for (const query of ['', `?person=${bob}`, '?after=0', '?server=bobs-mail']) {
      const said = await firstOf(await get(ann, `/-/events${query}`, 'text/event-stream'));
      expect(said).toContain('event: facts');
      expect(said).not.toMatch(OTHERS);
    }
  });

  test('what is theirs is there', async () => {
    expect(await text(get(ann, '/-/calls'))).toContain('anns-tool');
    expect(await text(get(ann, '/-/calls'))).toContain('anns-refused');
    expect(await text(get(ann, '/-/sessions'))).toContain(await toldName('ANN'.repeat(7)));
    expect(await text(get(ann, '/-/servers'))).toContain('/-/servers?server=shared');
    expect(await text(get(ann, '/-/connect?server=shared'))).toContain(`${ISSUER}/shared/mcp`);
    expect(await text(get(ann, '/-/access'))).toContain('this console');
    expect(await text(get(ann, '/-/servers?server=files'))).toContain('Try read');
    expect((await text(get(ann, '/-/audit.jsonl'))).trim().split('\n')).toHaveLength(2);
  });

  test('pages about the edge are not there for them, and the bar has no way to them', async () => {
    for (const page of ['runners', 'sign-ins'])
      expect((await get(ann, `/-/${page}`)).status).toBe(404);
    expect(await text(get(ann, '/-/'))).not.toMatch(/href="\/-\/(?:runners|sign-ins)"/u);
  });

  test('the numbers of lines do not count those of others', async () => {
    const [first, second] = [...(await text(get(ann, '/-/calls'))).matchAll(/"at":(\d+),"time"/gu)];
    const [one, other] = [Number(first?.[1]), Number(second?.[1])];
    expect([one % 1_000, other % 1_000]).toEqual([0, 0]);
  });

  test('is ended: neither a session nor a grant of another, nor anything of the edge', async () => {
    const bobs = await toldName('BOB'.repeat(7));
    expect((await post(ann, '/-/sessions/end', { session: bobs })).status).toBe(400);
    expect(edge.dismissed).toEqual([]);
    const anns = await toldName('ANN'.repeat(7));
    expect((await post(ann, '/-/sessions/end', { session: anns })).status).toBe(303);
    expect(edge.dismissed).toEqual(['ANN'.repeat(7)]);
    const grants = edge.access.take('grants', {}, Date.now());
    const grantOf = (person: string) =>
      grants.find((grant) => grant.person === person)?.grant ?? '';
    await post(ann, '/-/grants/end', { grant: grantOf(bob) });
    expect(edge.access.take('grants', {}, Date.now())).toHaveLength(grants.length);
    const ofOwner = ['runners', 'runners/remove', 'keys', 'keys/remove', 'policy', 'api/clients'];
    for (const path of ofOwner) {
      const answer = await post(ann, `/-/${path}`, { name: 'r1', servers: '*', text: '{}' });
      expect([path, answer.status]).toEqual([path, path.startsWith('api') ? 403 : 404]);
    }
    expect(edge.expelled).toEqual([]);
    await post(ann, '/-/grants/end', { grant: grantOf(await personId(IDP, 'ann')) });
    expect(await text(get(ann, '/-/'))).toContain('Sign in at idp.example');
  });

  test('another site ends nothing either', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://edge.example'])
      for (const path of ['sessions/end', 'grants/end', 'try', 'sign-out'])
        expect((await post(ann, `/-/${path}`, {}, origin)).status).toBe(403);
  });

  test('a policy that does not let them in leaves the server out', async () => {
    const policy = JSON.stringify({
      servers: { shared: { rules: [{ who: ['bob@corp.example'], allow: '*' }] } },
    });
    const later = edgeWith({ BRIDGE_POLICY: policy });
    later.access = edge.access;
    const headers = { Cookie: ann.cookies, Accept: 'text/html' };
    const seen = await (await later.send({ headers }, '/-/servers')).text();
    expect(seen).not.toContain('server=shared');
  });
});
