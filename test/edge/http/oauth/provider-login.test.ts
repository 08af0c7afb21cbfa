// Sign-in at an identity provider, step by step: who gets in, and that nobody else's answer does.
import { beforeEach, describe, expect, test, vi } from 'vitest';

import type { Browser } from '../../../fixtures/browser.ts';
import type { PlayedEdge } from '../modern-client.ts';
import { PlayedIssuer } from './played-issuer.ts';
import { comeBackFrom, type Signed } from './played-person.ts';
import {
  browserOf,
  CALLBACK,
  ISSUER,
  json,
  OWNER_KEY,
  PlayedApp,
  signInEdge,
  statusWith,
  type Tokens,
} from './signing-in.ts';

const IDP = 'https://idp.example';
const START = 1_800_000_000_000;
const ALLOW = [
  { domain: 'corp.example', servers: ['files'] },
  { group: 'staff', servers: ['*'] },
];

let issuer: PlayedIssuer;
let edge: PlayedEdge;
let app: PlayedApp;

const edgeWith = (changed: object = {}, settings: Record<string, string> = {}): PlayedEdge => {
  const idp = { issuer: IDP, client: 'edge', secret: 'hu:sh ü', allow: ALLOW, ...changed };
  const made = signInEdge({ BRIDGE_IDP: JSON.stringify(idp), ...settings });
  made.provider = (request) => issuer.answer(request);
  return made;
};

beforeEach(async () => {
  vi.useFakeTimers({ now: START, toFake: ['Date'] });
  issuer = await PlayedIssuer.start(IDP);
  edge = edgeWith();
  app = await PlayedApp.registered(edge);
  return () => void vi.useRealTimers();
});

/** Leaves for the provider: where the browser is sent. */
async function leave(browser: Browser, url = app.url()): Promise<URL> {
  const page = await browser.open(url);
  expect(page.text).toContain('signing in at <strong>idp.example</strong>');
  const answer = await browser.send(ISSUER, { request: page.sealed ?? '', decision: 'provider' });
  expect(answer.status).toBe(303);
  return new URL(answer.headers.get('location') ?? '');
}

const comeBack = (browser: Browser, to: URL, signed: Signed = {}): Promise<Response> =>
  comeBackFrom(issuer, browser, to, signed);

async function signIn(signed: Signed = {}): Promise<Response> {
  const browser = browserOf(edge);
  return comeBack(browser, await leave(browser), signed);
}

async function tokensOf(answer: Response): Promise<Tokens> {
  expect([answer.status, await answer.text()]).toEqual([303, '']);
  const back = new URL(answer.headers.get('location') ?? '');
  return (await (await app.redeem(back.searchParams.get('code') ?? '')).json()) as Tokens;
}

const textOf = async (answer: Response): Promise<string> => {
  expect(answer.headers.get('location')).toBeNull();
  return (await answer.text()).replace(/\s+/gu, ' ');
};

const LETS_IN = 415;

describe('[F-524] sign-in at an identity provider', () => {
  test('leaves with state, nonce and PKCE, and lets a person in who is on the list', async () => {
    const browser = browserOf(edge);
    const to = await leave(browser);
    expect(`${to.origin}${to.pathname}`).toBe(`${IDP}/authorize`);
    const {
      state,
      nonce,
      code_challenge: challenge,
      ...rest
    } = Object.fromEntries(to.searchParams);
    expect(rest).toEqual({
      response_type: 'code',
      client_id: 'edge',
      redirect_uri: `${ISSUER}/callback`,
      scope: 'openid email profile',
      code_challenge_method: 'S256',
    });
    expect(new Set([state, nonce, challenge]).size).toBe(3);
    expect(browser.cookies).toMatch(/__Host-bridge-journey=[\w-]{43}/u);
    const answer = await comeBack(browser, to);
    const back = new URL(answer.headers.get('location') ?? '');
    expect(`${back.origin}${back.pathname}`).toBe(CALLBACK);
    expect([back.searchParams.get('state'), back.searchParams.get('iss')]).toEqual(['s1', ISSUER]);
    const { access_token: token } = await tokensOf(answer);
    expect(await statusWith(edge, token)).toBe(LETS_IN);
    const basic = edge.asked.find(({ url }) => url === `${IDP}/token`)?.authorization ?? '';
    expect(Buffer.from(basic.slice(6), 'base64').toString()).toBe('edge:hu%3Ash+%C3%BC');
    const headers = { Authorization: `Bearer ${OWNER_KEY}` };
    const { grants } = await json(await edge.send({ method: 'GET', headers }, '/-/api/grants'));
    expect(grants).toMatchObject([
      { person: expect.stringMatching(/^p-[\w-]{22}$/u), email: 'ann@corp.example' },
    ]);
  });

  test('nothing is asked of the provider, and no cookie for the way is set, before somebody allows it', async () => {
    const browser = browserOf(edge);
    await browser.open(app.url());
    expect([edge.asked, browser.cookies.includes('journey')]).toEqual([[], false]);
  });

  test('without an owner the page asks for no key', async () => {
    edge = edgeWith({}, { BRIDGE_OWNER: '' });
    app = await PlayedApp.registered(edge);
    const page = await browserOf(edge).open(app.url());
    expect(page.text).not.toContain('Owner key');
    const tokens = await tokensOf(await signIn());
    expect(await statusWith(edge, tokens.access_token)).toBe(LETS_IN);
  });

  test('takes the credentials as the provider wants them', async () => {
    issuer.changed = { token_endpoint_auth_methods_supported: ['client_secret_post'] };
    await tokensOf(await signIn());
    const asked = edge.asked.find(({ url }) => url === `${IDP}/token`);
    expect(asked?.authorization).toBeUndefined();
    expect(new URLSearchParams(asked?.form).get('client_secret')).toBe('hu:sh ü');
  });

  test('asks the userinfo for what the ID token does not say, of the same person', async () => {
    const claims = { email: undefined };
    issuer.changed = { userinfo_endpoint: `${IDP}/userinfo` };
    issuer.userinfo = { sub: 'bob', groups: ['staff'] };
    expect((await signIn({ claims })).status).toBe(403);
    issuer.userinfo = { sub: 'ann', groups: ['staff'] };
    await tokensOf(await signIn({ claims }));
    issuer.userinfo = undefined;
    const answer = await signIn({ claims });
    expect([answer.status, await textOf(answer)]).toEqual([
      503,
      expect.stringContaining('cannot be reached'),
    ]);
  });
});

describe('[F-524] who is not let in is told why', () => {
  test.each<[string, Signed, number, string]>([
    [
      'another domain',
      { claims: { email: 'ann@evil.example' } },
      403,
      'ann@evil.example, who may not use files',
    ],
    ['no vouched-for address', { claims: { email_verified: false } }, 403, 'may not use files'],
    [
      'too many groups',
      { claims: { email: undefined, _claim_names: { groups: 'x' } } },
      403,
      'too many',
    ],
    [
      'cancelled',
      { query: { code: undefined, error: 'access_denied', error_description: 'No <b>' } },
      403,
      'access_denied: No &lt;b&gt;',
    ],
    ['another code', { query: { code: 'c2' } }, 400, 'does not accept the proof'],
    ['no code', { query: { code: undefined } }, 502, 'did not prove'],
    [
      'another issuer',
      { query: { iss: 'https://other.example' } },
      400,
      'did not come from idp.example',
    ],
    ['another nonce', { claims: { nonce: 'other' } }, 502, 'did not prove'],
    ['no nonce', { claims: { nonce: undefined } }, 502, 'did not prove'],
    ['another audience', { claims: { aud: 'other' } }, 502, 'did not prove'],
    ['other audiences too', { claims: { aud: ['edge', 'other'] } }, 502, 'did not prove'],
    ['another authorized party', { claims: { azp: 'other' } }, 502, 'did not prove'],
    [
      'another issuer of the token',
      { claims: { iss: 'https://other.example' } },
      502,
      'did not prove',
    ],
    ['a token that is over', { claims: { exp: START / 1000 - 100 } }, 502, 'did not prove'],
    ['a token of nobody', { claims: { sub: undefined } }, 502, 'did not prove'],
    [
      'a shared secret',
      { sign: (claims) => issuer.signWithPublicKey(claims) },
      502,
      'did not prove',
    ],
    [
      'another key',
      { sign: async (claims) => (await PlayedIssuer.start(IDP)).sign(claims) },
      502,
      'did not prove',
    ],
  ])('%s', async (_, signed, status, words) => {
    const answer = await signIn(signed);
    expect([answer.status, await textOf(answer)]).toEqual([status, expect.stringContaining(words)]);
  });

  test('a provider that says it names itself has to', async () => {
    issuer.changed = { authorization_response_iss_parameter_supported: true };
    expect((await signIn()).status).toBe(400);
    expect((await signIn({ query: { iss: IDP } })).status).toBe(303);
  });

  test('a blocked person', async () => {
    const headers = { Authorization: `Bearer ${OWNER_KEY}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ issuer: IDP, subject: 'ann' });
    await edge.send({ method: 'POST', headers, body }, '/-/api/blocked');
    const answer = await signIn();
    expect([answer.status, await textOf(answer)]).toEqual([
      403,
      expect.stringContaining('blocked'),
    ]);
  });

  test('the provider is down, at each step, and comes back', async () => {
    issuer.isDown = true;
    const browser = browserOf(edge);
    const page = await browser.open(app.url());
    const fields = { request: page.sealed ?? '', decision: 'provider' };
    const answer = await browser.send(ISSUER, fields);
    expect([answer.status, answer.headers.get('retry-after'), await textOf(answer)]).toEqual([
      503,
      '5',
      expect.stringContaining('idp.example cannot be reached'),
    ]);
    issuer.isDown = false;
    vi.setSystemTime(START + 3_000);
    const to = await leave(browser);
    issuer.isDown = true;
    expect((await comeBack(browser, to)).status).toBe(503);
    issuer.isDown = false;
    vi.setSystemTime(START + 6_000);
    expect((await signIn()).status).toBe(303);
  });

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['a slash more', { issuer: `${IDP}/` }, 'another issuer than BRIDGE_IDP'],
    ['no place to sign in', { authorization_endpoint: undefined }, 'lacks something'],
    ['no keys', { jwks_uri: undefined }, 'lacks something'],
  ])('the operator named it wrongly: %s', async (_, changed, words) => {
    issuer.changed = changed;
    const browser = browserOf(edge);
    const page = await browser.open(app.url());
    const fields = { request: page.sealed ?? '', decision: 'provider' };
    const answer = await browser.send(ISSUER, fields);
    expect([answer.status, await textOf(answer)]).toEqual([502, expect.stringContaining(words)]);
  });

  test('the operator’s secret is wrong', async () => {
    const browser = browserOf(edge);
    const to = await leave(browser);
    issuer.token = async () => ({ status: 401, text: '{"error":"invalid_client"}' });
    const query = new URLSearchParams({ state: to.searchParams.get('state') ?? '', code: 'c1' });
    const answer = await browser.go(`${ISSUER}/callback?${query.toString()}`);
    expect([answer.status, await textOf(answer)]).toEqual([
      502,
      expect.stringContaining('does not accept &quot;client&quot;'),
    ]);
  });
});

describe('[F-525] the way back', () => {
  test('counts once', async () => {
    const browser = browserOf(edge);
    const to = await leave(browser);
    expect((await comeBack(browser, to)).status).toBe(303);
    expect((await comeBack(browser, to)).status).toBe(400);
  });

  test('counts once also if the person was refused', async () => {
    const browser = browserOf(edge);
    const to = await leave(browser);
    expect((await comeBack(browser, to, { query: { error: 'x', code: undefined } })).status).toBe(
      403,
    );
    expect((await comeBack(browser, to)).status).toBe(400);
  });

  test('belongs to the browser that left, and is not lost by another', async () => {
    const [mine, other] = [browserOf(edge), browserOf(edge)];
    const [to] = [await leave(mine), await leave(other)];
    expect((await comeBack(other, to)).status).toBe(400);
    expect((await comeBack(browserOf(edge), to)).status).toBe(400);
    expect((await comeBack(mine, to)).status).toBe(303);
  });

  test('is not taken with the answer of another journey', async () => {
    const browser = browserOf(edge);
    const [first, second] = [await leave(browser), await leave(browser)];
    const state = first.searchParams.get('state') ?? '';
    expect((await comeBack(browser, second, { query: { state } })).status).toBe(400);
  });

  test('lasts ten minutes', async () => {
    const browser = browserOf(edge);
    const to = await leave(browser);
    vi.setSystemTime(START + 600_000);
    expect((await comeBack(browser, to)).status).toBe(400);
  });

  test.each(['', '?code=c1', '?state=&code=c1', '?state=x&code=c1', '?state=x&state=y'])(
    'begins with a journey: /callback%s',
    async (query) => {
      const browser = browserOf(edge);
      await leave(browser);
      const answer = await browser.go(`${ISSUER}/callback${query}`);
      expect([answer.status, await textOf(answer)]).toEqual([
        400,
        expect.stringContaining('not on its way back'),
      ]);
    },
  );

  test('gives one code for one page, however many journeys begin there', async () => {
    const browser = browserOf(edge);
    const page = await browser.open(app.url());
    const fields = { request: page.sealed ?? '', decision: 'provider' };
    const ways: URL[] = [];
    for (let at = 0; at < 2; at++)
      ways.push(new URL((await browser.send(ISSUER, fields)).headers.get('location') ?? ''));
    const [first, second] = ways as [URL, URL];
    expect((await comeBack(browser, first)).status).toBe(303);
    expect((await comeBack(browser, second)).status).toBe(400);
  });

  test('is told when the actor is out of reach', async () => {
    const browser = browserOf(edge);
    const to = await leave(browser);
    edge.isAccessGone = true;
    expect((await comeBack(browser, to)).status).toBe(503);
  });
});

describe('[F-526] a list that changes', () => {
  /** The same storage under other settings, as after a deploy. */
  const changed = (allow: object[]): PlayedEdge => {
    const later = edgeWith({ allow });
    later.access = edge.access;
    return later;
  };

  test('bites at the next request and refresh, and the grant waits for its person', async () => {
    const tokens = await tokensOf(await signIn());
    const narrow = changed([{ email: 'bob@corp.example', servers: ['*'] }]);
    expect(await statusWith(narrow, tokens.access_token)).toBe(401);
    const refused = await new PlayedApp(narrow, app.id).renew(tokens.refresh_token);
    expect([refused.status, await json(refused)]).toEqual([
      400,
      expect.objectContaining({ error: 'invalid_grant' }),
    ]);
    const wide = changed(ALLOW);
    expect((await new PlayedApp(wide, app.id).renew(tokens.refresh_token)).status).toBe(200);
    expect(await statusWith(wide, tokens.access_token)).toBe(LETS_IN);
  });

  test('bites a code that was not redeemed yet', async () => {
    const answer = await signIn();
    const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const late = new PlayedApp(changed([{ subject: 'bob', servers: ['*'] }]), app.id);
    const fields = { grant_type: 'authorization_code', code, client_id: app.id };
    const more = { redirect_uri: CALLBACK, code_verifier: app.verifier };
    expect((await late.token({ ...fields, ...more })).status).toBe(400);
  });

  test('of another provider, or of none, lets nobody in who signed in before', async () => {
    const { access_token: token } = await tokensOf(await signIn());
    for (const settings of [{ BRIDGE_IDP: '' }, { BRIDGE_IDP: idpText('https://new.example') }]) {
      const later = signInEdge(settings);
      later.access = edge.access;
      expect(await statusWith(later, token)).toBe(401);
    }
  });

  const idpText = (url: string): string =>
    JSON.stringify({ issuer: url, client: 'edge', secret: 's', allow: ALLOW });

  test('without an owner lets no owner in', async () => {
    const { access_token: token } = await app.tokens();
    expect(await statusWith(edge, token)).toBe(LETS_IN);
    const later = signInEdge({ BRIDGE_OWNER: '', BRIDGE_IDP: idpText(IDP) });
    later.access = edge.access;
    expect(await statusWith(later, token)).toBe(401);
  });
});
