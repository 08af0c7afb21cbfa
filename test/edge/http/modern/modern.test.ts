// Modern requests through the HTTP application: what reaches the actor, what the client gets, and what closing a response does.
import { describe, expect, test, vi } from 'vitest';

import type { PostAnswer } from '../../../../edge/core/ports.ts';
import { ACTOR_NAME } from '../../../../shared/ids.ts';
import type { Fault } from '../../../../shared/fault.ts';
import { encodeText } from '../../../../shared/link/codec.ts';
import type { StreamDown } from '../../../../shared/link/session-frames.ts';
import {
  headersOf,
  meta,
  PlayedEdge,
  request,
  verdictOf,
  VERSION,
  type Followed,
} from '../modern-client.ts';
import { PATIENCE } from '../../../fixtures/patience.ts';

const decoder = new TextDecoder();
const LIST = headersOf('tools/list');
const CALL = headersOf('tools/call', 'echo');
const LISTEN = headersOf('subscriptions/listen');
const RESULT = '{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete"}}';
const FOLLOW: PostAnswer = { kind: 'follow', isAccepted: true, isSent: true };

const list = (changes: object = {}): string => request('tools/list', {}, changes);
const call = (changes: object = {}): string => request('tools/call', { name: 'echo' }, changes);

/** An edge whose session plays these answers, one a post. */
function edgeWith(...answers: (PostAnswer | Error)[]): PlayedEdge {
  const edge = new PlayedEdge();
  edge.session.script = answers.map((answer) => () => {
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return edge;
}

const answeredWith = (message: string | undefined): PlayedEdge =>
  edgeWith({ kind: 'answered', message });
const refusedWith = (...faults: Fault[]): PlayedEdge =>
  edgeWith(...faults.map((fault) => ({ kind: 'refused', fault }) as const));

/** `_meta` as the runner gets it, of a request that was answered. */
async function metaSent(
  body: string,
  headers: Record<string, string>,
): Promise<Record<string, unknown>> {
  const edge = answeredWith(RESULT);
  expect((await edge.post(body, headers)).status).toBe(200);
  return JSON.parse(edge.session.posts[0]?.message ?? '').params._meta;
}

/** The follower of the one stream, once it has dialled. */
async function follower(edge: PlayedEdge): Promise<Followed> {
  await vi.waitFor(() => expect(edge.session.follows).toHaveLength(1), PATIENCE);
  const [followed] = edge.session.follows;
  if (!followed) throw new Error('nobody follows');
  return followed;
}

const tell = ({ listener }: Followed, frame: StreamDown, message?: string): void =>
  listener.message(encodeText(frame, message));

const frames = ({ said }: Followed): string[] =>
  said.map((text) => JSON.parse(text.split('\n')[0] ?? '').type);

describe('a modern request', () => {
  test('goes to the actor of its principal and server, as a session of its own kind', async () => {
    const edge = answeredWith(RESULT);
    await edge.post(list(), LIST);
    await edge.post(list(), { ...LIST, 'Mcp-Session-Id': 'V1StGXR8_Z5jdHi6B-myT0.x' });
    const [first, second] = edge.names;
    expect(first).toMatch(ACTOR_NAME);
    expect(first).toMatch(/^m-/u);
    expect(second).toBe(first);
    const [opening] = edge.session.openings;
    expect(opening).toEqual({
      server: 'files',
      principal: opening?.principal,
      clientKind: 'modern',
    });
    const [one, two] = edge.session.posts;
    expect(one).toEqual({
      id: one?.id,
      stream: one?.id,
      wants: 'answer',
      message: list(),
      said: one?.said,
      requestIds: ['7'],
    });
    expect(decoder.decode(one?.said?.bytes)).toBe(list());
    expect(two?.id).not.toBe(one?.id);
    await edge.send(
      {
        method: 'POST',
        body: list(),
        headers: { 'Content-Type': 'application/json', ...LIST },
      },
      '/mail/mcp',
    );
    expect(edge.names[2]).toMatch(ACTOR_NAME);
    expect(edge.names[2]).not.toBe(first);
  });

  test('is answered as JSON, without a session id', async () => {
    const answer = await answeredWith(RESULT).post(list(), LIST);
    expect([answer.status, await answer.text()]).toEqual([200, RESULT]);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.has('mcp-session-id')).toBe(false);
  });

  test.each<[string, number | undefined, number]>([
    ['a header that does not match', -32020, 400],
    ['a capability that is missing', -32021, 400],
    ['a version that is not served', -32022, 400],
    ['[F-22] an unknown method', -32601, 404],
    ['bad params', -32602, 200],
    ['a failure', -32603, 200],
    ['an error of the server’s own', 42, 200],
    ['no code at all', undefined, 200],
  ])('answered with %s (%s): status %s', async (_, code, status) => {
    const message = JSON.stringify({ jsonrpc: '2.0', id: 7, error: { code, message: 'no' } });
    const answer = await answeredWith(message).post(list(), LIST);
    expect([answer.status, await answer.text()]).toEqual([status, message]);
  });

  test('a result that only speaks of an error is a result', async () => {
    const result = `{"jsonrpc":"2.0","id":7,"result":{"error":{"code":-32601},"a":{"error":1}}}`;
    const answer = await answeredWith(result).post(list(), LIST);
    expect([answer.status, await answer.text()]).toEqual([200, result]);
  });

  test('that ended without an answer is 202', async () => {
    const answer = await answeredWith(undefined).post(list(), LIST);
    expect([answer.status, await answer.text()]).toEqual([202, '']);
  });
});

describe('what the runner is told in `_meta`', () => {
  test('of tools/call: the headers of its arguments, raw, and none that a client made up', async () => {
    const headers = { ...CALL, 'Mcp-Param-Region': '=?base64?SGVsbG8=?=', 'MCP-PARAM-n': '42.0' };
    const made = {
      'mcp-edge-bridge/headers': { 'mcp-param-x': '1' },
      'mcp-edge-bridge/clientId': 1,
    };
    expect(await metaSent(call(made), headers)).toEqual({
      ...meta(),
      'mcp-edge-bridge/headers': {
        'mcp-param-region': '=?base64?SGVsbG8=?=',
        'mcp-param-n': '42.0',
      },
    });
    expect(await metaSent(call(), CALL)).toEqual(meta());
    expect(await metaSent(call(made), CALL)).toEqual(meta());
  });

  test('of subscriptions/listen: the client’s own id, byte for byte', async () => {
    const edge = answeredWith(
      '{"jsonrpc":"2.0","id":"listen:0","error":{"code":1,"message":"no"}}',
    );
    const made = { 'mcp-edge-bridge/headers': {}, 'mcp-edge-bridge/clientId': 'made up' };
    const body = request('subscriptions/listen', { notifications: {} }, made);
    for (const id of ['"listen:0"', '12345678901234567890']) {
      await edge.post(body.replace('"id":7', `"id":${id}`), LISTEN);
      const { message = '' } = edge.session.posts.at(-1) ?? {};
      expect(message).toContain(`"mcp-edge-bridge/clientId":${id}}`);
      expect(message).not.toContain('made up');
      expect(message).not.toContain('mcp-edge-bridge/headers');
    }
  });

  test('of other requests: nothing, whatever a client wrote there', async () => {
    const made = { 'mcp-edge-bridge/headers': {}, 'mcp-edge-bridge/clientId': 1, other: 'kept' };
    expect(await metaSent(list(made), { ...LIST, 'Mcp-Param-A': 'x' })).toEqual({
      ...meta(),
      other: 'kept',
    });
    const escaped = list(made).replace('bridge/clientId', 'bridge/client\\u0049d');
    expect(await metaSent(escaped, LIST)).toEqual({ ...meta(), other: 'kept' });
  });

  test('everything else passes byte for byte', async () => {
    const edge = answeredWith(RESULT);
    const args = '{"big":9007199254740993,"far":1e400,"text":"\\u00e9\\/","twice":1,"twice":2}';
    const body = call().replace('"name":"echo"', `"name":"echo","arguments":${args}`);
    await edge.post(body, CALL);
    expect(edge.session.posts[0]?.message).toContain(`"arguments":${args}`);
  });

  const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  test.each<[string, Record<string, string>, object, object]>([
    [
      'trace context and baggage',
      { traceparent: PARENT, tracestate: 'a=1', baggage: 'k=v' },
      {},
      { traceparent: PARENT, tracestate: 'a=1', baggage: 'k=v' },
    ],
    [
      'what the body has instead',
      { traceparent: PARENT, tracestate: 'a=1', baggage: 'k=v' },
      { traceparent: 'own', baggage: 'own' },
      { traceparent: 'own', baggage: 'own' },
    ],
    ['no state without a parent', { tracestate: 'a=1' }, {}, {}],
    ['no parent of all zeros', { traceparent: PARENT.replaceAll(/[1-9a-f]/gu, '0') }, {}, {}],
    ['no parent in capitals', { traceparent: PARENT.toUpperCase(), tracestate: 'a=1' }, {}, {}],
    ['no parent of version ff', { traceparent: PARENT.replace('00', 'ff') }, {}, {}],
    ['no parent with more than version 00 has', { traceparent: `${PARENT}-x` }, {}, {}],
    [
      'a parent of a later version with more',
      { traceparent: `01${PARENT.slice(2)}-x` },
      {},
      { traceparent: `01${PARENT.slice(2)}-x` },
    ],
  ])('of tracing: %s', async (_, headers, own, expected) => {
    expect(await metaSent(list(own), { ...LIST, ...headers })).toEqual({ ...meta(), ...expected });
  });
});

describe('a modern answer as a stream', () => {
  test('opens with a comment, has no event ids, and ends with the answer', async () => {
    const edge = edgeWith(FOLLOW);
    const answer = await edge.post(call(), CALL);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('x-accel-buffering')).toBe('no');
    const socket = await follower(edge);
    expect(socket.stream).toBe(edge.session.posts[0]?.stream);
    const { stream } = socket;
    tell(socket, { type: 'linked' });
    tell(socket, { type: 'attached', stream, after: 0 });
    tell(socket, { type: 'event', stream, seq: 1 }, '{"jsonrpc":"2.0","method":"n"}');
    tell(socket, { type: 'event', stream, seq: 2, final: true }, RESULT);
    const text = await answer.text();
    expect(text).toBe(`: open\n\ndata: {"jsonrpc":"2.0","method":"n"}\n\ndata: ${RESULT}\n\n`);
    expect(frames(socket)).toEqual(['attach', 'ack']);
  });

  test('[F-95] a client that leaves has cancelled', async () => {
    const edge = edgeWith(FOLLOW);
    const answer = await edge.post(call(), CALL);
    const socket = await follower(edge);
    tell(socket, { type: 'linked' });
    await answer.body?.cancel();
    expect(socket.said.at(-1)).toBe(`{"type":"cancel","stream":"${socket.stream}"}`);
    expect(socket.isClosed).toBe(true);
  });

  test('[F-95] so has one whose connection breaks', async () => {
    const edge = edgeWith(FOLLOW);
    const leaving = new AbortController();
    await edge.post(call(), CALL, leaving.signal);
    const socket = await follower(edge);
    tell(socket, { type: 'linked' });
    leaving.abort();
    expect(frames(socket)).toEqual(['attach', 'cancel']);
    expect(socket.isClosed).toBe(true);
  });

  test('[F-95] one that leaves before there was an answer has its request cancelled when it turns up', async () => {
    const edge = new PlayedEdge();
    const { promise, resolve } = Promise.withResolvers<PostAnswer>();
    edge.session.script = [() => promise];
    const leaving = new AbortController();
    const answer = edge.post(call(), CALL, leaving.signal);
    await vi.waitFor(() => expect(edge.session.posts).toHaveLength(1), PATIENCE);
    leaving.abort();
    const vouched = edge.outliving.length;
    resolve({ kind: 'follow', isAccepted: false, isSent: true });
    await answer;
    await Promise.all(edge.outliving);
    const socket = await follower(edge);
    expect([vouched, socket.isClosed]).toEqual([1, true]);
    expect(frames(socket)).toEqual(['cancel']);
  });

  test('[F-95] one that leaves while the stream is dialled has cancelled too', async () => {
    const edge = edgeWith(FOLLOW);
    const { promise, resolve } = Promise.withResolvers<void>();
    edge.session.dialled = promise;
    const answer = await edge.post(call(), CALL);
    const socket = await follower(edge);
    await answer.body?.cancel();
    expect([socket.said, socket.isClosed]).toEqual([[], false]);
    resolve();
    // A host ends what nobody vouches for when the client has left.
    await Promise.all(edge.outliving);
    expect(socket.isClosed).toBe(true);
    expect(frames(socket)).toEqual(['cancel']);
  });

  test('an answer that was read to its end cancels nothing', async () => {
    const edge = edgeWith(FOLLOW);
    const leaving = new AbortController();
    const answer = await edge.post(call(), CALL, leaving.signal);
    const socket = await follower(edge);
    tell(socket, { type: 'linked' });
    tell(socket, { type: 'event', stream: socket.stream, seq: 1, final: true }, RESULT);
    await answer.text();
    leaving.abort();
    expect(frames(socket)).toEqual(['attach', 'ack']);
  });

  test('[F-87] an actor that broke away is asked again, over the stream, with the same post', async () => {
    const edge = edgeWith(new Error('the actor was reset'));
    const answer = await edge.post(call(), CALL);
    const socket = await follower(edge);
    tell(socket, { type: 'linked' });
    const [asked] = edge.session.posts;
    const again = { type: 'post', stream: asked?.id, id: asked?.id };
    expect(socket.said).toEqual([`${JSON.stringify(again)}\n${asked?.message}`]);
    tell(socket, { type: 'event', stream: socket.stream, seq: 1, final: true }, RESULT);
    expect(await answer.text()).toContain(RESULT);
    expect(edge.session.posts).toHaveLength(1);
  });

  test('[F-87] a session that is gone by then is one error, in words of this era', async () => {
    const edge = edgeWith(new Error('the actor was reset'));
    edge.session.followFault = { fault: 'session_not_found' };
    const text = await (await edge.post(call(), CALL)).text();
    const [, event = ''] = /^data: (.*)$/mu.exec(text) ?? [];
    expect(JSON.parse(event)).toMatchObject({
      id: 7,
      error: { data: { fault: 'runner_lost', phase: 'unknown' } },
    });
  });

  test.each([
    [true, 'runner_lost', 'unknown'],
    [false, 'runner_offline', 'not_sent'],
  ])('so is one that ends while it is followed (sent: %s)', async (isSent, fault, phase) => {
    const edge = edgeWith({ kind: 'follow', isAccepted: false, isSent });
    const answer = await edge.post(call(), CALL);
    tell(await follower(edge), { type: 'gone', fault: 'session_not_found' });
    const [, event = ''] = /^data: (.*)$/mu.exec(await answer.text()) ?? [];
    expect(event).not.toMatch(/session|initialize/u);
    expect(JSON.parse(event)).toMatchObject({ id: 7, error: { data: { fault, phase } } });
  });

  test('[F-83] a client that is cut before it read anything gets a broken connection, not silence', async () => {
    const edge = edgeWith(FOLLOW);
    const answer = await edge.post(call(), CALL);
    const socket = await follower(edge);
    tell(socket, { type: 'refused', of: socket.stream, fault: 'overloaded' });
    await expect(answer.text()).rejects.toThrow('too slowly');
    expect(frames(socket)).toEqual(['cancel']);
  });

  test('subscriptions/listen is a stream even when it ends at once', async () => {
    const listen = request('subscriptions/listen', { notifications: {} });
    const answer = await answeredWith(RESULT).post(listen, LISTEN);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(await answer.text()).toBe(`: open\n\ndata: ${RESULT}\n\n`);
    const error = '{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no"}}';
    const refused = await answeredWith(error).post(listen, LISTEN);
    expect([refused.status, await refused.text()]).toEqual([404, error]);
  });
});

describe('a fault of the bridge', () => {
  test.each<[Fault['fault'], number]>([
    ['runner_lost', 200],
    ['process_exited', 200],
    ['process_start_failed', 200],
    ['process_protocol', 200],
    ['deadline', 200],
    ['too_large', 200],
    ['runner_offline', 503],
    ['overloaded', 503],
    ['internal', 500],
  ])('%s is told with status %s, and the request’s id', async (fault, expected) => {
    const answer = await refusedWith({ fault, phase: 'sent' }).post(call(), CALL);
    const again = answer.headers.get('retry-after');
    const { status, id, data } = await verdictOf(answer);
    expect({ status, id }).toEqual({ status: expected, id: 7 });
    expect(data).toMatchObject({ fault, phase: 'sent' });
    expect(again !== null).toBe(expected >= 500);
  });

  test('the runner’s own words are kept', async () => {
    const edge = refusedWith({ fault: 'process_exited', message: 'It ended with code 3.' });
    expect(await (await edge.post(call(), CALL)).text()).toContain('It ended with code 3.');
  });

  test('where it had none, ours do not speak of sessions', async () => {
    const edge = refusedWith({ fault: 'process_exited', message: undefined, phase: 'sent' });
    expect(await (await edge.post(call(), CALL)).text()).not.toContain('session');
  });

  const ENDED: Fault = { fault: 'session_not_found' };

  test('a session that ended before it had the request is opened anew, with a post of its own', async () => {
    const edge = refusedWith(ENDED, { ...ENDED, phase: 'not_sent' }, ENDED, {
      fault: 'deadline',
      phase: 'sent',
    });
    const { status, data } = await verdictOf(await edge.post(call(), CALL));
    expect([status, data]).toEqual([200, { fault: 'deadline', phase: 'sent', retryable: false }]);
    expect(new Set(edge.session.posts.map(({ id }) => id)).size).toBe(4);
    expect(new Set(edge.session.posts.map(({ message }) => message)).size).toBe(1);
  });

  test('but not for ever', async () => {
    const edge = refusedWith(ENDED);
    const answer = await edge.post(call(), CALL);
    expect(answer.headers.has('retry-after')).toBe(true);
    expect(await verdictOf(answer)).toMatchObject({ status: 503, id: 7 });
    expect(edge.session.posts).toHaveLength(4);
  });

  test.each(['sent', 'unknown'] as const)(
    'and not when the request may have run (%s)',
    async (phase) => {
      const edge = refusedWith({ ...ENDED, phase });
      const { status, data } = await verdictOf(await edge.post(call(), CALL));
      expect([status, data]).toEqual([200, { fault: 'runner_lost', phase, retryable: false }]);
      expect(edge.session.posts).toHaveLength(1);
    },
  );
});

describe('a modern notification', () => {
  const notification = (method: string, params: object): string =>
    JSON.stringify({ jsonrpc: '2.0', method, params });
  const cancelled = (params: object): string => notification('notifications/cancelled', params);
  const { 'MCP-Protocol-Version': version } = LIST;

  test.each<[string, string, Record<string, string>, number]>([
    [
      'by claim and header',
      cancelled({ _meta: meta() }),
      { 'MCP-Protocol-Version': `${version}` },
      -32600,
    ],
    ['by header', cancelled({ requestId: 1 }), { 'MCP-Protocol-Version': `${version}` }, -32600],
    ['by claim', cancelled({ _meta: { [VERSION]: version } }), {}, -32600],
    [
      'of two versions',
      cancelled({ _meta: meta() }),
      { 'MCP-Protocol-Version': '2027-01-01' },
      -32020,
    ],
    ['of two methods', cancelled({ _meta: meta() }), { 'Mcp-Method': 'notifications/x' }, -32020],
  ])('[F-203] that cancels, %s, is refused and reaches nobody', async (_, body, headers, code) => {
    const edge = new PlayedEdge();
    const verdict = await verdictOf(await edge.post(body, headers));
    expect(verdict).toMatchObject({ status: 400, code, id: undefined });
    expect(edge.names).toEqual([]);
  });

  test('[F-202] goes to the session of its principal, and is told as it was taken', async () => {
    const edge = new PlayedEdge();
    const body = notification('acme/hello', { _meta: meta() });
    const answer = await edge.post(body, headersOf('acme/hello'));
    expect([answer.status, await answer.text()]).toEqual([202, '']);
    expect(edge.session.legacy).toEqual(['post accepted']);
  });

  test.each([
    [{ fault: 'invalid_request', message: 'No process.' }, 400, 'No process.'],
    [{ fault: 'session_not_found' }, 400, 'Send a request first'],
    [{ fault: 'runner_offline' }, 503, 'runner'],
  ] as const)('[F-202] that nobody takes is refused: %j', async (fault, status, words) => {
    const edge = new PlayedEdge();
    edge.session.post = async () => ({ kind: 'refused', fault });
    const answer = await edge.post(notification('acme/hello', {}), headersOf('acme/hello'));
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(words);
  });
});

describe('pages', () => {
  const page = { Origin: 'https://page.example' };
  const preflight = async (asked: string): Promise<string[]> => {
    const headers = {
      ...page,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': asked,
    };
    const answer = await new PlayedEdge().send({ method: 'OPTIONS', headers });
    expect(answer.status).toBe(204);
    return (answer.headers.get('access-control-allow-headers') ?? '').toLowerCase().split(', ');
  };

  test('[F-32] may send the headers of a modern request, whatever its arguments are called', async () => {
    const allowed = await preflight(
      'content-type, mcp-method,mcp-name, Mcp-Param-Region,mcp-param-x',
    );
    expect(allowed).toEqual(
      expect.arrayContaining(['mcp-method', 'mcp-name', 'mcp-param-region', 'mcp-param-x']),
    );
  });

  test('[F-32] but no header that is not one', async () => {
    const allowed = await preflight('x-other, mcp-param-a b, mcp-param-, mcp-param-ok');
    expect(allowed).toContain('mcp-param-ok');
    expect(allowed.join()).not.toMatch(/x-other|a b/u);
  });

  test('[F-32] read what a request is answered, and why it was refused', async () => {
    const edge = answeredWith(RESULT);
    for (const headers of [LIST, { ...LIST, 'Mcp-Method': 'x' }]) {
      const answer = await edge.post(list(), { ...headers, ...page });
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://page.example');
    }
  });
});

describe('without a sign of the modern era all is as before', () => {
  const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';
  const initialize =
    '{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}';

  test('a legacy session: opened, used, ended', async () => {
    const edge = new PlayedEdge();
    const opened = await edge.post(initialize);
    const session = { 'Mcp-Session-Id': opened.headers.get('mcp-session-id') ?? '' };
    expect([opened.status, session['Mcp-Session-Id'].length]).toEqual([200, 45]);
    const called = await edge.post(ping, session);
    expect([called.status, await called.text()]).toEqual([
      200,
      '{"jsonrpc":"2.0","id":7,"result":{}}',
    ]);
    const noted = await edge.post(
      '{"jsonrpc":"2.0","method":"notifications/initialized"}',
      session,
    );
    expect(noted.status).toBe(202);
    expect((await edge.post(`[${ping}]`, session)).status).toBe(200);
    expect((await edge.send({ method: 'DELETE', headers: session })).status).toBe(204);
    expect(edge.session.legacy).toEqual([
      'openWith',
      'post answer',
      'post accepted',
      'post answer',
      'end',
    ]);
    expect(edge.session.posts).toEqual([]);
  });

  test.each<[string, string, Record<string, string | null>, number, number]>([
    ['no session id', ping, {}, 400, 42011],
    ['no Accept', ping, { Accept: null }, 406, 42026],
    ['half an Accept', initialize, { Accept: 'application/json' }, 406, 42026],
    ['no media type', ping, { 'Content-Type': 'text/plain' }, 415, 42027],
    ['no JSON', '{', {}, 400, -32700],
    ['no message', '{}', {}, 400, -32600],
    ['an empty batch', '[]', {}, 400, -32600],
    [
      'a batch of a later revision',
      `[${ping}]`,
      { 'MCP-Protocol-Version': '2025-06-18' },
      400,
      -32600,
    ],
    ['a revision before its time', ping, { 'MCP-Protocol-Version': '2026-07-27' }, 400, 42014],
    ['no revision', ping, { 'MCP-Protocol-Version': 'latest' }, 400, 42014],
    ['a session id of nobody', ping, { 'Mcp-Session-Id': 'x' }, 404, 42012],
    ['modern headers alone', ping, { 'Mcp-Method': 'x', 'Mcp-Name': 'y' }, 400, 42011],
  ])('refused: %s', async (_, body, headers, status, code) => {
    const edge = new PlayedEdge();
    expect(await verdictOf(await edge.post(body, headers))).toMatchObject({ status, code });
    expect(edge.names).toEqual([]);
  });

  test.each(['GET', 'DELETE'])('%s is of a session, and so never modern', async (method) => {
    const headers = { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2026-07-28' };
    const answer = await new PlayedEdge().send({ method, headers });
    expect(answer.headers.get('allow')).toBe('POST');
    expect(await verdictOf(answer)).toMatchObject({ status: 405, code: 42025 });
    const { 'MCP-Protocol-Version': _, ...unmarked } = headers;
    const other = await new PlayedEdge().send({ method, headers: unmarked });
    expect((await verdictOf(other)).code).toBe(42011);
  });
});
