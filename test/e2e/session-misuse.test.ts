// Misuse of sessions and keys (test/faults.ts) through the whole bridge, with two principals.
import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { createApp } from '../../edge/http/app.ts';
import { hashCredential, mintClientKey } from '../../runner/credential.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startTestEdge } from './edges.ts';
import { startBridge, type Bridge } from './harness.ts';
import { readJournal, temporaryFolder } from './journal.ts';
import { ask, RawConnection, type Answer } from './raw-http.ts';
import {
  askForSession,
  bearer,
  BOTH,
  fixture,
  initialize,
  messageOf,
  messagesOf,
  openSession,
  POST_HEADERS,
  RawSession,
  SseSession,
  textOf,
  toolCall,
  type Message,
} from './raw-session.ts';
import { runnerMetric, sessionsOpened, untilGone } from './runner-facts.ts';

const alice = mintClientKey();
const bob = mintClientKey();
const carol = mintClientKey();
const metricsKey = mintClientKey();

/** A process's end takes a second on a loaded machine; F-28 gives it 5 s. */
const END = { timeout: 5_000, interval: 20 };
let bridge: Bridge;
let journal: string;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  journal = `${folder}/journal`;
  const server = {
    command: process.execPath,
    args: [fixture('echo')],
    env: { JOURNAL: journal },
    bridge: { stderr: 'client' },
  };
  bridge = await startBridge({
    servers: { echo: server, other: server },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({
        alice: { key: hashCredential(alice), servers: ['*'] },
        bob: { key: hashCredential(bob), servers: ['echo', 'other'] },
        carol: { key: hashCredential(carol), servers: ['other'] },
      }),
      BRIDGE_METRICS_KEY: hashCredential(metricsKey),
      BRIDGE_ORIGINS: 'https://good.example',
    },
  });
  return remove;
});
afterAll(() => bridge.stop());

/** A session of its own for one test. */
async function open(key = alice, server = 'echo', revision?: string): Promise<RawSession> {
  const session = await openSession(bridge, server, { key, ...(revision && { revision }) });
  onTestFinished(() => session.end().then(() => undefined));
  return session;
}

/** The same session id in other hands, or on another server. */
const stolen = (session: RawSession, key: string, path = session.path): RawSession =>
  new RawSession(bridge.url, path, session.id, { 'Mcp-Session-Id': session.id, ...bearer(key) });

const withSessionId = (id: string): RawSession =>
  new RawSession(bridge.url, '/echo/mcp', id, { 'Mcp-Session-Id': id, ...bearer(alice) });

async function getOnce(session: RawSession, headers: Record<string, string> = {}): Promise<Answer> {
  const all = { Accept: 'text/event-stream', ...session.headers, ...headers };
  return ask(bridge.url, { path: session.path, headers: all });
}

/** What the three methods of the MCP endpoint answer. */
const tryAll = async (session: RawSession): Promise<Answer[]> => [
  await session.post(toolCall(1, 'echo', { text: 'misuse' })),
  await getOnce(session),
  await session.end(),
];

const echoes = async (session: RawSession): Promise<boolean> =>
  textOf(await session.call('echo', { text: 'alive' })) === 'alive';

const linesOf = (pid: number): string[] =>
  readJournal(journal)
    .filter((fact) => fact.pid === pid && fact.type === 'line')
    .map(({ line = '' }) => line);

const inFlight = (): Promise<number> => runnerMetric(bridge, 'mcp_bridge_requests_in_flight');

async function untilInFlight(count: number): Promise<void> {
  await vi.waitFor(async () => expect(await inFlight()).toBe(count), PATIENCE);
}

describe('session ids', () => {
  test('[F-23] a request without a session id gets 400', async () => {
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await ask(bridge.url, {
        method,
        path: '/echo/mcp',
        headers: { ...POST_HEADERS, ...bearer(alice) },
        ...(method === 'POST' && { body: toolCall(7, 'echo') }),
      });
      expect([method, answer.status]).toEqual([method, 400]);
      expect(messageOf(answer)).toMatchObject({ error: { data: { fault: 'session_required' } } });
    }
    const message = { method: 'POST', path: '/echo/message', body: toolCall(7, 'echo') };
    const headers = { ...POST_HEADERS, ...bearer(alice) };
    expect((await ask(bridge.url, { ...message, headers })).status).toBe(400);
  });

  test('[F-23] [F-25] unknown, malformed, forged, expired and foreign ids all get the same 404', async () => {
    const ended = await openSession(bridge, 'echo', { key: alice });
    await ended.end();
    const live = await open(bob);
    const elsewhere = await open(alice, 'other');
    const [name = '', mac = ''] = live.id.split('.');
    const random = (bytes: number): string => randomBytes(bytes).toString('base64url').slice(0, 22);
    const ids = [
      ended.id,
      live.id,
      elsewhere.id,
      `${random(17)}.${random(17)}`,
      `${name}.${random(17)}`,
      `${random(17)}.${mac}`,
      name,
      `${name}.`,
      `${live.id}x`,
      live.id.toUpperCase(),
      'x',
      '0',
      '../../fleet',
      'x'.repeat(8_000),
      '\u00e9\u00e9',
      '',
    ];
    const answers = await Promise.all(ids.map((id) => tryAll(withSessionId(id))));
    const bodies = answers.map((triple) => triple.map(({ body }) => body));
    for (const [index, triple] of answers.entries()) {
      expect([ids[index], ...triple.map(({ status }) => status)]).toEqual([
        ids[index],
        404,
        404,
        404,
      ]);
      expect([ids[index], bodies[index]]).toEqual([ids[index], bodies[0]]);
    }
    expect(bodies[0]?.[0]).toContain('"id":1,');
    expect(await echoes(live)).toBe(true);
    expect(await echoes(elsewhere)).toBe(true);
  });

  test('[F-23] session ids on HTTP+SSE: unknown, foreign and ended get the same 404', async () => {
    const live = await SseSession.open(bridge, 'echo', { key: bob });
    const ended = await SseSession.open(bridge, 'echo', { key: alice });
    const streamable = await open(alice);
    ended.stream.destroy();
    const path = (id: string): string => `/echo/message?sessionId=${id}`;
    const headers = { 'Content-Type': 'application/json', ...bearer(alice) };
    const body = toolCall(1, 'echo', { text: 'misuse' });
    const postTo = (to: string): Promise<Answer> =>
      ask(bridge.url, { method: 'POST', path: to, headers, body });
    await vi.waitFor(async () => expect((await postTo(ended.path)).status).toBe(404), {
      timeout: 20_000,
      interval: 200,
    });
    const answers = await Promise.all(
      [ended.path, live.path, path('x'), path(''), path('%00')].map(postTo),
    );
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
    expect(textOf(await live.call('echo', { text: 'alive' }))).toBe('alive');
    live.stream.destroy();
    expect(await echoes(streamable)).toBe(true);
  });

  test('[F-24] a second initialize on a live session is refused and changes nothing', async () => {
    const session = await open(alice, 'echo', '2025-06-18');
    const { pid } = await session.whoami();
    const before = linesOf(pid).length;
    const changed = initialize({ revision: '2024-11-05', capabilities: { sampling: {} } });
    const answer = await session.post(changed);
    expect(answer.status).toBe(400);
    expect(messageOf(answer)).toMatchObject({ id: 0, error: { code: -32600 } });
    // Its capabilities were not heard either: the server may still not ask.
    const asked = JSON.parse(textOf(await session.call('ask', { kind: 'sampling' }))) as object;
    expect(asked).toMatchObject({ error: { code: -32601 } });
    expect((await session.whoami()).pid).toBe(pid);
    expect(linesOf(pid).slice(before).join()).not.toContain('initialize');
  });

  test('[F-24] on HTTP+SSE too', async () => {
    const session = await SseSession.open(bridge, 'echo', { key: alice });
    const answer = await session.post(initialize());
    expect(answer.status).toBe(400);
    expect(messageOf(answer)).toMatchObject({ id: 0, error: { code: -32600 } });
    expect(textOf(await session.call('echo', { text: 'alive' }))).toBe('alive');
    session.stream.destroy();
  });

  test("[F-25] another principal's session cannot be used, heard or ended", async () => {
    const session = await open(alice);
    const { pid } = await session.whoami();
    const standing = await session.get();
    const before = linesOf(pid).length;
    for (const thief of [
      stolen(session, bob),
      stolen(session, alice, '/other/mcp'),
      stolen(session, bob, '/other/mcp'),
    ]) {
      const answers = await tryAll(thief);
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    }
    // Carol's key does not even open this server.
    expect((await tryAll(stolen(session, carol))).map(({ status }) => status)).toEqual([
      404, 404, 404,
    ]);
    expect(linesOf(pid)).toHaveLength(before);
    expect(standing.isEnded).toBe(false);
    expect(await echoes(session)).toBe(true);
    standing.destroy();
  });

  test("[F-25] another principal cannot post to an HTTP+SSE session's URL", async () => {
    const session = await SseSession.open(bridge, 'echo', { key: alice });
    const headers = { 'Content-Type': 'application/json', ...bearer(bob) };
    const wish = { method: 'POST', headers, body: toolCall(1, 'echo', { text: 'misuse' }) };
    expect((await ask(bridge.url, { ...wish, path: session.path })).status).toBe(404);
    const moved = session.path.replace('/echo/', '/other/');
    expect((await ask(bridge.url, { ...wish, path: moved })).status).toBe(404);
    // Nothing of it arrived: the next message on the stream is the answer to the owner's own call.
    expect(textOf(await session.call('echo', { text: 'mine' }))).toBe('mine');
    session.stream.destroy();
  });

  test('[R-9] equal calls of two principals at once never cross', async () => {
    const sessions = await Promise.all([alice, bob, alice, bob].map((key) => open(key)));
    const calls = sessions.flatMap((session, owner) =>
      Array.from({ length: 10 }, async (_, n) => {
        const text = `${owner}-${n}`;
        return [text, textOf(await session.call('echo', { text }, 1))];
      }),
    );
    for (const [sent, received] of await Promise.all(calls)) expect(received).toBe(sent);
    const pids = await Promise.all(sessions.map(async (session) => (await session.whoami()).pid));
    expect(new Set(pids).size).toBe(4);
  });
});

describe('event ids', () => {
  /** A session with a stream that was answered, and the ids of its events. */
  async function answered(): Promise<{ session: RawSession; ids: string[] }> {
    const session = await open(alice, 'echo', '2025-11-25');
    const stream = await session.postStream(
      toolCall(1, 'progress', { n: 3, ms: 100 }, { progressToken: 'p' }),
    );
    const ids: string[] = [];
    for (let event = await stream.next(); event; event = await stream.next())
      ids.push(event.id ?? '');
    return { session, ids };
  }

  test('[R-4] the owner gets the exact tail behind each event, and no more', async () => {
    const { session, ids } = await answered();
    expect(ids).toHaveLength(5);
    for (const [index, id] of ids.slice(0, -1).entries()) {
      const stream = await session.get({ 'Last-Event-ID': id });
      expect(stream.status).toBe(200);
      expect((await stream.rest()).map((event) => event.id)).toEqual(ids.slice(index + 1));
    }
  });

  test("[F-27] events of another session are not found, neither with its owner's key nor with another's", async () => {
    const { ids } = await answered();
    for (const key of [alice, bob]) {
      const session = await open(key);
      for (const id of ids) {
        const answer = await getOnce(session, { 'Last-Event-ID': id });
        expect([id, answer.status]).toEqual([id, 404]);
        expect(messagesOf(answer)).toMatchObject([{ error: { data: { fault: 'event_unknown' } } }]);
      }
    }
  });

  test('[F-27] forged and future event ids are refused without an event', async () => {
    const { session, ids } = await answered();
    const [stream = ''] = (ids[0] ?? '').split('.');
    const forged = [
      'get.1',
      'get.999999999',
      'sse.0',
      'sse.1',
      `${stream}.6`,
      `${stream}.9007199254740993`,
      `${stream}.-1`,
      `${stream}.01`,
      `${stream}.1e0`,
      `${stream}.0x1`,
      `${stream}.`,
      stream,
      `.${stream}`,
      `${stream}.1.1`,
      `${stream}.1 `.repeat(2),
      '*',
      '../get.0',
      'get.0,get.0',
      'get%2e0',
      '\u00e9.0',
      'x'.repeat(8_000),
      'null',
    ];
    for (const id of forged) {
      const answer = await getOnce(session, { 'Last-Event-ID': id });
      expect([id, answer.status === 400 || answer.status === 404]).toEqual([id, true]);
      expect(answer.body).not.toContain('progress');
    }
    expect(await echoes(session)).toBe(true);
  });

  test.each([
    ['a megabyte', `${'x'.repeat(1024 * 1024)}.1`],
    // The server may take a bare line feed as the header's end (RFC 9112 §2.2): what is left names a future event.
    ['a line feed', 'get.7\nX-Forged: 1'],
    ['a carriage return', 'get.0\rX-Forged: 1'],
    ['NUL', 'get.\0'],
  ])('[F-27] a Last-Event-ID with %s is refused by the server', async (_name, id) => {
    const { session } = await answered();
    const connection = new RawConnection(bridge.url);
    const head = [
      `GET ${session.path} HTTP/1.1`,
      `Host: ${new URL(bridge.url).host}`,
      ...Object.entries(session.headers).map(([name, value]) => `${name}: ${value}`),
      'Accept: text/event-stream',
      `Last-Event-ID: ${id}`,
    ];
    await connection.write(`${head.join('\r\n')}\r\n\r\n`);
    await connection.until(/\r\n\r\n/u);
    expect(connection.received).not.toContain('event-stream');
    expect(connection.received).toMatch(/^(HTTP\/1\.1 (400|404|413|431) |$)/u);
    connection.destroy();
    expect(await echoes(session)).toBe(true);
  });
});

describe('one GET stream a session', () => {
  /** Something the server says by itself: stderr, which this server's config shows to the client. */
  const say = (session: RawSession, text: string): Promise<unknown> =>
    session.call('stderr', { text });

  test('a second GET gets 409 and the first one goes on', async () => {
    const session = await open();
    const first = await session.get();
    expect(first.status).toBe(200);
    for (let attempt = 0; attempt < 3; attempt++) {
      const second = await getOnce(session);
      expect(second.status).toBe(409);
      expect(second.headers['retry-after']).toBe('1');
      expect(messageOf(second)).toMatchObject({ error: { data: { fault: 'stream_conflict' } } });
    }
    // Each attempt has the first one's client pinged, and its answer keeps the stream.
    const ping = JSON.parse((await first.nextMessage())?.data ?? '') as Message;
    expect(ping).toMatchObject({ method: 'ping' });
    const answer = JSON.stringify({ jsonrpc: '2.0', id: ping.id, result: {} });
    expect((await session.post(answer)).status).toBe(202);
    expect((await getOnce(session)).status).toBe(409);
    // Two calls in flight: what belongs to neither goes to the GET stream.
    const hanging = session.post(toolCall(1, 'hang'));
    await untilInFlight(1);
    await say(session, 'to the first');
    const heard: string[] = [];
    while (!heard.some((data) => data.includes('to the first')))
      heard.push((await first.nextMessage())?.data ?? 'to the first, but the stream has ended');
    expect(heard.at(-1)).toContain('"data":"to the first"');
    expect(heard.slice(0, -1).every((data) => data.includes('"ping"'))).toBe(true);
    await session.end();
    await hanging;
  });

  test('when the first client is gone, a new GET soon succeeds and hears what is said', async () => {
    const session = await open();
    const first = await session.get();
    first.destroy();
    const second = await vi.waitFor(async () => {
      const stream = await session.get();
      expect(stream.status).toBe(200);
      return stream;
    }, PATIENCE);
    const hanging = session.post(toolCall(1, 'hang'));
    await untilInFlight(1);
    await say(session, 'to the second');
    expect((await second.nextMessage())?.data).toContain('to the second');
    await session.end();
    await hanging;
  });

  test('a GET with Last-Event-ID takes the stream over from a client that is gone unnoticed', async () => {
    const session = await open();
    const first = await session.get();
    // It stops reading, but its connection stands: as after a laptop's lid was closed.
    first.pause();
    const second = await session.get({ 'Last-Event-ID': 'get.0' });
    expect(second.status).toBe(200);
    const hanging = session.post(toolCall(1, 'hang'));
    await untilInFlight(1);
    await say(session, 'taken over');
    expect((await second.nextMessage())?.data).toContain('taken over');
    first.destroy();
    await session.end();
    await hanging;
  });
});

describe('DELETE', () => {
  test('[F-28] with 5 calls in flight: each gets one error, the process ends, the session is gone', async () => {
    const session = await openSession(bridge, 'echo', { key: alice });
    const { pid } = await session.whoami();
    const standing = await session.get();
    const calls = [1, 2, 3, 4, 5].map((id) => session.post(toolCall(id, 'hang')));
    await untilInFlight(5);
    expect((await session.end()).status).toBe(204);
    const messages = (await Promise.all(calls)).map(messageOf);
    expect(messages.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
    for (const { error } of messages) {
      expect(error).toMatchObject({ code: 42003, data: { phase: 'sent' } });
    }
    await untilGone(pid, END);
    expect(await standing.rest()).toEqual([]);
    expect((await tryAll(session)).map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(await inFlight()).toBe(0);
  });
});

/** Every route of the edge with what opens it, a method and a path to try it with. */
const ROUTES: Readonly<
  Record<string, { for: 'anyone' | 'client' | 'metrics' | 'runner'; try: [string, string][] }>
> = {
  '/': { for: 'anyone', try: [['GET', '/']] },
  '/healthz': { for: 'anyone', try: [['GET', '/healthz']] },
  '/readyz': { for: 'anyone', try: [['GET', '/readyz']] },
  '/metrics': { for: 'metrics', try: [['GET', '/metrics']] },
  '/runner/link': { for: 'runner', try: [['GET', '/runner/link']] },
  '/runner/session/:session': {
    for: 'runner',
    try: [['GET', '/runner/session/0123456789012345678901']],
  },
  '/:server/mcp': {
    for: 'client',
    try: [
      ['POST', '/echo/mcp'],
      ['GET', '/echo/mcp'],
      ['DELETE', '/echo/mcp'],
    ],
  },
  '/:server/sse': { for: 'client', try: [['GET', '/echo/sse']] },
  '/:server/message': {
    for: 'client',
    try: [
      ['POST', '/echo/message?sessionId=x'],
      // What clients make of the endpoint event.
      ['POST', '/echo/sse?sessionId=x&server=echo'],
      ['POST', '/?sessionId=x&server=echo'],
    ],
  },
};

const routesFor = (...kinds: string[]): [string, string][] =>
  Object.values(ROUTES)
    .filter((route) => kinds.includes(route.for))
    .flatMap((route) => route.try);

/** A request that would be refused with 400 if its body were read before its credential. */
const tryRoute = (
  [method, path]: readonly [string, string],
  headers: Record<string, string>,
): Promise<Answer> =>
  ask(bridge.url, {
    method,
    path,
    headers: { ...POST_HEADERS, ...headers },
    ...(method === 'POST' && { body: '{' }),
  });

describe('credentials', () => {
  test('[F-30] the inventory of routes is complete', () => {
    const paths = createApp()
      .routes.filter(({ path }) => path !== '/*')
      .map(({ path }) => path);
    expect(new Set(paths)).toEqual(new Set(Object.keys(ROUTES)));
  });

  const base64 = (text: string): string => Buffer.from(text).toString('base64url');
  const jwt = (header: object): string =>
    `${base64(JSON.stringify(header))}.${base64(JSON.stringify({ sub: 'alice', exp: 9e9 }))}.`;
  const CREDENTIALS: readonly (readonly [name: string, value: string | undefined])[] = [
    ['no credential', undefined],
    ['an empty one', ''],
    ['a scheme alone', 'Bearer'],
    ['a blank', 'Bearer '],
    ['junk', 'Bearer junk'],
    ['a key in part', `Bearer ${alice.slice(0, -1)}`],
    ['a key and more', `Bearer ${alice}x`],
    ['a key in upper case', `Bearer ${alice.toUpperCase()}`],
    ["a key's digest", `Bearer ${hashCredential(alice).slice('sha256:'.length)}`],
    ["a key's setting", `Bearer ${hashCredential(alice)}`],
    ['Basic', `Basic ${Buffer.from(`alice:${alice}`).toString('base64')}`],
    ['a key under another scheme', `Token ${alice}`],
    ['a key alone', alice],
    ['a token without signature', `Bearer ${jwt({ alg: 'none' })}`],
    ['a token with a junk signature', `Bearer ${jwt({ alg: 'HS256' })}junk`],
    ['8 KB', `Bearer ${'x'.repeat(8_000)}`],
  ];

  test.each(CREDENTIALS)('[F-30] %s opens no route, and no body is read', async (_name, value) => {
    const before = await sessionsOpened(bridge);
    for (const route of routesFor('client', 'metrics', 'runner')) {
      const answer = await tryRoute(route, value === undefined ? {} : { Authorization: value });
      expect([route.join(' '), answer.status]).toEqual([route.join(' '), 401]);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm=/u);
      expect(answer.body).not.toContain('-32700');
    }
    expect(await sessionsOpened(bridge)).toBe(before);
  });

  test('[F-30] a credential opens what it is for and nothing else', async () => {
    for (const route of routesFor('metrics', 'runner')) {
      expect([route.join(' '), (await tryRoute(route, bearer(alice))).status]).toEqual([
        route.join(' '),
        401,
      ]);
    }
    for (const route of routesFor('client', 'runner')) {
      expect([route.join(' '), (await tryRoute(route, bearer(metricsKey))).status]).toEqual([
        route.join(' '),
        401,
      ]);
    }
    const metrics = await ask(bridge.url, { path: '/metrics', headers: bearer(metricsKey) });
    expect(metrics).toMatchObject({ status: 200 });
    expect(metrics.body).toContain('mcp_bridge_edge_sessions');
    // A server that is not granted is not even told from one that does not exist.
    const refused = await askForSession(bridge, 'echo', { key: carol });
    const unknown = await askForSession(bridge, 'nowhere', { key: carol });
    expect([refused.status, unknown.status]).toEqual([404, 404]);
    expect(refused.body).toBe(unknown.body);
  });

  test('[F-30] what needs no credential shows no name of a server, session or principal', async () => {
    const session = await open();
    for (const [, path] of routesFor('anyone')) {
      const { status, body } = await ask(bridge.url, { path });
      expect(status).toBe(200);
      for (const name of ['alice', 'bob', session.id, '"echo"', '/echo/']) {
        expect(body).not.toContain(name);
      }
    }
  });

  test.each(['access_token', 'token', 'key', 'api_key', 'Access_Token'])(
    '[F-34] a key in the query as %s is refused',
    async (name) => {
      for (const [method, path] of routesFor('client', 'metrics', 'runner')) {
        const withKey = `${path}${path.includes('?') ? '&' : '?'}${name}=${alice}`;
        for (const headers of [{}, bearer(alice)]) {
          const answer = await tryRoute([method, withKey], headers);
          expect([withKey, answer.status]).toEqual([withKey, 400]);
          expect(answer.body).not.toContain(alice);
        }
      }
    },
  );

  test('[F-34] a key in the body, a cookie or another header is none', async () => {
    const body = JSON.stringify({ ...(JSON.parse(initialize()) as object), access_token: alice });
    const post = (headers: Record<string, string>): Promise<Answer> =>
      ask(bridge.url, {
        method: 'POST',
        path: '/echo/mcp',
        headers: { ...POST_HEADERS, ...headers },
        body,
      });
    for (const headers of [
      {},
      { Cookie: `Authorization=Bearer ${alice}` },
      { 'X-Key': alice },
      { 'Proxy-Authorization': `Bearer ${alice}` },
    ]) {
      expect((await post(headers as Record<string, string>)).status).toBe(401);
    }
    expect((await post({ 'X-Api-Key': alice })).status).toBe(200);
  });
});

describe('Origin and Host', () => {
  const own = (): string => new URL(bridge.url).host;

  test.each([
    'https://evil.example',
    'null',
    'https://good.example.evil.com',
    'https://good.example:444',
    'http://good.example',
    'https://GOOD.example@evil.example',
    'https://sub.good.example',
    'https://good.example/',
    'https://good.example, https://good.example',
    'file://',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'http://[::1]',
    'garbage',
  ])('[F-31] a page of %j is refused on every client route', async (origin) => {
    for (const route of routesFor('client')) {
      for (const credential of [{}, bearer(alice)]) {
        const answer = await tryRoute(route, { ...credential, Origin: origin });
        expect([route.join(' '), answer.status]).toEqual([route.join(' '), 403]);
        expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      }
      const preflight = await tryRoute(['OPTIONS', route[1]], {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
      });
      expect(preflight.status).toBe(403);
    }
  });

  test('[F-31] a page of a listed origin is served, and still needs its key', async () => {
    const origin = { Origin: 'https://good.example' };
    for (const route of routesFor('client')) {
      const answer = await tryRoute(route, origin);
      expect(answer.status).toBe(401);
      const preflight = await tryRoute(['OPTIONS', route[1]], origin);
      expect(preflight).toMatchObject({
        status: 204,
        headers: { 'access-control-allow-origin': 'https://good.example' },
      });
    }
    const session = await open();
    const answer = await session.post(toolCall(1, 'echo', { text: 'from a page' }), origin);
    expect(textOf(messageOf(answer))).toBe('from a page');
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://good.example',
      vary: 'Origin',
    });
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test.each(['https://evil.example', 'https://good.example', 'null'])(
    '[F-64] [F-31] a page of %j is refused on the link',
    async (origin) => {
      for (const route of routesFor('runner')) {
        const upgrade = { Upgrade: 'websocket', Connection: 'Upgrade', Origin: origin };
        expect((await tryRoute(route, upgrade)).status).toBe(403);
        expect((await tryRoute(route, { ...upgrade, ...bearer(alice) })).status).toBe(403);
      }
    },
  );

  test.each([
    'evil.example',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost',
    '[::1]',
    '0.0.0.0',
    'good.example',
    'bridge.workers.dev',
    '2130706433',
  ])('[F-32] Host %s is refused on every route', async (host) => {
    for (const route of routesFor('anyone', 'client', 'metrics', 'runner')) {
      const answer = await tryRoute(route, { Host: host, ...bearer(alice) });
      expect([route.join(' '), answer.status]).toEqual([route.join(' '), 421]);
    }
  });

  test('[F-32] an absolute target of ours does not outweigh a foreign Host header', async () => {
    const connection = new RawConnection(bridge.url);
    const body = initialize();
    const head = [
      `POST ${bridge.url}/echo/mcp HTTP/1.1`,
      'Host: evil.example',
      `Authorization: Bearer ${alice}`,
      'Content-Type: application/json',
      `Accept: ${BOTH}`,
      `Content-Length: ${body.length}`,
    ];
    await connection.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    expect(await connection.status()).toBe(421);
    connection.destroy();
  });

  test('[F-32] the listed hosts are served', async () => {
    for (const host of [own(), own().replace('127.0.0.1', 'localhost')]) {
      const answer = await ask(bridge.url, { path: '/healthz', headers: { Host: host } });
      expect(answer.status).toBe(200);
    }
  });
});

test('[F-34] no key is in any log', () => {
  const logs = bridge.logs().join('\n');
  expect(logs).toContain('session opened');
  for (const key of [alice, bob, carol, metricsKey]) {
    expect(logs).not.toContain(key);
    expect(logs).not.toContain(hashCredential(key));
  }
  // A session's id is a credential's companion; only its public name may be written.
  expect(logs).not.toMatch(/[\w-]{22}\.[\w-]{22}/u);
});

describe('an edge without a runner', () => {
  /** An edge with these settings and nothing else. */
  async function startEdge(settings: Record<string, string>, port?: number): Promise<string> {
    const { folder, remove } = temporaryFolder();
    const edge = await startTestEdge({
      port: port ?? (await freePort()),
      storage: folder,
      settings,
      log: () => undefined,
    });
    onTestFinished(async () => {
      await edge.stop();
      remove();
    });
    return edge.url;
  }

  const tryOn = (
    origin: string,
    [method, path]: readonly [string, string],
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    ask(origin, {
      method,
      path,
      headers: { ...POST_HEADERS, ...headers },
      ...(method === 'POST' && { body: initialize() }),
    });

  test('refuses every client and runner while nothing is configured, and says what to set', async () => {
    const origin = await startEdge({});
    for (const route of routesFor('client', 'runner')) {
      for (const credential of [{}, bearer(alice)]) {
        const answer = await tryOn(origin, route, credential);
        expect([route.join(' '), answer.status]).toEqual([route.join(' '), 503]);
        const { error } = messageOf(answer);
        expect(error?.data?.fault).toBe('not_configured');
        for (const name of ['BRIDGE_SECRET', 'BRIDGE_CLIENTS', 'BRIDGE_RUNNERS']) {
          expect(error?.message).toContain(name);
        }
      }
    }
    expect((await tryOn(origin, ['GET', '/metrics'])).status).toBe(401);
    expect((await tryOn(origin, ['GET', '/healthz'])).status).toBe(200);
    const ready = await tryOn(origin, ['GET', '/readyz']);
    expect(ready.status).toBe(503);
    expect(ready.body).toContain('BRIDGE_SECRET');
  });

  const SECRET = 'a-secret-of-at-least-32-characters';

  test.each([undefined, '', 'None', 'NONE', 'no', 'false', 'off', 'anonymous', 'keys,none'])(
    'asks for keys when BRIDGE_CLIENT_AUTH is %j',
    async (clientAuth) => {
      const origin = await startEdge({
        BRIDGE_SECRET: SECRET,
        ...(clientAuth !== undefined && { BRIDGE_CLIENT_AUTH: clientAuth }),
      });
      for (const route of routesFor('client')) {
        expect([route.join(' '), (await tryOn(origin, route)).status]).toEqual([
          route.join(' '),
          401,
        ]);
        expect([route.join(' '), (await tryOn(origin, route, bearer(alice))).status]).toEqual([
          route.join(' '),
          401,
        ]);
      }
    },
  );

  test('serves whoever comes when BRIDGE_CLIENT_AUTH is "none", but no runner', async () => {
    const port = await freePort();
    const hosts = { BRIDGE_CLIENT_AUTH: 'none', BRIDGE_HOSTS: `127.0.0.1:${port}` };
    const origin = await startEdge({ BRIDGE_SECRET: SECRET, ...hosts }, port);
    const answer = await tryOn(origin, ['POST', '/echo/mcp']);
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect(messageOf(answer)).toMatchObject({ id: 0, error: { code: 42001 } });
    for (const route of routesFor('runner')) expect((await tryOn(origin, route)).status).toBe(401);
  });
});
