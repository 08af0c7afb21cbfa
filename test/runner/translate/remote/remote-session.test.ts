// What a session with a server at a URL asks, says and ends with, whatever the server does.
import { describe, expect, it } from 'vitest';
import { workOn } from '../../../fixtures/passes.ts';
import { DrivenRemote, EVENTS_HEAD, JSON_HEAD, modern } from './driven-remote.ts';

const BROKEN = { how: 'broken', code: 'ECONNRESET' } as const;
const UNREACHED = { how: 'unreached', code: 'ECONNREFUSED' } as const;
const errorOf = (message: Record<string, unknown> | undefined) => message?.['error'];

describe('Streamable HTTP of the legacy era', () => {
  it('[F-790] initialize, then what was agreed in every request, then a stream that listens', () => {
    const remote = new DrivenRemote();
    remote.write({ id: 1, method: 'initialize', params: {} });
    expect(remote.last).toMatchObject({
      method: 'POST',
      headers: {
        Accept: 'application/json, text/event-stream',
        'Content-Type': 'application/json',
      },
    });
    expect(remote.last.headers).not.toHaveProperty('MCP-Protocol-Version');
    // What comes behind waits for the answer.
    remote.write({ method: 'notifications/initialized' });
    expect(remote.asked).toHaveLength(1);
    remote.answer(1, 200, { ...EVENTS_HEAD, 'mcp-session-id': 'sid' });
    remote.event(1, { id: 1, result: { protocolVersion: '2025-06-18' } });
    const agreed = { 'Mcp-Session-Id': 'sid', 'MCP-Protocol-Version': '2025-06-18' };
    expect(remote.last).toMatchObject({ method: 'POST', headers: agreed });
    remote.answer(2, 202);
    expect(remote.last).toMatchObject({
      method: 'GET',
      headers: { ...agreed, Accept: 'text/event-stream' },
    });
    remote.answer(3, 200, EVENTS_HEAD);
    remote.event(3, { id: 7, method: 'roots/list' });
    remote.write({ id: 7, result: { roots: [] } });
    expect(remote.last).toMatchObject({ method: 'POST', headers: agreed });
    expect(remote.saidMessages).toMatchObject([{ id: 1 }, { id: 7, method: 'roots/list' }]);
    remote.terminate();
    expect(remote.last).toMatchObject({ method: 'DELETE', headers: agreed });
    expect(remote.end).toEqual({ isStarted: true, problem: undefined });
    expect(remote.session.wakeAt()).toBeUndefined();
  });

  it('bytes of messages stay as they are; printed JSON comes on one line', () => {
    const remote = new DrivenRemote();
    remote.initialized();
    remote.write({ id: 2, method: 'tools/call' });
    const { exchange } = remote.last;
    remote.answer(exchange, 200, JSON_HEAD);
    remote.body(exchange, '{"jsonrpc":"2.0","id":2,\r\n"result":{"n":12345678901234567890.10}}');
    expect(remote.said.at(-1)).toBe(
      '{"jsonrpc":"2.0","id":2,  "result":{"n":12345678901234567890.10}}',
    );
  });

  it('an answer is passed over once to be read, however it comes', async () => {
    const result = { content: [{ type: 'text', text: 'x'.repeat(10_000) }] };
    for (const head of [JSON_HEAD, EVENTS_HEAD]) {
      const remote = new DrivenRemote();
      remote.initialized();
      remote.write({ id: 2, method: 'tools/call' });
      const { exchange } = remote.last;
      remote.answer(exchange, 200, head);
      const take = (): void =>
        head === JSON_HEAD
          ? remote.body(exchange, { id: 2, result })
          : remote.event(exchange, { id: 2, result });
      expect(await workOn(10_000, take)).toMatchObject({ passes: 1 });
      expect(remote.saidMessages.at(-1)).toMatchObject({ id: 2, result });
    }
  });

  it('messages go in their order: a notification holds back what is behind it, but not for long', () => {
    const remote = new DrivenRemote();
    remote.initialized();
    const before = remote.asked.length;
    remote.write({ method: 'notifications/roots/list_changed' });
    remote.write({ id: 5, method: 'ping' });
    expect(remote.asked).toHaveLength(before + 1);
    remote.sleep(2_000);
    expect(remote.asked).toHaveLength(before + 2);
  });

  it('[F-793] a call whose stream breaks goes on where it was, as often as something new comes', () => {
    const remote = new DrivenRemote();
    remote.initialized();
    remote.write({ id: 2, method: 'tools/call' });
    let { exchange } = remote.last;
    remote.answer(exchange, 200, EVENTS_HEAD);
    for (let round = 0; round < 20; round += 1) {
      remote.event(exchange, { method: 'notifications/progress', params: { round } }, `e${round}`);
      remote.session.retry(exchange, 100);
      remote.over(exchange, round % 2 === 0 ? BROKEN : undefined);
      const before = remote.asked.length;
      remote.sleep(99);
      expect(remote.asked).toHaveLength(before);
      remote.sleep(1);
      expect(remote.last).toMatchObject({
        method: 'GET',
        headers: { 'Last-Event-ID': `e${round}` },
      });
      ({ exchange } = remote.last);
      remote.answer(exchange, 200, EVENTS_HEAD);
    }
    remote.event(exchange, { id: 2, result: {} }, 'last');
    remote.over(exchange);
    expect(remote.saidMessages.at(-1)).toMatchObject({ id: 2, result: {} });
    const before = remote.asked.length;
    remote.sleep(60_000);
    expect(remote.asked).toHaveLength(before);
  });

  it('[F-793] one that cannot go on is answered by the bridge, once', () => {
    const cases: ((remote: DrivenRemote, exchange: number) => void)[] = [
      // No event had an id.
      (remote, exchange) => {
        remote.answer(exchange, 200, EVENTS_HEAD);
        remote.over(exchange);
      },
      (remote, exchange) => remote.over(exchange, BROKEN),
      (remote, exchange) => {
        remote.answer(exchange, 200, JSON_HEAD);
        remote.over(exchange, BROKEN);
      },
      // It comes again and again, with nothing new.
      (remote, exchange) => {
        remote.answer(exchange, 200, EVENTS_HEAD);
        remote.event(exchange, '', 'e1');
        remote.over(exchange);
        for (let round = 0; round < 5; round += 1) {
          remote.sleep(30_000);
          const again = remote.last.exchange;
          remote.answer(again, 200, EVENTS_HEAD);
          remote.over(again);
        }
      },
      // What it would go on with is not kept.
      (remote, exchange) => {
        remote.answer(exchange, 200, EVENTS_HEAD);
        remote.event(exchange, '', 'e1');
        remote.over(exchange);
        remote.sleep(1_000);
        remote.answer(remote.last.exchange, 405);
      },
    ];
    for (const breaks of cases) {
      const remote = new DrivenRemote();
      remote.initialized();
      remote.write({ id: 2, method: 'tools/call' });
      const before = remote.said.length;
      breaks(remote, remote.last.exchange);
      remote.sleep(60_000);
      expect(remote.said).toHaveLength(before + 1);
      expect(errorOf(remote.saidMessages.at(-1))).toMatchObject({
        data: { phase: 'sent' },
        message: expect.stringContaining('The server'),
      });
      expect(remote.end).toBeUndefined();
    }
  });

  it('[F-793] the stream that listens is opened again; a server that is gone is noticed', () => {
    const remote = new DrivenRemote();
    let listening = remote.initialized();
    remote.event(listening, { method: 'notifications/tools/list_changed' }, 'a');
    for (let round = 0; round < 2; round += 1) {
      remote.over(listening);
      remote.sleep(30_000);
      expect(remote.last).toMatchObject({ method: 'GET', headers: { 'Last-Event-ID': 'a' } });
      listening = remote.last.exchange;
      remote.answer(listening, 200, EVENTS_HEAD);
    }
    remote.over(listening, BROKEN);
    for (let round = 0; round < 3; round += 1) {
      expect(remote.end).toBeUndefined();
      remote.sleep(30_000);
      remote.over(remote.last.exchange, UNREACHED);
    }
    expect(remote.end).toMatchObject({
      isStarted: true,
      problem: { code: 'ECONNREFUSED', what: expect.stringContaining('does not listen') },
    });
  });

  it('[F-818] there is one stream that listens, however often a client says that it is initialized', () => {
    const remote = new DrivenRemote();
    remote.initialized();
    for (let round = 0; round < 3; round += 1) {
      remote.write({ method: 'notifications/initialized' });
      remote.answer(remote.last.exchange, 202);
      remote.over(remote.last.exchange);
    }
    expect(remote.asked.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  it('[F-819] a server that ends its stream at once, and wants it opened again at once, is not asked without a pause', () => {
    const remote = new DrivenRemote();
    remote.initialized();
    const before = remote.asked.length;
    const until = remote.now + 10_000;
    while (remote.now < until && remote.asked.length - before < 1_000) {
      const { exchange } = remote.last;
      remote.answer(exchange, 200, EVENTS_HEAD);
      remote.session.retry(exchange, 0);
      remote.over(exchange);
      remote.sleep(Math.max(0, (remote.session.wakeAt() ?? until) - remote.now));
    }
    // Each time in vain, twice as long.
    expect(remote.asked.length - before).toBeLessThan(10);
    expect(remote.end).toBeUndefined();
  });

  it('[F-820] what a server never ends is not kept: the answer to a notification, or the text of a refusal', () => {
    const remote = new DrivenRemote();
    remote.initialized();
    remote.write({ method: 'notifications/roots/list_changed' });
    const silent = remote.last.exchange;
    remote.sleep(30_000);
    expect(remote.dropped).toContain(silent);
    remote.write({ id: 2, method: 'ping' });
    const refused = remote.last.exchange;
    remote.answer(refused, 503);
    remote.sleep(1_000);
    expect(remote.dropped).toContain(refused);
    expect(remote.saidMessages.filter(({ id }) => id === 2)).toHaveLength(1);
  });

  it('[F-820] a refusal without an end does not keep the stream that listens from being opened again', () => {
    const remote = new DrivenRemote();
    const listening = remote.initialized();
    remote.over(listening);
    remote.sleep(1_000);
    const { exchange } = remote.last;
    remote.answer(exchange, 503);
    remote.sleep(10_000);
    expect(remote.last.exchange).toBeGreaterThan(exchange);
    expect(remote.last.method).toBe('GET');
  });

  it.each([
    [405, 0, 0],
    [409, 1, 1],
    [501, 1, 1],
    [400, 1, 0],
  ])(
    '[F-793] a GET answered with %i: %i notes, and opened again %i times at first',
    (status, notes, again) => {
      const remote = new DrivenRemote();
      const listening = remote.initialized();
      remote.over(listening);
      remote.sleep(1_000);
      const { exchange } = remote.last;
      remote.answer(exchange, status);
      remote.over(exchange);
      const before = remote.asked.length;
      remote.sleep(4_000);
      expect(remote.notes).toHaveLength(notes);
      expect(remote.asked.length - before).toBe(again);
      expect(remote.end).toBeUndefined();
    },
  );

  it.each([
    ['404', 404, {}, undefined],
    [
      '404 with an error',
      404,
      JSON_HEAD,
      { id: null, error: { code: -32001, message: 'Session not found' } },
    ],
    [
      '400 that speaks of the session',
      400,
      JSON_HEAD,
      { id: null, error: { code: -32000, message: 'Bad Request: No valid session ID provided' } },
    ],
  ])(
    '[F-794] a session that the server does not know any more is over: %s',
    (_title, status, headers, body) => {
      const remote = new DrivenRemote();
      remote.initialized();
      remote.write({ id: 2, method: 'tools/call' });
      const { exchange } = remote.last;
      remote.answer(exchange, status, headers);
      if (body) remote.body(exchange, body);
      expect(remote.end).toMatchObject({
        isStarted: true,
        problem: { what: expect.stringContaining('session') },
      });
      expect(remote.asked.filter(({ method }) => method === 'DELETE')).toEqual([]);
    },
  );

  it('an error that comes with a status is the answer, under the id of its request', () => {
    const remote = new DrivenRemote();
    remote.initialized();
    for (const [id, text] of [
      [2, 'No such tool'],
      [null, 'No such tool'],
      [2, 'The argument "sessionId" is missing'],
    ] as const) {
      remote.write({ id: 2, method: 'tools/call' });
      const { exchange } = remote.last;
      remote.answer(exchange, 400, JSON_HEAD);
      remote.body(exchange, { id, error: { code: -32602, message: text } });
      expect(remote.saidMessages.at(-1)).toMatchObject({ id: 2, error: { code: -32602 } });
    }
    expect(remote.end).toBeUndefined();
  });

  it('a call that is cancelled is told to the server, and its stream is not kept', () => {
    const remote = new DrivenRemote();
    remote.initialized();
    remote.write({ id: 2, method: 'tools/call' });
    const { exchange } = remote.last;
    remote.answer(exchange, 200, EVENTS_HEAD);
    remote.write({ method: 'notifications/cancelled', params: { requestId: 2 } });
    expect(remote.last).toMatchObject({ method: 'POST' });
    remote.sleep(1_000);
    expect(remote.dropped).toEqual([exchange]);
  });

  it('lines that the server does not take are told, and are bounded', () => {
    const remote = new DrivenRemote();
    remote.write({ id: 1, method: 'initialize' });
    remote.write({ id: 2, method: 'x', params: { text: 'x'.repeat(70_000) } });
    expect(remote.session.isFull).toBe(true);
    remote.answer(1, 200, JSON_HEAD);
    remote.body(1, { id: 1, result: {} });
    expect([remote.session.isFull, remote.drained]).toEqual([false, 1]);
    const stuck = new DrivenRemote();
    stuck.write({ id: 1, method: 'initialize' });
    for (let count = 0; count < 33; count += 1)
      stuck.write({ method: 'x', params: { text: 'x'.repeat(1024 * 1024) } });
    expect(stuck.end).toMatchObject({ problem: { code: 'FULL' } });
  });
});

describe('[F-795] a server that answers with no message', () => {
  it.each<[title: string, act: (remote: DrivenRemote) => void, words: string]>([
    [
      'nothing listens',
      (remote) => remote.over(1, UNREACHED),
      'does not listen at its address (ECONNREFUSED)',
    ],
    ['it hangs up', (remote) => remote.over(1, BROKEN), 'broke the connection off (ECONNRESET)'],
    [
      'a certificate',
      (remote) => remote.over(1, { how: 'unreached', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      'has a certificate that is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)',
    ],
    [
      'no TLS',
      (remote) => remote.over(1, { how: 'unreached', code: 'EPROTO' }),
      'does not speak TLS as it should (EPROTO)',
    ],
    [
      'no HTTP',
      (remote) => remote.over(1, { how: 'broken', code: 'HPE_INVALID_CONSTANT' }),
      'does not speak HTTP (HPE_INVALID_CONSTANT)',
    ],
    ['401', (remote) => remote.answer(1, 401, JSON_HEAD), 'asks for credentials (HTTP 401)'],
    [
      '403',
      (remote) => remote.answer(1, 403),
      'refuses the credentials that it was given (HTTP 403)',
    ],
    [
      'a redirect',
      (remote) => remote.answer(1, 307, { location: 'https://evil.example/' }),
      'redirects to another address, which is not followed (HTTP 307)',
    ],
    [
      '502',
      (remote) => remote.answer(1, 502, { 'content-type': 'text/html' }),
      'failed (HTTP 502)',
    ],
    [
      'HTML',
      (remote) => remote.answer(1, 200, { 'content-type': 'text/html; charset=utf-8' }),
      'answers with text/html, which is no message of MCP',
    ],
    [
      'a strange type',
      (remote) => remote.answer(1, 200, { 'content-type': '<b>' }),
      'answers with something, which is no message of MCP',
    ],
    ['202', (remote) => remote.answer(1, 202), 'took a request and gave no answer (HTTP 202)'],
    [
      'HTML called JSON',
      (remote) => {
        remote.answer(1, 200, JSON_HEAD);
        remote.body(1, '<html>');
      },
      'answered with what is no message of MCP',
    ],
  ])('at the start: %s', (_title, act, words) => {
    const remote = new DrivenRemote();
    remote.write({ id: 1, method: 'initialize' });
    act(remote);
    expect(remote.end).toMatchObject({ isStarted: false, problem: { what: words } });
    expect(remote.end?.problem?.fix).not.toBe('');
    expect(remote.said).toEqual([]);
  });

  it('later only the call fails, but credentials that have ended end the session', () => {
    const remote = new DrivenRemote();
    remote.initialized();
    const fail = (act: (exchange: number) => void): void => {
      remote.write({ id: 2, method: 'tools/call' });
      act(remote.last.exchange);
    };
    const before = remote.said.length;
    fail((exchange) => remote.answer(exchange, 503));
    fail((exchange) => remote.answer(exchange, 302));
    fail((exchange) => remote.answer(exchange, 200, { 'content-type': 'text/html' }));
    fail((exchange) => {
      remote.answer(exchange, 200, JSON_HEAD);
      remote.over(exchange, { how: 'too_large', code: 'TOO_LARGE' });
    });
    expect(remote.saidMessages.slice(before).map(errorOf)).toMatchObject([
      { data: { fault: 'process_protocol' }, message: 'The server failed (HTTP 503).' },
      { data: { fault: 'process_protocol' } },
      { data: { fault: 'process_protocol' } },
      { data: { fault: 'too_large' } },
    ]);
    expect(remote.end).toBeUndefined();
    fail((exchange) => remote.answer(exchange, 401));
    expect(remote.end).toMatchObject({ isStarted: true, problem: { code: 'HTTP 401' } });
  });
});

describe('[F-792] HTTP+SSE', () => {
  it('is what a server speaks that refuses a POST, and says where messages go', () => {
    for (const status of [400, 404, 405]) {
      const remote = new DrivenRemote();
      remote.write({ id: 1, method: 'initialize' });
      remote.answer(1, status, { 'content-type': 'text/html' });
      expect(remote.last).toMatchObject({
        method: 'GET',
        headers: { Accept: 'text/event-stream' },
      });
      remote.over(1);
      remote.answer(2, 200, EVENTS_HEAD);
      expect(remote.asked).toHaveLength(2);
      remote.event(2, '/message?sessionId=1', undefined, 'endpoint');
      expect(remote.last).toMatchObject({ method: 'POST', url: 'http://own/message?sessionId=1' });
      remote.answer(3, 202);
      remote.over(3);
      remote.event(2, { id: 1, result: { protocolVersion: '2024-11-05' } });
      expect(remote.saidMessages).toMatchObject([{ id: 1 }]);
      remote.over(2);
      expect(remote.end).toMatchObject({ isStarted: true, problem: { what: 'closed its stream' } });
    }
  });

  it('if that fails too, the first refusal is told', () => {
    const remote = new DrivenRemote();
    remote.write({ id: 1, method: 'initialize' });
    remote.answer(1, 404);
    remote.answer(2, 500);
    expect(remote.end).toMatchObject({ problem: { code: 'HTTP 404' } });
  });

  it('an error of JSON-RPC is an answer, not a refusal of the transport', () => {
    const remote = new DrivenRemote();
    remote.write(modern(1, 'server/discover'));
    remote.answer(1, 400, JSON_HEAD);
    remote.body(1, { id: null, error: { code: -32000, message: 'Server not initialized' } });
    expect(remote.saidMessages).toMatchObject([{ id: 1, error: { code: -32000 } }]);
    expect(remote.asked).toHaveLength(1);
  });

  it('[F-791] no message goes to an endpoint of another origin', () => {
    const remote = new DrivenRemote('sse');
    remote.write({ id: 1, method: 'initialize' });
    remote.answer(1, 200, EVENTS_HEAD);
    remote.event(1, 'https://evil.example/message', undefined, 'endpoint');
    expect(remote.end).toMatchObject({ isStarted: false, problem: { code: 'ORIGIN' } });
    expect(remote.asked).toHaveLength(1);
  });
});

describe('[F-796] a server of 2026-07-28', () => {
  it('each request says in headers what it is, and ends by itself', () => {
    const remote = new DrivenRemote();
    remote.write(modern(1, 'server/discover'));
    expect(remote.last.headers).toMatchObject({
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'server/discover',
    });
    remote.write(modern(2, 'tools/call', { name: 'größe' }));
    expect(remote.last.headers).toMatchObject({
      'Mcp-Name': `=?base64?${Buffer.from('größe').toString('base64')}?=`,
    });
    const { exchange } = remote.last;
    remote.answer(exchange, 200, EVENTS_HEAD);
    // It is cancelled by the end of its exchange.
    remote.write({ method: 'notifications/cancelled', params: { requestId: 2 } });
    expect(remote.dropped).toEqual([exchange]);
    expect(remote.asked).toHaveLength(2);
    remote.terminate();
    expect(remote.asked).toHaveLength(2);
  });

  const tools = {
    tools: [
      {
        name: 't',
        inputSchema: {
          type: 'object',
          properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
        },
      },
    ],
  };
  const call = modern(2, 'tools/call', { name: 't', arguments: { region: 'eu' } });

  it('arguments are repeated in headers as the list of tools asks', () => {
    const remote = new DrivenRemote();
    remote.write(modern(1, 'tools/list'));
    remote.answer(1, 200, JSON_HEAD);
    remote.body(1, { id: 1, result: tools });
    remote.write(call);
    expect(remote.last.headers).toMatchObject({ 'Mcp-Param-Region': 'eu' });
  });

  it('a call that is refused for them is sent once more, when the list is known', () => {
    const remote = new DrivenRemote();
    const refuse = (): void => {
      const { exchange } = remote.last;
      remote.answer(exchange, 400, JSON_HEAD);
      remote.body(exchange, { id: 2, error: { code: -32020, message: 'header' } });
    };
    remote.write(call);
    refuse();
    expect(remote.last.headers).toMatchObject({ 'Mcp-Method': 'tools/list' });
    const own = JSON.parse(new TextDecoder().decode(remote.last.body)) as { id: string };
    const list = remote.last.exchange;
    remote.answer(list, 200, JSON_HEAD);
    remote.body(list, { id: own.id, result: tools });
    expect(remote.last.headers).toMatchObject({
      'Mcp-Method': 'tools/call',
      'Mcp-Param-Region': 'eu',
    });
    expect(remote.said).toEqual([]);
    refuse();
    expect(remote.saidMessages).toMatchObject([{ id: 2, error: { code: -32020 } }]);
  });
});
