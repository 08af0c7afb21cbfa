// The operator's policy where clients come in: what is refused and how, step-up, and a policy that is set while the edge runs.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { PolicyText } from '../../../edge/core/policy-text.ts';
import { readPolicy } from '../../../edge/policy-variable.ts';
import { readSettings } from '../../../edge/settings.ts';
import { ANN, BOB } from '../../fixtures/edge-settings.ts';
import { headersOf, PlayedEdge, request, verdictOf } from './modern-client.ts';
import {
  browserOf,
  ISSUER,
  json,
  OWNER_KEY,
  PlayedApp,
  SETTINGS,
  signInEdge,
} from './oauth/signing-in.ts';

const KEYS = { BRIDGE_CLIENT_AUTH: 'keys' };
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });
const rpc = (method: string, params: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
const call = (name: string): string => rpc('tools/call', { name });

/** Let in; a session is missing. */
const LET_IN = { status: 400, code: 42_011 };
const FORBIDDEN = { status: 403, code: 42_030, id: 1 };
const CLOSED = { status: 404, code: 42_024 };

const POLICY: PolicyText = {
  files: {
    rules: [
      { who: ['key:ann'], tools: ['get_*'] },
      { who: ['*'], deny: { tools: ['get_secret'] } },
    ],
  },
};

const edgeWith = (policy: PolicyText | string, more: Record<string, string> = {}): PlayedEdge =>
  new PlayedEdge({
    ...KEYS,
    BRIDGE_POLICY: typeof policy === 'string' ? policy : JSON.stringify(policy),
    ...more,
  });

describe('[R-15] [F-530] a server with a policy', () => {
  const edge = edgeWith(POLICY);
  const ask = async (body: string, key = ANN.key, headers: Record<string, string> = {}) =>
    verdictOf(await edge.post(body, { ...bearer(key), ...headers }));

  test('serves what a rule names, and refuses the rest with the id of the request', async () => {
    expect(await ask(call('get_x'))).toMatchObject(LET_IN);
    expect(await ask(call('set_x'))).toMatchObject(FORBIDDEN);
    expect(await ask(call('get_secret'))).toMatchObject(FORBIDDEN);
    expect(await ask(rpc('resources/read'))).toMatchObject(FORBIDDEN);
    expect(await ask(rpc('tools/list'))).toMatchObject(LET_IN);
  });

  test('is not there for those that no rule lets in, whatever they send', async () => {
    expect(await ask(call('get_x'), BOB.key)).toMatchObject(CLOSED);
    for (const [path, init] of [
      ['/files/mcp', { method: 'GET' }],
      ['/files/mcp', { method: 'DELETE' }],
      ['/files/sse', { method: 'GET' }],
      ['/files/message?sessionId=x', { method: 'POST' }],
    ] as const) {
      const headers = { ...bearer(BOB.key), Accept: 'text/event-stream' };
      expect((await edge.send({ ...init, headers }, path)).status).toBe(404);
    }
    // A server that no policy names.
    const other = await edge.send({ method: 'POST', headers: bearer(BOB.key) }, '/mail/mcp');
    expect(other.status).toBe(415);
  });

  test.each([
    ['a batch', `[${call('get_x')},${call('set_x')}]`, {}, { status: 403, code: 42_030 }],
    ['a batch that is allowed', `[${call('get_x')}]`, {}, { status: 400 }],
    [
      'a batch that a header speaks for',
      `[${call('get_x')}]`,
      { 'Mcp-Name': 'get_x' },
      { status: 400, code: -32_020 },
    ],
    [
      'a name twice',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_x","name":"set_x"}}',
      {},
      { status: 400, code: -32_602, id: 1 },
    ],
    [
      'a name and its twin',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_x","Name":"set_x"}}',
      {},
      { status: 400, code: -32_602, id: 1 },
    ],
    [
      'a header that names another tool',
      call('get_x'),
      { 'Mcp-Name': 'set_x' },
      { status: 400, code: -32_020, id: 1 },
    ],
    [
      'a header that names an allowed tool',
      call('set_x'),
      { 'Mcp-Name': 'get_x' },
      { status: 400, code: -32_020, id: 1 },
    ],
    [
      'a header that names another method',
      call('get_x'),
      { 'Mcp-Method': 'tools/list' },
      { status: 400, code: -32_020, id: 1 },
    ],
    [
      'a header with a method that is allowed',
      call('set_x'),
      { 'Mcp-Method': 'ping' },
      { status: 400, code: -32_020, id: 1 },
    ],
    [
      'headers that agree',
      call('get_x'),
      { 'Mcp-Method': 'tools/call', 'Mcp-Name': 'get_x' },
      LET_IN,
    ],
    [
      'another case of the method',
      rpc('Tools/Call', { name: 'get_x' }),
      {},
      { status: 400, code: -32_602 },
    ],
    ['an unknown method', rpc('admin/delete'), {}, FORBIDDEN],
    ['a look-alike of what is denied', call('get_\u017fecret'), {}, FORBIDDEN],
    [
      'a forbidden call as a notification',
      '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"set_x"}}',
      {},
      { status: 403 },
    ],
  ] as const)('%s', async (_, body, headers, verdict) => {
    expect(await ask(body, ANN.key, headers)).toMatchObject(verdict);
  });

  test('judges 2026-07-28 clients and HTTP+SSE alike', async () => {
    const modern = request('tools/call', { name: 'set_x' });
    expect(await ask(modern, ANN.key, headersOf('tools/call', 'set_x'))).toMatchObject({
      ...FORBIDDEN,
      id: 7,
    });
    expect(await ask(modern, ANN.key, headersOf('tools/call', 'get_x'))).toMatchObject({
      status: 400,
      code: -32_020,
    });
    const headers = { ...bearer(ANN.key), 'Content-Type': 'application/json' };
    const sse = await edge.send(
      { method: 'POST', headers, body: call('set_x') },
      '/files/message?sessionId=x',
    );
    expect(await verdictOf(sse)).toMatchObject(FORBIDDEN);
  });

  test('reaches no actor with what is refused', () => {
    expect(edge.session.posts).toEqual([]);
    expect(edge.session.legacyPosts).toEqual([]);
  });
});

describe('[R-15] limits of a rule', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => vi.useRealTimers());

  test('[F-459] count for each principal on that server, beside BRIDGE_LIMITS', async () => {
    const rules = [{ who: ['*'], tools: ['*'], limits: { requests: 3 } }];
    const edge = edgeWith({ files: { rules } }, { BRIDGE_LIMITS: '{"*": {"requests": 5}}' });
    const statuses = async (key: string, path: string, count: number) => {
      const seen: number[] = [];
      for (let n = 0; n < count; n++) {
        const headers = { ...bearer(key), 'Content-Type': 'application/json' };
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        seen.push((await edge.send({ method: 'POST', headers }, path)).status);
      }
      return seen.filter((status) => status === 429).length;
    };
    expect(await statuses(ANN.key, '/files/mcp', 4)).toBe(1);
    expect(await statuses(BOB.key, '/files/mcp', 4)).toBe(1);
    // Three of five were taken on the other server.
    expect(await statuses(ANN.key, '/mail/mcp', 4)).toBe(2);
  });

  test('[F-459] bound the sessions at a time: the fleet is told with each opening', async () => {
    const limits = { sessions: 2 };
    const edge = edgeWith({ files: { rules: [{ who: ['*'], tools: ['*'], limits }] } });
    edge.session.script = [() => ({ kind: 'accepted' })];
    const list = { ...bearer(ANN.key), ...headersOf('tools/list') };
    await edge.post(request('tools/list'), list);
    expect(edge.session.openings).toMatchObject([{ mostSessions: 2 }]);
  });

  test('[F-459] of a day come back with the day', async () => {
    const edge = edgeWith({
      files: { rules: [{ who: ['*'], tools: ['*'], limits: { requestsPerDay: 2 } }] },
    });
    const ask = async () => (await edge.post(call('x'), bearer(ANN.key))).status;
    expect([await ask(), await ask(), await ask()]).toEqual([400, 400, 429]);
    vi.setSystemTime(Date.now() + 60_000);
    expect(await ask()).toBe(429);
    vi.setSystemTime(Date.now() + 13 * 3_600_000);
    expect(await ask()).toBe(400);
  });
});

const SCOPED: PolicyText = {
  files: {
    scopes: {
      read: { tools: ['get_*'], words: 'Read files' },
      write: { tools: ['*'], implies: ['read'], words: 'Change files' },
    },
    ask: ['read'],
  },
};
const RESOURCE = `${ISSUER}/.well-known/oauth-protected-resource/files/mcp`;

describe('[R-15] [F-531] scopes', () => {
  const edge = signInEdge({ BRIDGE_POLICY: JSON.stringify(SCOPED) });
  const ask = (token: string, body: string) => edge.post(body, bearer(token));

  test('are told before the sign-in: in the challenge, in the metadata of the server and of the edge', async () => {
    const refused = await edge.post(call('get_x'));
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${RESOURCE}", scope="read"`,
    );
    expect(await json(await edge.send({}, RESOURCE))).toMatchObject({ scopes_supported: ['read'] });
    expect(
      await json(await edge.send({}, `${ISSUER}/.well-known/oauth-protected-resource/mail/mcp`)),
    ).toMatchObject({ scopes_supported: ['mcp'] });
    expect(
      await json(await edge.send({}, `${ISSUER}/.well-known/oauth-authorization-server`)),
    ).toMatchObject({ scopes_supported: ['mcp', 'read', 'write', 'offline_access'] });
  });

  test('[F-1195] who sends a key that does not count is told so; who sends none, only how to come in', async () => {
    const messageOf = async (headers: Record<string, string>): Promise<string> => {
      const { error } = (await json(await edge.post(call('get_x'), headers))) as {
        error: { message: string };
      };
      return error.message;
    };
    const way = 'Sign in, or send `Authorization: Bearer <key>`.';
    expect(await messageOf({})).toBe(way);
    expect(await messageOf(bearer('mcpc_wrong'))).toMatch(/unknown here, or has ended\. Sign in/u);
  });

  test('what is granted serves; for more there is one challenge with all, and then it serves', async () => {
    const app = await PlayedApp.registered(edge);
    const { access_token: token, scope } = await app.tokens({ scope: 'read offline_access' });
    expect(scope).toBe('read');
    expect(await verdictOf(await ask(token, call('get_x')))).toMatchObject(LET_IN);
    const refused = await ask(token, call('set_x'));
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer error="insufficient_scope", resource_metadata="${RESOURCE}", scope="read write"`,
    );
    expect(await verdictOf(refused)).toMatchObject({ status: 403, code: 42_031, id: 1 });
    const more = await app.tokens({ scope: 'read write' });
    expect(more.scope).toBe('read write');
    expect(await verdictOf(await ask(more.access_token, call('set_x')))).toMatchObject(LET_IN);
  });

  test('an app that asks for none of them gets the usual ones, and keeps them when it refreshes', async () => {
    const app = await PlayedApp.registered(edge);
    const { refresh_token: refresh, scope } = await app.tokens({ scope: 'mcp offline_access' });
    expect(scope).toBe('read');
    expect(await json(await app.renew(refresh, { scope: 'offline_access' }))).toMatchObject({
      scope: 'read',
    });
  });

  test('the page shows what is asked and what else there is; the person grants more, less or nothing', async () => {
    const app = await PlayedApp.registered(edge);
    const granted = async (ticked: string[]) => {
      const back = await browserOf(edge).allow(app.url({ scope: 'read' }), OWNER_KEY, ticked);
      const code = back.searchParams.get('code');
      return code === null
        ? back.searchParams.get('error')
        : (await json(await app.redeem(code)))['scope'];
    };
    const page = await browserOf(edge).open(app.url({ scope: 'read' }));
    expect(page.text).toContain('Read files');
    expect([...page.boxes]).toEqual([
      ['scope read', true],
      ['scope write', false],
    ]);
    expect(await granted(['scope read', 'scope write'])).toBe('read write');
    expect(await granted(['scope write'])).toBe('write');
    expect(await granted(['scope admin', 'scope read'])).toBe('read');
    expect(await granted([])).toBe('access_denied');
  });
});

const AS_OWNER = { ...bearer(OWNER_KEY), 'Content-Type': 'application/json' };

test('[R-15] [F-537] the record of a refusal names what in the policy refused it, as `policy check` does', async () => {
  const rules = [
    { who: ['key:ann'], tools: ['get_*'] },
    { who: ['key:*'], deny: { tools: ['get_secret'] } },
    { who: ['person:*'], scopes: ['write'] },
  ];
  const scopes = { read: { tools: ['get_*'] }, write: { tools: ['*'], implies: ['read'] } };
  const policy = JSON.stringify({ files: { ask: ['read'], scopes, rules } });
  const edge = signInEdge({ BRIDGE_POLICY: policy });
  const { access_token: token } = await (
    await PlayedApp.registered(edge)
  ).tokens({ scope: 'read' });
  const by = async (body: string, key: string): Promise<unknown> => {
    edge.log.splice(0);
    await edge.post(body, bearer(key));
    return edge.log.map((line) => (line.message === 'request refused' ? line.by : undefined));
  };
  const checked = async (who: object, tool: string): Promise<unknown> => {
    const body = JSON.stringify({ server: 'files', who, tool });
    const answer = await edge.send(
      { method: 'POST', headers: AS_OWNER, body },
      '/-/api/policy/check',
    );
    const { verdict } = await json(answer);
    return [(verdict as { by?: string }).by];
  };
  const ann = { key: 'ann' };
  expect(await by(call('get_secret'), ANN.key)).toEqual(['rules[1].deny']);
  expect(await by(call('get_secret'), ANN.key)).toEqual(await checked(ann, 'get_secret'));
  expect(await by(call('set_x'), ANN.key)).toEqual(await checked(ann, 'set_x'));
  expect(await by(call('get_x'), BOB.key)).toEqual(await checked({ key: 'bob' }, 'get_x'));
  const owner = { person: 'owner', scopes: ['read'] };
  expect(await by(call('set_x'), token)).toEqual(['rules[2], scope "write"']);
  expect(await by(call('set_x'), token)).toEqual(await checked(owner, 'set_x'));
  // What no policy refuses names none.
  expect(await by('{', ANN.key)).toEqual([undefined]);
});

describe('[R-15] [F-532] a policy that is set while everything runs', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => vi.useRealTimers());

  const api = (edge: PlayedEdge, method: string, path: string, body?: object) =>
    edge.send(
      { method, headers: AS_OWNER, ...(body && { body: JSON.stringify(body) }) },
      `/-/api/${path}`,
    );
  const set = (edge: PlayedEdge, policy: PolicyText) =>
    api(edge, 'POST', 'policy', { text: JSON.stringify(policy) });
  const ask = async (edge: PlayedEdge, name = 'set_x') =>
    (await edge.post(call(name), bearer(ANN.key))).status;

  test('counts at once where it was set, and can be shown and taken back', async () => {
    const edge = signInEdge();
    expect(await ask(edge)).toBe(400);
    expect(await json(await set(edge, POLICY))).toEqual({ version: 1, shadowed: [] });
    const text = JSON.stringify(POLICY);
    expect(edge.policiesSet).toEqual([{ version: 1, before: '', text }]);
    expect(await ask(edge)).toBe(403);
    const shown = await json(await api(edge, 'GET', 'policy'));
    expect(JSON.parse(String(shown['text']))).toEqual(POLICY);
    expect(await json(await api(edge, 'DELETE', 'policy'))).toMatchObject({ version: 2 });
    expect(edge.policiesSet.at(-1)).toEqual({ version: 2, before: text, text: '' });
    expect(await ask(edge)).toBe(400);
  });

  test('counts everywhere within 30 s, also where calls come all the time', async () => {
    const edge = signInEdge();
    const bites = async (everyMs: number): Promise<number> => {
      expect(await ask(edge)).toBe(400);
      edge.access.take('setPolicy', { text: JSON.stringify(POLICY) }, Date.now());
      const setAt = Date.now();
      for (;;) {
        vi.setSystemTime(Date.now() + everyMs);
        // oxlint-disable-next-line no-await-in-loop -- until it bites
        if ((await ask(edge)) === 403) return Date.now() - setAt;
        // oxlint-disable-next-line no-await-in-loop -- what goes on behind the request
        await Promise.all(edge.outliving.splice(0));
        expect(Date.now() - setAt).toBeLessThan(30_000);
      }
    };
    expect(await bites(1_000)).toBeLessThanOrEqual(30_000);
    edge.access.take('setPolicy', { text: '' }, Date.now());
    vi.setSystemTime(Date.now() + 31_000);
    expect(await bites(29_999)).toBeLessThanOrEqual(60_000);
  });

  test('costs a call nothing while it is remembered', async () => {
    const edge = signInEdge();
    await ask(edge);
    edge.isAccessGone = true;
    expect(await ask(edge)).toBe(400);
  });

  test('nothing is served that could be forbidden by what cannot be read', async () => {
    const edge = signInEdge();
    edge.isAccessGone = true;
    expect(await ask(edge)).toBe(503);
    edge.isAccessGone = false;
    edge.access.take('setPolicy', { text: '{"files": {"unknown": 1}}' }, Date.now());
    expect(await verdictOf(await edge.post(call('x'), bearer(ANN.key)))).toMatchObject({
      status: 503,
      code: 42_010,
    });
    expect((await api(edge, 'GET', 'policy')).status).toBe(200);
    expect((await set(edge, {})).status).toBe(200);
    expect(await ask(edge)).toBe(400);
  });

  test('BRIDGE_POLICY counts alone for what it names', async () => {
    const edge = signInEdge({ BRIDGE_POLICY: JSON.stringify(POLICY) });
    const open = { rules: [{ who: ['*'], tools: ['*'] }] };
    expect(await json(await set(edge, { files: open, '*': {} }))).toEqual({
      version: 1,
      shadowed: ['files'],
    });
    expect(await ask(edge)).toBe(403);
    expect(
      (await edge.send({ method: 'POST', headers: bearer(ANN.key) }, '/mail/mcp')).status,
    ).toBe(404);
  });

  test('is not taken when it is wrong, and the answer says where', async () => {
    const edge = signInEdge();
    const answer = await api(edge, 'POST', 'policy', {
      text: '{"files":{"rules":[{"tools":["x"]}]}}',
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('files.rules.0.who');
    expect(await ask(edge)).toBe(400);
  });

  test('is tried out before it is set', async () => {
    const edge = signInEdge();
    const check = async (body: object) => json(await api(edge, 'POST', 'policy/check', body));
    const text = JSON.stringify({ ...POLICY, mail: SCOPED['files'] });
    const ann = { text, server: 'files', who: { key: 'ann' } };
    expect(await check({ text })).toEqual({ mistakes: [] });
    expect(await check({ ...ann, tool: 'get_x' })).toMatchObject({
      verdict: { kind: 'allowed', by: 'rules[0]' },
    });
    expect(await check({ ...ann, tool: 'get_secret' })).toMatchObject({
      verdict: { kind: 'forbidden', by: 'rules[1].deny' },
    });
    expect(await check({ ...ann, method: 'prompts/get' })).toMatchObject({
      verdict: { kind: 'forbidden', by: 'no rule' },
    });
    expect(await check({ ...ann, who: { key: 'bob' }, tool: 'get_x' })).toMatchObject({
      verdict: { kind: 'closed', by: 'no rule' },
    });
    const person = { text, server: 'mail', who: { person: 'owner', groups: ['g'] } };
    expect(await check({ ...person, tool: 'set_x' })).toMatchObject({
      verdict: { kind: 'scope', scopes: ['read', 'write'] },
    });
    expect(await check({ ...ann, server: 'other', tool: 'x' })).toMatchObject({
      verdict: { kind: 'allowed' },
    });
    expect(await check({ text: '{"files": {"ask": ["x"]}}' })).toEqual({
      mistakes: ['files.ask names a scope that is not in "scopes" of this server'],
    });
    expect(await ask(edge)).toBe(400);
    expect((await api(edge, 'POST', 'policy/other', {})).status).toBe(404);
  });

  test('is for the owner alone', async () => {
    const edge = signInEdge();
    for (const [method, path] of [
      ['GET', 'policy'],
      ['POST', 'policy'],
      ['DELETE', 'policy'],
      ['POST', 'policy/check'],
    ] as const)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await edge.send({ method, headers: bearer(ANN.key) }, `/-/api/${path}`)).status).toBe(
        401,
      );
  });
});

describe('[R-15] [F-532] BRIDGE_POLICY', () => {
  test.each([
    ['{', 'not valid JSON'],
    ['[]', 'must be an object of servers'],
    ['{"a b": {}}', 'must be named as a server is'],
    ['{"files": {"rules": [{"who": ["ann"]}]}}', '"person:<id>"'],
    ['{"files": {"rules": [{"who": ["*"], "tool": ["x"]}]}}', 'nothing else'],
    ['{"files": {"rules": [{"who": ["*"], "scopes": ["x"]}]}}', 'not in "scopes"'],
    ['{"files": {"scopes": {"a": {"implies": ["b"]}}}}', 'not in "scopes"'],
    ['{"files": {"scopes": {"constructor": {"implies": ["toString"]}}}}', 'which cannot be used'],
    ['['.repeat(20_000) + ']'.repeat(20_000), 'nested deeper'],
    ['{"__proto__": {}}', 'which cannot be used'],
    ['{"files": {"scopes": {"a": {"implies": ["toString"]}}}}', 'not in "scopes"'],
    ['{"files": {"scopes": {"a b": {}}}}', 'must name scopes'],
    ['{"files": {"rules": [{"who": ["*"], "limits": {"requests": 0}}]}}', 'whole number'],
    ['{"files": {"rules": [{"who": ["*"], "deny": "some"}]}}', '"all"'],
    ['{"files": {}, "files": {}}', 'a key twice'],
    ['{"files": {"rules": [{"who": ["*"], "who": ["key:x"], "tools": []}]}}', 'a key twice'],
    [JSON.stringify({ files: { ask: ['x'.repeat(70_000)] } }), 'at most 65536 bytes'],
  ])('%s is a problem, and nothing is served', async (text, words) => {
    const edge = edgeWith(text);
    const answer = await edge.post(call('x'), bearer(ANN.key));
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('BRIDGE_POLICY');
    const read = readPolicy(text);
    expect(read.ok ? [] : read.mistakes.map(({ message }) => message).join()).toContain(words);
  });

  test('a problem names no server and no scope, since anybody can read it', () => {
    const text =
      '{"secret-server": {"scopes": {"secret-scope": {"tools": 1}}, "rules": [{"who": 1}]}}';
    const { problems, policy } = readSettings({ ...SETTINGS, BRIDGE_POLICY: text });
    const told = problems.filter(({ what }) => what.includes('BRIDGE_POLICY'));
    expect(told).toHaveLength(2);
    expect(JSON.stringify(told)).not.toContain('secret');
    expect(policy).toBe('broken');
  });
});
