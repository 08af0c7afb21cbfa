// Signing in, from the app's request to its tokens, and everything that must not work on the way.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Browser } from '../../../fixtures/browser.ts';
import type { PlayedEdge } from '../modern-client.ts';
import {
  browserOf,
  CALLBACK,
  ISSUER,
  json,
  OWNER_KEY,
  PlayedApp,
  signInEdge,
  statusWith,
} from './signing-in.ts';

let edge: PlayedEdge;
let app: PlayedApp;

beforeEach(async () => {
  edge = signInEdge();
  app = await PlayedApp.registered(edge);
});
afterEach(() => void vi.useRealTimers());

/** Lets the clock run on. */
const pass = (ms: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
};

describe('[F-403] the way of an app', () => {
  test('from its request to a token that its server takes', async () => {
    const browser = browserOf(edge);
    const page = await browser.open(app.url());
    expect(page.status).toBe(200);
    expect(page.text).toContain('files');
    const answer = await browser.send(ISSUER, {
      request: page.sealed ?? '',
      key: OWNER_KEY,
      decision: 'allow',
    });
    expect([answer.status, answer.headers.get('referrer-policy')]).toEqual([303, 'no-referrer']);
    const back = new URL(answer.headers.get('location') ?? '');
    expect(`${back.origin}${back.pathname}`).toBe(CALLBACK);
    expect([back.searchParams.get('state'), back.searchParams.get('iss')]).toEqual(['s1', ISSUER]);
    const redeemed = await app.redeem(back.searchParams.get('code') ?? '', {
      resource: `${ISSUER}/files/mcp`,
    });
    expect([redeemed.status, redeemed.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const tokens = await json(redeemed);
    expect(tokens).toEqual({
      access_token: expect.stringMatching(/^mcpa_[\w-]{43}$/u),
      token_type: 'Bearer',
      expires_in: 28_800,
      refresh_token: expect.stringMatching(/^mcpf_[\w-]{43}$/u),
      scope: 'mcp',
    });
    expect(await statusWith(edge, String(tokens['access_token']))).not.toBe(401);
  });

  test('a refusal of the person goes to the app', async () => {
    const browser = browserOf(edge);
    const { sealed = '' } = await browser.open(app.url());
    const answer = await browser.send(ISSUER, { request: sealed, decision: 'deny' });
    const back = new URL(answer.headers.get('location') ?? '');
    expect(Object.fromEntries(back.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 's1',
      iss: ISSUER,
    });
  });

  test('two tabs of one browser do not disturb each other', async () => {
    const browser = browserOf(edge);
    const first = await browser.open(app.url());
    const second = await browser.open(app.url({ state: 's2' }));
    for (const { sealed = '' } of [first, second]) {
      const answer = await browser.send(ISSUER, {
        request: sealed,
        key: OWNER_KEY,
        decision: 'allow',
      });
      expect(answer.status).toBe(303);
    }
  });

  test('without a resource it is the only server there is', async () => {
    edge.servers = ['files'];
    const { access_token: token } = await app.tokens({ resource: undefined });
    expect(await statusWith(edge, token)).not.toBe(401);
    edge.servers = ['files', 'mail'];
    const answer = await browserOf(edge).go(app.url({ resource: undefined }));
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('error')).toBe(
      'invalid_target',
    );
  });
});

describe('[F-404] no browser is redirected before app and URI are proved', () => {
  test.each([
    'https://evil.example/callback',
    'https://app.example/callback/../evil',
    'https://app.example/callback/',
    'https://app.example/Callback',
    'https://app.example@evil.example/callback',
    'https://app.example.evil.example/callback',
    'https://APP.example/callback',
    'http://app.example/callback',
    'https://app.example:444/callback',
    'https://app.example/callback?x=1',
    'https://app.example/callback#x',
    'javascript:alert(1)',
    '//app.example/callback',
    '',
  ])('%s', async (redirect) => {
    const answer = await browserOf(edge).go(app.url({ redirect_uri: redirect }));
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });

  test('nor for an app that nobody knows, or a request that names two', async () => {
    for (const url of [
      app.url({ client_id: 'app-unknown' }),
      app.url({ client_id: undefined }),
      `${app.url()}&redirect_uri=https://evil.example/`,
      `${app.url()}&client_id=x`,
    ]) {
      const answer = await browserOf(edge).go(url);
      expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    }
  });

  test('an app on this machine is answered at any port, and under no other name', async () => {
    const local = await PlayedApp.registered(edge, ['http://127.0.0.1:1/callback']);
    const asked = async (redirect: string): Promise<number> =>
      (await browserOf(edge).open(local.url({ redirect_uri: redirect }))).status;
    expect(await asked('http://127.0.0.1:54321/callback')).toBe(200);
    expect(await asked('http://127.0.0.1/callback')).toBe(200);
    for (const other of [
      'http://localhost:1/callback',
      'http://[::1]:1/callback',
      'http://127.0.0.2:1/callback',
      'http://127.0.0.1:1/other',
      'https://127.0.0.1:1/callback',
      'http://127.0.0.1:99999/callback',
      'http://127.0.0.1@evil.example/callback',
    ])
      expect([other, await asked(other)]).toEqual([other, 400]);
  });
});

describe('[F-405] what else is wrong is told to the app, with state and issuer', () => {
  test.each<[string, Record<string, string | undefined>]>([
    ['unsupported_response_type', { response_type: 'token' }],
    ['invalid_request', { code_challenge: undefined }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['invalid_request', { code_challenge_method: undefined }],
    ['invalid_request', { code_challenge: 'short' }],
    ['invalid_request', { response_mode: 'fragment' }],
    ['invalid_target', { resource: 'https://other.example/files/mcp' }],
    ['invalid_target', { resource: `${ISSUER}/` }],
    ['invalid_target', { resource: 'files' }],
    ['interaction_required', { prompt: 'none' }],
    ['request_not_supported', { request: 'x' }],
  ])('%s %j', async (error, changed) => {
    const answer = await browserOf(edge).go(app.url(changed));
    expect(answer.status).toBe(303);
    const { searchParams } = new URL(answer.headers.get('location') ?? '');
    expect(Object.fromEntries(searchParams)).toMatchObject({ error, state: 's1', iss: ISSUER });
  });
});

describe('[F-406] a page counts once, in the browser it was shown in', () => {
  const send = (browser: Browser, sealed: string | undefined, headers?: Record<string, string>) =>
    browser.send(ISSUER, { request: sealed ?? '', key: OWNER_KEY, decision: 'allow' }, headers);

  test('not without the cookie, and not with that of another browser', async () => {
    const { sealed } = await browserOf(edge).open(app.url());
    const other = browserOf(edge);
    expect((await send(other, sealed)).status).toBe(400);
    await other.open(app.url());
    expect((await send(other, sealed)).status).toBe(400);
  });

  test('not twice', async () => {
    const browser = browserOf(edge);
    const { sealed } = await browser.open(app.url());
    expect((await send(browser, sealed)).status).toBe(303);
    expect((await send(browser, sealed)).status).toBe(400);
  });

  test('not after ten minutes', async () => {
    const browser = browserOf(edge);
    const { sealed } = await browser.open(app.url());
    pass(600_001);
    expect((await send(browser, sealed)).status).toBe(400);
  });

  test('not from a page of another site, and not changed', async () => {
    const browser = browserOf(edge);
    const { sealed = '' } = await browser.open(app.url());
    for (const Origin of ['https://evil.example', 'null'])
      expect((await send(browser, sealed, { Origin })).status).toBe(403);
    // Its first character is any of 64.
    const otherFirst = `${sealed.startsWith('B') ? 'C' : 'B'}${sealed.slice(1)}`;
    for (const changed of [sealed.slice(1), `${sealed}A`, otherFirst, 'x', ''])
      expect((await send(browser, changed)).status).toBe(400);
    expect((await send(browser, sealed)).status).toBe(303);
  });

  test('its cookie is of this host alone, and its page stands in no frame', async () => {
    const { headers } = await browserOf(edge).open(app.url());
    const cookie = headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^__Host-[\w-]+=[\w-]{43}; /u);
    for (const part of ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax'])
      expect(cookie.split('; ')).toContain(part);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('form-action');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('[F-407] what an app says of itself is shown as text', () => {
  test.each([
    '<b>bold</b>',
    '"><script>alert(1)</script>',
    `'><img src=x onerror=alert(1)>`,
    'Claude\u202e\u200b\u0007',
    `a long one ${'x'.repeat(10_000)}`,
  ])('%.40s', async (name) => {
    const named = await PlayedApp.registered(edge, [CALLBACK], name);
    const { text } = await browserOf(edge).open(named.url());
    expect(text).not.toMatch(/<(?:b|script|img)\b/u);
    expect(text).not.toMatch(/[\u202e\u200b\u0007]/u);
    expect(text.length).toBeLessThan(8_000);
    expect(text).toContain('Nobody has checked it.');
  });

  test('its state comes back byte for byte', async () => {
    const state = `<"'&=é ${'y'.repeat(1_000)}`;
    const back = await browserOf(edge).allow(app.url({ state }), OWNER_KEY);
    expect(back.searchParams.get('state')).toBe(state);
  });
});

describe('[F-408] a code', () => {
  test.each<[string, Record<string, string>]>([
    ['another verifier', { code_verifier: 'v'.repeat(43) }],
    ['no verifier at all', { code_verifier: 'x' }],
    ['another URI', { redirect_uri: 'https://app.example/other' }],
    ['another app', { client_id: 'app-other' }],
    ['another resource', { resource: `${ISSUER}/mail/mcp` }],
    ['a resource elsewhere', { resource: 'https://other.example/files/mcp' }],
  ])('is spent by %s', async (_, changed) => {
    const code = await app.code();
    const wrong = await app.redeem(code, changed);
    expect(wrong.status).toBe(400);
    const right = await app.redeem(code);
    expect([right.status, (await json(right))['error']]).toEqual([400, 'invalid_grant']);
  });

  test('that comes again ends what it gave', async () => {
    const code = await app.code();
    const { access_token: token } = await json(await app.redeem(code));
    expect((await app.redeem(code)).status).toBe(400);
    expect(await statusWith(edge, String(token))).toBe(401);
  });

  test('gives one answer to ten that come at once', async () => {
    const code = await app.code();
    const answers = await Promise.all(Array.from({ length: 10 }, () => app.redeem(code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('counts for a minute', async () => {
    const code = await app.code();
    pass(60_001);
    expect((await app.redeem(code)).status).toBe(400);
  });
});

describe('[F-409] /token', () => {
  test.each<[string, number, Record<string, string | undefined>, Record<string, string>]>([
    ['invalid_request', 400, { grant_type: undefined }, {}],
    ['unsupported_grant_type', 400, { grant_type: 'password' }, {}],
    ['invalid_request', 400, { client_id: undefined }, {}],
    ['invalid_request', 400, { code: undefined }, {}],
    ['invalid_request', 400, { redirect_uri: undefined }, {}],
    ['invalid_request', 400, { code_verifier: undefined }, {}],
    ['invalid_client', 400, { client_secret: 'x' }, {}],
    ['invalid_client', 400, { client_assertion: 'x' }, {}],
    ['invalid_client', 401, {}, { Authorization: 'Basic eDp5' }],
    ['invalid_request', 400, {}, { 'Content-Type': 'application/json' }],
  ])('%s %i %j %j', async (error, status, changed, headers) => {
    const fields = {
      grant_type: 'authorization_code',
      code: 'x',
      client_id: app.id,
      redirect_uri: CALLBACK,
      code_verifier: app.verifier,
      ...changed,
    };
    const answer = await app.token(fields, headers);
    expect([answer.status, (await json(answer))['error']]).toEqual([status, error]);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  test('a parameter that comes twice, or too much of them, is refused', async () => {
    for (const body of ['grant_type=refresh_token&grant_type=x', `a=${'x'.repeat(20_000)}`]) {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const answer = await edge.send({ method: 'POST', headers, body }, '/token');
      expect([answer.status, (await json(answer))['error']]).toEqual([400, 'invalid_request']);
    }
  });

  test('an actor out of reach is no refusal: tokens are kept', async () => {
    const { refresh_token: refresh } = await app.tokens();
    edge.isAccessGone = true;
    const answer = await app.renew(refresh);
    expect([answer.status, (await json(answer))['error']]).toEqual([
      503,
      'temporarily_unavailable',
    ]);
    edge.isAccessGone = false;
    expect((await app.renew(refresh)).status).toBe(200);
  });
});

describe('[F-410] a refresh token', () => {
  test('turns, and its answer may be lost', async () => {
    const { refresh_token: first } = await app.tokens();
    const second = await json(await app.renew(first));
    const again = await json(await app.renew(first));
    expect(again['refresh_token']).toBe(second['refresh_token']);
    expect(again['access_token']).not.toBe(second['access_token']);
    for (const tokens of [second, again])
      expect(await statusWith(edge, String(tokens['access_token']))).not.toBe(401);
  });

  test('that 20 present at once serves all of them', async () => {
    const { refresh_token: first } = await app.tokens();
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.renew(first)));
    const all = await Promise.all(answers.map(json));
    expect(new Set(all.map((tokens) => tokens['refresh_token'])).size).toBe(1);
    for (const { access_token: token, refresh_token: next } of all) {
      expect(await statusWith(edge, String(token))).not.toBe(401);
      expect((await app.renew(String(next))).status).toBe(200);
    }
  });

  test('that was stolen is found when both have used it on', async () => {
    const { refresh_token: stolen } = await app.tokens();
    const thief = await json(await app.renew(stolen));
    await app.renew(String(thief['refresh_token']));
    expect((await app.renew(stolen)).status).toBe(400);
    expect((await app.renew(String(thief['refresh_token']))).status).toBe(400);
    expect(await statusWith(edge, String(thief['access_token']))).toBe(401);
  });

  test('of another app ends nothing', async () => {
    const { refresh_token: refresh } = await app.tokens();
    const other = await PlayedApp.registered(edge);
    const wrong = await other.renew(refresh);
    expect([wrong.status, (await json(wrong))['error']]).toEqual([400, 'invalid_grant']);
    expect((await app.renew(refresh)).status).toBe(200);
  });

  test.each<[string, Record<string, string>]>([
    ['invalid_target', { resource: `${ISSUER}/mail/mcp` }],
    ['invalid_scope', { scope: 'mcp admin' }],
  ])('with %s stays as it is', async (error, changed) => {
    const { refresh_token: refresh } = await app.tokens();
    expect(await json(await app.renew(refresh, changed))).toMatchObject({ error });
    const same = { resource: `${ISSUER}/files/sse`, scope: 'mcp offline_access' };
    expect((await app.renew(refresh, same)).status).toBe(200);
  });

  test('ends after a month without use', async () => {
    const { refresh_token: refresh } = await app.tokens();
    pass(30 * 24 * 3_600_000 + 1);
    expect((await app.renew(refresh)).status).toBe(400);
  });
});

describe('[F-411] an access token', () => {
  test('is for one server, over each of its transports', async () => {
    const { access_token: token } = await app.tokens();
    expect(await statusWith(edge, token, '/mail/mcp')).toBe(401);
    expect(await statusWith(edge, token)).not.toBe(401);
    expect(await statusWith(edge, token, '/mail/mcp')).toBe(401);
    expect(await statusWith(edge, token, '/files/message?sessionId=x')).not.toBe(401);
  });

  test('is no refresh token, no code, and no key', async () => {
    const code = await app.code();
    const { access_token: access, refresh_token: refresh } = await app.tokens();
    expect((await app.renew(access)).status).toBe(400);
    for (const other of [refresh, code, OWNER_KEY]) expect(await statusWith(edge, other)).toBe(401);
    expect((await app.redeem(access)).status).toBe(400);
  });

  test('expires', async () => {
    const { access_token: token, expires_in: seconds } = await app.tokens();
    pass(seconds * 1000 - 1_000);
    expect(await statusWith(edge, token)).not.toBe(401);
    pass(1_001);
    expect(await statusWith(edge, token)).toBe(401);
  });

  test('of an ended grant is refused half a minute later at the latest', async () => {
    const { access_token: token, refresh_token: refresh } = await app.tokens();
    expect(await statusWith(edge, token)).not.toBe(401);
    const answer = await edge.send(
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: `token=${refresh}`,
      },
      '/revoke',
    );
    expect(answer.status).toBe(200);
    expect((await app.renew(refresh)).status).toBe(400);
    pass(30_001);
    expect(await statusWith(edge, token)).toBe(401);
  });

  test('in a URL is refused', async () => {
    const { access_token: token, refresh_token: refresh } = await app.tokens();
    for (const secret of [token, refresh, OWNER_KEY]) {
      const answer = await edge.send({}, `/files/mcp?x=${secret}`);
      expect(answer.status).toBe(400);
    }
  });
});

describe('[F-412] /revoke', () => {
  test('answers what is unknown as what was ended', async () => {
    for (const token of [`mcpa_${'x'.repeat(43)}`, 'junk']) {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const answer = await edge.send(
        { method: 'POST', headers, body: `token=${token}` },
        '/revoke',
      );
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
        200,
        '*',
      ]);
    }
  });

  test('[F-507] by an access token ends the refresh token too, and what is open', async () => {
    const { access_token: token, refresh_token: refresh } = await app.tokens();
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    await edge.send(
      { method: 'POST', headers, body: `token=${token}&token_type_hint=access_token` },
      '/revoke',
    );
    expect((await app.renew(refresh)).status).toBe(400);
    expect(edge.withdrawn).toEqual([
      { principal: 'owner', by: { grant: expect.any(String), server: 'files' } },
    ]);
  });
});

describe('[F-413] wrong keys', () => {
  const tryKey = async (key: string): Promise<number> => {
    const browser = browserOf(edge);
    const { sealed = '' } = await browser.open(app.url());
    return (await browser.send(ISSUER, { request: sealed, key, decision: 'allow' })).status;
  };

  test('get the page again, and after ten in a minute nothing from there', async () => {
    // However long it takes: one is given back every six seconds.
    pass(0);
    const statuses: number[] = [];
    const browser = browserOf(edge);
    const { sealed = '' } = await browser.open(app.url());
    for (let at = 0; at < 1_000; at++) {
      const fields = { request: sealed, key: `mcpo_${at}`, decision: 'allow' };
      const answer = await browser.send(ISSUER, fields);
      statuses.push(answer.status);
      expect(Number(answer.headers.get('retry-after')) > 0).toBe(answer.status === 429);
    }
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 403));
    expect(new Set(statuses.slice(10))).toEqual(new Set([429]));
    edge.address = '192.0.2.2';
    expect(await tryKey('wrong')).toBe(403);
    expect(await tryKey(OWNER_KEY)).toBe(303);
  });

  test('never lock out who has the right one', async () => {
    const browser = browserOf(edge);
    const { sealed = '' } = await browser.open(app.url());
    for (let at = 0; at < 20; at++)
      await browser.send(ISSUER, { request: sealed, key: 'x', decision: 'allow' });
    const right = { request: sealed, key: ` ${OWNER_KEY}\n`, decision: 'allow' };
    expect((await browser.send(ISSUER, right)).status).toBe(303);
  });
});

describe('[F-414] a registration', () => {
  const register = (body: unknown): Promise<Response> =>
    edge.send(
      { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) },
      '/register',
    );

  test('is answered with what was granted', async () => {
    edge.address = '192.0.2.9';
    const redirects = [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
      'http://localhost:8787/callback',
      'http://intranet.example/callback',
    ];
    const answer = await register({
      redirect_uris: redirects,
      client_name: 'Cursor',
      application_type: 'web',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      scope: 'x',
    });
    expect(answer.status).toBe(201);
    expect(await json(answer)).toEqual({
      client_id: expect.stringMatching(/^app-[\w-]{22}$/u),
      client_id_issued_at: expect.any(Number),
      client_name: 'Cursor',
      redirect_uris: redirects,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    });
  });

  test.each<[string, unknown]>([
    ['invalid_client_metadata', 'junk'],
    ['invalid_client_metadata', '[]'],
    ['invalid_redirect_uri', {}],
    ['invalid_redirect_uri', { redirect_uris: [] }],
    ['invalid_redirect_uri', { redirect_uris: 'https://app.example/' }],
    ['invalid_redirect_uri', { redirect_uris: [1] }],
    ['invalid_redirect_uri', { redirect_uris: ['javascript:alert(1)', CALLBACK] }],
    ['invalid_redirect_uri', { redirect_uris: ['JavaScript:alert(1)'] }],
    ['invalid_redirect_uri', { redirect_uris: ['data:text/html,x'] }],
    ['invalid_redirect_uri', { redirect_uris: ['https://a.example/\r\nSet-Cookie: x'] }],
    ['invalid_redirect_uri', { redirect_uris: ['https://a.example/"><b>'] }],
    ['invalid_redirect_uri', { redirect_uris: ['http://app.example/'] }],
    ['invalid_redirect_uri', { redirect_uris: ['https://app.example/#x'] }],
    ['invalid_redirect_uri', { redirect_uris: ['https://u:p@app.example/'] }],
    ['invalid_redirect_uri', { redirect_uris: Array.from({ length: 11 }, () => CALLBACK) }],
  ])('%s: %j', async (error, body) => {
    const answer = await register(body);
    expect([answer.status, (await json(answer))['error']]).toEqual([400, error]);
  });

  test('is short', async () => {
    const long = `${CALLBACK}/${'x'.repeat(400)}`;
    const many = Array.from({ length: 6 }, (_, at) => `${long}${at}`);
    for (const body of [
      'x'.repeat(20_000),
      { redirect_uris: many },
      { redirect_uris: [long + long] },
    ])
      expect((await register(body)).status).toBe(400);
    expect((await register({ redirect_uris: [long] })).status).toBe(201);
  });

  test('is limited for one network, and an IPv6 network is one', async () => {
    edge.address = '2001:db8:1:2::1';
    for (let at = 0; at < 10; at++) {
      edge.address = `2001:db8:1:2::${at + 1}`;
      expect((await register({ redirect_uris: [CALLBACK] })).status).toBe(201);
    }
    edge.address = '2001:db8:1:2:ffff::1';
    const answer = await register({ redirect_uris: [CALLBACK] });
    expect([answer.status, answer.headers.has('retry-after')]).toEqual([429, true]);
    edge.address = '2001:db8:1:3::1';
    expect((await register({ redirect_uris: [CALLBACK] })).status).toBe(201);
  });
});
