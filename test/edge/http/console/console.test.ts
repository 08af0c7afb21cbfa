// The console: who gets in, what its pages are sent with, and what its forms do (F-641).
import { describe, expect, test } from 'vitest';

import { ISLAND_SCRIPT } from '../../../../edge/http/console/island-script.ts';
import { consoleScript } from '../../../../runner/build-console.ts';
import { PlayedEdge } from '../modern-client.ts';
import { ISSUER, OWNER_KEY, SETTINGS, FORM, sha256Hex, signInEdge } from '../oauth/signing-in.ts';

const HTML = { Accept: 'text/html' };

const consoleEdge = (changed: Record<string, string> = {}): PlayedEdge => {
  const edge = signInEdge(changed);
  edge.servers = ['files'];
  return edge;
};

const send = (
  edge: PlayedEdge,
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> =>
  edge.send(
    {
      method: 'POST',
      headers: { ...FORM, Origin: ISSUER, ...headers },
      body: new URLSearchParams(fields).toString(),
    },
    path,
  );

async function cookieOf(edge: PlayedEdge, key = OWNER_KEY): Promise<string> {
  const answer = await send(edge, '/-/sign-in', { key });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/-/']);
  const [cookie = ''] = answer.headers.getSetCookie();
  return cookie.split(';')[0] ?? '';
}

async function get(edge: PlayedEdge, path: string, Cookie = '', more = HTML): Promise<Response> {
  return edge.send({ headers: { ...more, ...(Cookie !== '' && { Cookie }) } }, path);
}

describe('[F-641] the owner signs in', () => {
  test('with the key, once: the cookie is for this host, for pages of this edge, and not for scripts', async () => {
    const edge = consoleEdge();
    const answer = await send(edge, '/-/sign-in', { key: ` ${OWNER_KEY}\n` });
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toMatch(
      /^__Host-bridge-console=[\w-]+; Path=\/; Max-Age=28800; Secure; HttpOnly; SameSite=Strict$/u,
    );
    expect(cookie).not.toContain(OWNER_KEY);
    const page = await get(edge, '/-/', cookie.split(';')[0]);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('1 runner linked, 1 server');
  });

  test('nobody else sees more than the question for it', async () => {
    const edge = consoleEdge();
    for (const cookie of [
      '',
      '__Host-bridge-console=abc',
      `__Host-bridge-console=${'A'.repeat(80)}`,
    ])
      for (const path of ['/-/', '/-/calls', '/-/runners', '/-/nowhere']) {
        const page = await get(edge, path, cookie);
        expect(await page.text()).toContain('Owner key');
      }
    expect((await get(edge, '/-/events')).status).toBe(401);
    expect(edge.views).toBe(0);
    const acted = await send(edge, '/-/sessions/end', { session: 'x' });
    expect(await acted.text()).toContain('owner key');
    expect(edge.dismissed).toEqual([]);
  });

  test('a key that was replaced opens nothing any more, nor does another edge its cookie', async () => {
    const cookie = await cookieOf(consoleEdge());
    const rotated = consoleEdge({ BRIDGE_OWNER: `sha256:${sha256Hex('another')}` });
    const other = consoleEdge({ BRIDGE_SECRET: 'another secret of 32 or more characters' });
    for (const edge of [rotated, other])
      expect(await (await get(edge, '/-/', cookie)).text()).toContain('Owner key');
  });

  test('a wrong key is refused, and where too many came no further one is looked at', async () => {
    const edge = consoleEdge();
    edge.address = '203.0.113.9';
    const statuses = [];
    for (let n = 0; n < 20; n++)
      statuses.push((await send(edge, '/-/sign-in', { key: `mcpo_${n}` })).status);
    expect(statuses[0]).toBe(403);
    expect(statuses.at(-1)).toBe(429);
    expect(edge.log.at(0)).toMatchObject({ message: 'request refused', fault: 'access_denied' });
  });

  test('a program shows the key with each request, and reads what a person reads', async () => {
    const edge = consoleEdge();
    const right = { Authorization: `Bearer ${OWNER_KEY}` };
    const page = await edge.send({ headers: right }, '/-/');
    expect(page.headers.get('content-type')).toMatch(/^text\/plain/u);
    expect(await page.text()).toMatch(/^1 runner linked, 1 server, 0 sessions, no call yet\.\n/u);
    expect((await edge.send({ headers: { Authorization: 'Bearer wrong' } }, '/-/')).status).toBe(
      401,
    );
    const foreign = { ...right, Origin: 'https://evil.example' };
    expect((await edge.send({ headers: foreign }, '/-/')).status).toBe(403);
  });

  test('signing out takes the cookie back', async () => {
    const edge = consoleEdge();
    const Cookie = await cookieOf(edge);
    const answer = await send(edge, '/-/sign-out', {}, { Cookie });
    expect(answer.headers.getSetCookie()).toEqual([
      '__Host-bridge-console=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict',
    ]);
  });

  test('without an owner there is no console, and the page says how to get one', async () => {
    for (const edge of [new PlayedEdge({}), new PlayedEdge({ BRIDGE_URL: ISSUER })]) {
      const answer = await get(edge, '/-/');
      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain('BRIDGE_OWNER');
    }
  });

  test('a browser that came by another name of the edge goes to the one that counts', async () => {
    const edge = consoleEdge({ BRIDGE_HOSTS: 'edge.example,other.example' });
    const answer = await get(edge, 'https://other.example/-/calls');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${ISSUER}/-/`]);
    expect((await get(edge, '/-')).headers.get('location')).toBe('/-/');
  });
});

describe('[F-641] another site', () => {
  test('sends no form, with the cookie or without', async () => {
    const edge = consoleEdge();
    const Cookie = await cookieOf(edge);
    for (const Origin of [
      'https://evil.example',
      'null',
      'http://edge.example',
      `${ISSUER}.evil.example`,
    ])
      for (const path of ['/-/sign-in', '/-/sessions/end', '/-/runners', '/-/sign-out']) {
        const answer = await send(edge, path, { key: OWNER_KEY }, { Origin, Cookie });
        expect(answer.status).toBe(403);
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
    const without = { method: 'POST', headers: { ...FORM, Cookie }, body: 'session=x' };
    expect((await edge.send(without, '/-/sessions/end')).status).toBe(403);
    expect(edge.dismissed).toEqual([]);
  });

  test('shows no page in a frame, and its scripts and images do not get in', async () => {
    const edge = consoleEdge();
    const page = await get(edge, '/-/', await cookieOf(edge));
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/u);
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  test('the policy names exactly the sheets and the script of the page', async () => {
    const edge = consoleEdge();
    const page = await get(edge, '/-/', await cookieOf(edge));
    const policy = (page.headers.get('content-security-policy') ?? '')
      .replaceAll('-', '+')
      .replaceAll('_', '/');
    const text = await page.text();
    const parts = [...text.matchAll(/<(style|script)>(.*?)<\/\1>/gsu)].map(
      ([, , part = '']) => part,
    );
    expect(parts).toHaveLength(3);
    for (const part of parts) {
      const digest = Buffer.from(sha256Hex(part), 'hex').toString('base64');
      expect(policy).toContain(`sha256+${digest}`);
    }
  });
});

describe('[F-641] what its forms do', () => {
  test('a session is ended by the name that is shown, which is none that opens it', async () => {
    const edge = consoleEdge();
    const session = 'S'.repeat(22);
    edge.shownSessions = [
      { session, server: 'files', principal: 'ann', runner: 'r1', openedAt: Date.now() },
    ];
    const Cookie = await cookieOf(edge);
    const text = await (await get(edge, '/-/sessions', Cookie)).text();
    expect(text).not.toContain(session);
    const [, id = ''] = /name="session" value="(\w+)"/u.exec(text) ?? [];
    const missed = await send(edge, '/-/sessions/end', { session: 'nothing' }, { Cookie });
    expect([missed.status, edge.dismissed]).toEqual([400, []]);
    const ended = await send(edge, '/-/sessions/end', { session: id }, { Cookie });
    expect([ended.status, edge.dismissed]).toEqual([303, [session]]);
  });

  test('a runner is invited, with the lines to run on its machine', async () => {
    const edge = consoleEdge();
    const Cookie = await cookieOf(edge);
    const wrong = await send(
      edge,
      '/-/runners',
      { name: 'a b', servers: '*' },
      { Cookie, ...HTML },
    );
    expect([wrong.status, await wrong.text()]).toEqual([
      400,
      expect.stringContaining('must have 1 to 64'),
    ]);
    const page = await send(
      edge,
      '/-/runners',
      { name: 'vm9', servers: 'files, mail' },
      { Cookie, ...HTML },
    );
    expect(await page.text()).toMatch(
      /npx mcp-edge-bridge join https:\/\/edge\.example enr_[\w-]{12}\.[\w-]{43}/u,
    );
    const listed = await edge.send(
      { headers: { Authorization: `Bearer ${OWNER_KEY}` } },
      '/-/api/runners',
    );
    expect(listed.status).toBe(200);
  });
});

test('[F-641] the script of the pages is the one that its sources make', async () => {
  expect(SETTINGS.BRIDGE_URL).toBe(ISSUER);
  expect(ISLAND_SCRIPT).toBe(await consoleScript());
  expect(ISLAND_SCRIPT).not.toMatch(/<\/script|<!--|\beval\(|new Function/u);
});
