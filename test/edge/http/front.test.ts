// Clients that come to the wrong place, with the wrong words, or looking for something else.
import { describe, expect, test } from 'vitest';

import { serverOfMessage } from '../../../edge/http/http-sse.ts';
import { checkUrl } from '../../../edge/http/request-url.ts';
import { ANN } from '../../fixtures/edge-settings.ts';
import { headersOf, PlayedEdge, request, verdictOf } from './modern-client.ts';

const KEYS = { BRIDGE_CLIENT_AUTH: 'keys' };
const page = { Origin: 'https://page.example' };

describe('[F-181] a client that looks for an OAuth server', () => {
  test.each([
    ['POST', '/register'],
    ['GET', '/authorize?response_type=code&client_id=x'],
    ['POST', '/token'],
  ])('%s %s answers with an OAuth error that says what to send', async (method, path) => {
    const answer = await new PlayedEdge(KEYS).send({ method }, path);
    expect(answer.status).toBe(400);
    const error = (await answer.json()) as Record<string, unknown>;
    expect(Object.keys(error)).toEqual(['error', 'error_description']);
    expect(error['error']).toBe('invalid_request');
    expect(error['error_description']).toContain('Authorization: Bearer <key>');
  });

  test('where no key is asked for it is told to send none', async () => {
    const answer = await new PlayedEdge().send({ method: 'POST' }, '/register');
    expect(await answer.text()).toContain('connect without credentials');
  });

  test.each([
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/files/mcp',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/files/mcp',
    '/files/mcp/.well-known/openid-configuration',
  ])('%s is not found, in JSON', async (path) => {
    const answer = await new PlayedEdge(KEYS).send({ headers: page }, path);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('access-control-allow-origin')).toBe(page.Origin);
    expect(await answer.json()).toMatchObject({ error: 'not_found' });
  });
});

describe('[F-182] a slip in the URL of a server is named', () => {
  test.each([
    ['/mcp', 'The server name is missing'],
    ['/sse', 'The server name is missing'],
    ['/messages/', 'The server name is missing'],
    ['/files', 'is not an endpoint of a server'],
    ['/files/mcp/', 'ends in a slash'],
    ['/files/sse/', 'ends in a slash'],
    ['/files/mcp/x', 'Nothing is served at this path'],
  ])('%s: %s', async (path, words) => {
    const answer = await new PlayedEdge(KEYS).send({ method: 'POST', body: '{}' }, path);
    expect(answer.status).toBe(404);
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(error.message).toContain(words);
    expect(error.message).toContain('/<server>/mcp');
  });
});

describe('[F-183] a key in a URL is refused under whatever name', () => {
  const key = `mcpc_${'Ab3-'.repeat(10)}xyz`;
  test.each([
    `/files/mcp?apikey=${key}`,
    `/files/mcp?x=1&auth=Bearer%20${key}`,
    `/files/mcp?${key}`,
    `/files/mcp?t=${key.replace('_', '%5F')}`,
    `/files/mcp?runner=${key.replace('mcpc', 'mcpr')}`,
    `/files/sse?k=${key}`,
    `/${key}/mcp`,
  ])('%s', async (path) => {
    for (const settings of [{}, KEYS]) {
      const answer = await new PlayedEdge(settings).send({ method: 'GET' }, path);
      const text = await answer.text();
      expect([answer.status, text.includes('never in the URL')]).toEqual([400, true]);
      expect(text).not.toContain(key);
    }
  });

  test('a session id is none', async () => {
    const id = `mcpc_${'a'.repeat(17)}.mcpr_${'b'.repeat(17)}`;
    const answer = await new PlayedEdge().send(
      { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: request('ping') },
      `/files/message?sessionId=${id}`,
    );
    expect(answer.status).toBe(404);
  });
});

describe('[F-184] a page of a listed origin can read every refusal', () => {
  test.each<[string, string, RequestInit, Record<string, string>, number]>([
    ['no key', '/files/mcp', { method: 'POST', body: '{}' }, KEYS, 401],
    ['a wrong key', '/files/mcp', { headers: { Authorization: 'Bearer x' } }, KEYS, 401],
    ['another method', '/files/mcp', { method: 'PUT' }, {}, 405],
    ['an unknown path', '/files', {}, {}, 404],
    ['an odd path', '/%66iles/mcp', {}, {}, 404],
    ['a key in the URL', `/files/mcp?a=mcpc_${'x'.repeat(43)}`, {}, {}, 400],
    ['a server that is not granted', '/secret/mcp', { method: 'POST', body: '{}' }, {}, 400],
    ['an edge without a secret', '/files/mcp', {}, { BRIDGE_SECRET: '' }, 503],
    ['another host', '/files/mcp', {}, { BRIDGE_HOSTS: 'other.example' }, 421],
  ])('%s', async (_, path, init, settings, status) => {
    const headers = { ...(init.headers as Record<string, string>), ...page };
    const answer = await new PlayedEdge(settings).send({ ...init, headers }, path);
    const { headers: told } = answer;
    expect([answer.status === status || status === 400, told.get('vary')]).toEqual([
      true,
      'Origin',
    ]);
    expect(told.get('access-control-allow-origin')).toBe(page.Origin);
    expect(told.get('access-control-expose-headers')).toContain('WWW-Authenticate');
    expect(told.has('www-authenticate')).toBe(answer.status === 401);
  });

  test('another origin gets no header', async () => {
    const headers = { Origin: 'https://evil.example' };
    const answer = await new PlayedEdge(KEYS).send({ method: 'POST', headers });
    expect([answer.status, answer.headers.has('access-control-allow-origin')]).toEqual([
      403,
      false,
    ]);
  });
});

test('[F-06] a modern client is told that it has nothing to GET or DELETE', async () => {
  for (const method of ['GET', 'DELETE']) {
    const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Session-Id': 'x' };
    const answer = await new PlayedEdge().send({ method, headers });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await answer.text()).toContain('MCP-Protocol-Version');
  }
});

describe('[F-185] the URL of an endpoint event comes back by many ways', () => {
  const sent = '?sessionId=S&server=files';

  test.each([
    ['RFC 3986', new URL(sent, 'https://edge.example/files/sse')],
    ['behind a prefix that a proxy takes off', new URL('https://edge.example/files/sse' + sent)],
    ['RFC 2396, from the SSE URL', new URL(`https://edge.example/files/${sent}`)],
    ['from a base without a path', new URL(sent, 'https://edge.example')],
    ['joined to the SSE URL and a slash', new URL(`https://edge.example/files/sse/${sent}`)],
    ['joined to the origin', new URL(`https://edge.example${sent}`)],
    ['the old path', new URL(`https://edge.example/files/message${sent}`)],
  ])('%s', (_, url) => {
    expect(serverOfMessage(url)).toBe('files');
  });

  test.each([
    '/files/sse?sessionId=S',
    '/files/sse?server=files',
    '/other/sse?sessionId=S&server=files',
    '/files/mcp?sessionId=S&server=files',
    '//?sessionId=S&server=files',
    '/?sessionId=S&server=../files',
    '/?sessionId=S&server=',
  ])('%s is no such URL', (path) => {
    expect(serverOfMessage(new URL(`https://edge.example${path}`))).toBeUndefined();
  });
});

describe('[F-186] a session is judged by what it negotiated', () => {
  const initialize = (revision: unknown): string =>
    JSON.stringify({
      jsonrpc: '2.0',
      id: 7,
      method: 'initialize',
      params: { protocolVersion: revision },
    });
  const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';

  async function opened(revision: string | undefined) {
    const edge = new PlayedEdge();
    const answer = await edge.post(initialize('2024-10-07'));
    edge.session.negotiation = { isOpen: true, revision };
    edge.session.legacy.length = 0;
    return { edge, id: answer.headers.get('mcp-session-id') ?? '' };
  }

  test.each<[string | undefined, string, number]>([
    ['2024-10-07', '2024-10-07', 200],
    ['draft-7', 'draft-7', 200],
    ['2024-10-07', '2025-06-18', 200],
    ['2024-10-07', '2023-01-01', 400],
    ['2025-06-18', '2024-10-07', 400],
    ['2025-06-18', 'latest', 400],
    // Its runner is away, and with it what was negotiated.
    [undefined, '2024-10-07', 200],
    [undefined, 'latest', 400],
  ])('negotiated %j, header %s: %d on every method', async (negotiated, header, status) => {
    const { edge, id } = await opened(negotiated);
    const headers = { 'Mcp-Session-Id': id, 'MCP-Protocol-Version': header };
    expect((await edge.post(ping, headers)).status).toBe(status);
    const ended = await edge.send({ method: 'DELETE', headers });
    expect(ended.status).toBe(status === 200 ? 204 : status);
  });

  test('a known header costs no question', async () => {
    const { edge, id } = await opened('2025-06-18');
    await edge.post(ping, { 'Mcp-Session-Id': id, 'MCP-Protocol-Version': '2025-06-18' });
    expect(edge.session.legacy).toEqual(['post answer']);
  });

  test.each([
    ['2024-10-07', '2024-10-07', 200],
    ['2024-10-07', '2025-06-18', 400],
  ])('initialize with the header %s that asks for %s: %d', async (header, asked, status) => {
    const answer = await new PlayedEdge().post(initialize(asked), {
      'MCP-Protocol-Version': header,
    });
    expect(answer.status).toBe(status);
  });

  test('[F-24] initialize on a living session: 400; on one that has ended: 404', async () => {
    const { edge, id } = await opened('2025-06-18');
    const again = () => edge.post(initialize('2025-06-18'), { 'Mcp-Session-Id': id });
    expect(await verdictOf(await again())).toMatchObject({ status: 400, code: -32600, id: 7 });
    edge.session.negotiation = { isOpen: false, revision: undefined };
    expect(await verdictOf(await again())).toMatchObject({ status: 404, code: 42012, id: 7 });
  });

  test.each([
    ['malformed', 'x'],
    ['of another product', '3f0b8f5e-5a4e-4b8e-9a94-1c9f6f5b3c11'],
    ['empty', ''],
    ['with a made-up signature', `${'A'.repeat(22)}.${'B'.repeat(22)}`],
  ])('[F-23] initialize with an id that is %s: 404', async (_, id) => {
    const edge = new PlayedEdge();
    const answer = await edge.post(initialize('2025-06-18'), { 'Mcp-Session-Id': id });
    expect(await verdictOf(answer)).toMatchObject({ status: 404, code: 42012 });
    expect(edge.names).toEqual([]);
  });

  test('[F-616] the id of a session that the secret before has signed goes on to count', async () => {
    const before = 'the secret before, of 32 and more letters';
    const first = new PlayedEdge({ BRIDGE_SECRET: before });
    const { headers } = await first.post(initialize('2025-06-18'));
    const session = { 'Mcp-Session-Id': headers.get('mcp-session-id') ?? '' };
    const next = { BRIDGE_SECRET: 'another secret of 32 and more letters' };
    const statusAt = async (settings: Record<string, string>): Promise<number> =>
      (await new PlayedEdge(settings).post(ping, session)).status;
    expect(await statusAt(next)).toBe(404);
    expect(await statusAt({ ...next, BRIDGE_SECRET_BEFORE: before })).toBe(200);
  });

  test('[F-25] initialize with the id of another principal, or of an earlier secret: 404', async () => {
    const asAnn = { Authorization: `Bearer ${ANN.key}` };
    const { id } = await opened('2025-06-18');
    const others = [
      new PlayedEdge(KEYS).post(initialize('x'), { ...asAnn, 'Mcp-Session-Id': id }),
      new PlayedEdge({ BRIDGE_SECRET: 'another secret of 32 and more letters' }).post(
        initialize('x'),
        { 'Mcp-Session-Id': id },
      ),
    ];
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([404, 404]);
  });
});

describe('[F-187] a header of ours that no client has reason to send', () => {
  const long = 'x'.repeat(8 * 1024 + 1);
  test.each([
    ['MCP-Protocol-Version', {}],
    ['Mcp-Session-Id', {}],
    ['Mcp-Method', {}],
    ['Mcp-Name', headersOf('tools/call')],
    ['Mcp-Param-Region', headersOf('tools/call', 'echo')],
  ])('%s of over 8 KiB: 400 -32020', async (name, headers) => {
    const edge = new PlayedEdge();
    const answer = await edge.post(request('tools/call', { name: 'echo' }), {
      ...headers,
      [name]: long,
    });
    const text = await answer.clone().text();
    expect(await verdictOf(answer)).toMatchObject({ status: 400, code: -32020 });
    expect(text.toLowerCase()).toContain(name.toLowerCase());
    expect(edge.names).toEqual([]);
  });

  test.each(['GET', 'DELETE'])('%s too', async (method) => {
    const answer = await new PlayedEdge().send({ method, headers: { 'Mcp-Session-Id': long } });
    expect(await verdictOf(answer)).toMatchObject({ status: 400, code: -32020 });
  });
});

describe('[F-188] what a header vouches for stands once', () => {
  const NAME = '"name":"safe"';
  const called = (params: string): string =>
    request('tools/call', { name: 'safe' }).replace(NAME, params);
  const headers = headersOf('tools/call', 'safe');

  test.each([
    ['a name in another case', `${NAME},"Name":"danger"`],
    ['before the right one', `"NAME":"danger",${NAME}`],
    ['by a letter that folds', `${NAME},"argument\u017f":{}`],
    ['arguments in another case', `${NAME},"arguments":{},"Arguments":{"a":1}`],
    ['arguments twice', `${NAME},"arguments":{},"arguments":{"a":1}`],
    ['arguments twice, once escaped', `${NAME},"arguments":{},"argument\u0073":{"a":1}`],
    ['_meta in another case', `${NAME},"_META":{}`],
    ['a uri in another case', `${NAME},"Uri":"x"`],
  ])('%s: 400 -32602', async (_, params) => {
    const edge = new PlayedEdge();
    const answer = await edge.post(called(params), headers);
    expect(await verdictOf(answer)).toMatchObject({ status: 400, code: -32602, id: 7 });
    expect(edge.names).toEqual([]);
  });

  test.each([
    ['other keys in any case', `${NAME},"Extra":1,"extra":2`],
    ['keys inside the arguments', `${NAME},"arguments":{"Name":"a","name":"b"}`],
  ])('%s pass', async (_, params) => {
    const edge = new PlayedEdge();
    edge.session.script = [
      () => ({ kind: 'answered', message: '{"jsonrpc":"2.0","id":7,"result":{}}' }),
    ];
    expect((await edge.post(called(params), headers)).status).toBe(200);
  });

  test('methods without a name are not asked', async () => {
    const edge = new PlayedEdge();
    edge.session.script = [
      () => ({ kind: 'answered', message: '{"jsonrpc":"2.0","id":7,"result":{}}' }),
    ];
    const body = request('tools/list', { cursor: 'a' }).replace(
      '"cursor"',
      '"Cursor":"b","cursor"',
    );
    expect((await edge.post(body, headersOf('tools/list'))).status).toBe(200);
  });
});

test('[F-189] a Host that makes no URL: 400', () => {
  // A Request cannot be made with one, so it is played.
  const odd = { url: 'http://a b/files/mcp' } as Request;
  expect(checkUrl(odd)).toMatchObject({ fault: 'invalid_request' });
});
