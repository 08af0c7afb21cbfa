// Bad JSON-RPC of legacy clients (test/faults.ts) through the whole bridge. The process keeps a journal of every line that
// reached its stdin, so a test can say what arrived and what did not.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { readJournal, temporaryFolder } from './journal.ts';
import { ask, type Answer } from './raw-http.ts';
import {
  fixture,
  initialize,
  messageOf,
  messagesOf,
  openSession,
  POST_HEADERS,
  SseSession,
  textOf,
  toolCall,
  type RawSession,
} from './raw-session.ts';

let bridge: Bridge;
let journal: string;
let session: RawSession;
let pid: number;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  journal = `${folder}/journal`;
  bridge = await startBridge({
    servers: {
      echo: { command: process.execPath, args: [fixture('echo')], env: { JOURNAL: journal } },
    },
  });
  session = await openSession(bridge, 'echo');
  ({ pid } = await session.whoami());
  return remove;
});
afterAll(() => bridge.stop());

/** The lines the session's process was given. */
const linesOf = (process: number): string[] =>
  readJournal(journal)
    .filter((fact) => fact.pid === process && fact.type === 'line')
    .map(({ line = '' }) => line);

/** The lines that came between the start of `act` and a later call's. */
async function linesDuring(act: () => Promise<unknown>): Promise<string[]> {
  const before = linesOf(pid).length;
  await act();
  await session.call('echo', { text: 'behind' });
  return linesOf(pid).slice(before, -1);
}

const call = (params: string, id = '1'): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}`;

/** What the process must see of a line whose id the bridge replaced. */
const withId = (line: string, processId: unknown): string =>
  line.replace(/"id":[^,]*/u, `"id":${String(processId)}`);

const idOf = (line: string | undefined): unknown =>
  (JSON.parse(line ?? 'null') as { id: unknown }).id;

function expectRefused(answer: Answer, code: number): void {
  expect(answer.status).toBe(400);
  const message = messageOf(answer);
  expect(message.error?.code).toBe(code);
  expect(message).not.toHaveProperty('id');
}

const MALFORMED: readonly (readonly [name: string, body: string | Uint8Array, code: number])[] = [
  ['nothing', '', -32700],
  ['blanks', ' \r\n\t ', -32700],
  ['a truncated message', '{"jsonrpc":"2.0","id":1,"method":"pi', -32700],
  ['null', 'null', -32600],
  ['a number', '42', -32600],
  ['a string', '"ping"', -32600],
  ['true', 'true', -32600],
  ['an empty object', '{}', -32600],
  ['a byte order mark', '\uFEFF{"jsonrpc":"2.0","id":1,"method":"ping"}', -32700],
  ['trailing garbage', '{"jsonrpc":"2.0","id":1,"method":"ping"}x', -32700],
  [
    'two messages',
    '{"jsonrpc":"2.0","id":1,"method":"ping"}\n{"jsonrpc":"2.0","id":2,"method":"ping"}',
    -32700,
  ],
  ['NaN', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"n":NaN}}', -32700],
  ['Infinity', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"n":-Infinity}}', -32700],
  ['a comment', '{"jsonrpc":"2.0","id":1,/**/"method":"ping"}', -32700],
  ['a trailing comma', '{"jsonrpc":"2.0","id":1,"method":"ping",}', -32700],
  ['single quotes', "{'jsonrpc':'2.0','id':1,'method':'ping'}", -32700],
  [
    'a raw line break in a string',
    '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\n"}}',
    -32700,
  ],
  ['a raw NUL in a string', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\0"}}', -32700],
  ['jsonrpc 1.0', '{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
  ['jsonrpc 2', '{"jsonrpc":2.0,"id":1,"method":"ping"}', -32600],
  ['no jsonrpc', '{"id":1,"method":"ping"}', -32600],
  ['id null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
  ['id true', '{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600],
  ['id {}', '{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600],
  ['an id of 1.0', '{"jsonrpc":"2.0","id":1.0,"method":"ping"}', -32600],
  ['an id of 1e2', '{"jsonrpc":"2.0","id":1e2,"method":"ping"}', -32600],
  ['an id of 2 KiB', `{"jsonrpc":"2.0","id":"${'i'.repeat(2048)}","method":"ping"}`, -32600],
  ['a method that is no string', '{"jsonrpc":"2.0","id":1,"method":1}', -32600],
  ['params that are a string', '{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}', -32600],
  ['form data', 'jsonrpc=2.0&id=1&method=ping', -32700],
  ['UTF-16', Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}', 'utf16le'), -32700],
];

describe('malformed bodies', () => {
  test.each(MALFORMED)('[F-11] %s is refused and reaches no process', async (_name, body, code) => {
    const lines = await linesDuring(async () => {
      expectRefused(await session.post(body), code);
    });
    expect(lines).toEqual([]);
  });

  test.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a character cut short', [0xe2, 0x82]],
  ])('[F-12] invalid UTF-8 is refused: %s', async (_name, bytes) => {
    const [start = '', end = ''] = call('{"name":"echo","arguments":{"text":"|"}}').split('|');
    const body = Buffer.concat([Buffer.from(start), Buffer.from(bytes), Buffer.from(end)]);
    const lines = await linesDuring(async () => {
      expectRefused(await session.post(body), -32700);
    });
    expect(lines).toEqual([]);
  });

  test('[F-12] escaped surrogates, paired or not, pass as they are', async () => {
    const body = call(
      String.raw`{"name":"echo","arguments":{"text":"\ud800 \uDC00 \ud83d\ude00"}}`,
    );
    const [line] = await linesDuring(async () => {
      const { result } = messageOf(await session.post(body));
      expect(result).toMatchObject({ content: [{ text: '\ud800 \udc00 \u{1f600}' }] });
    });
    expect(line).toBe(withId(body, idOf(line)));
  });

  test.each([
    ['5,000 arrays deep', call(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)],
    ['5,000 objects deep', call(`{"a":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`)],
    ['5,000 arrays deep and never closed', '['.repeat(5000)],
    ['1.3 million empty objects', call(`{"a":[${'{},'.repeat(1_300_000)}{}]}`)],
    ['as many batch members', `[${'{},'.repeat(1_300_000)}{}]`],
    ['400,000 keys', call(`{${'"a":0,'.repeat(400_000)}"b":0}`)],
  ])('[F-13] %s are refused, and the edge lives', async (_name, body) => {
    const lines = await linesDuring(async () => {
      const answer = await session.post(body);
      expect(answer.status).toBe(400);
      expect([-32700, -32600]).toContain(messageOf(answer).error?.code);
    });
    expect(lines).toEqual([]);
  });

  test.each([
    ['two ids', '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'],
    ['two methods', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}'],
    [
      'two methods, one of them escaped',
      String.raw`{"jsonrpc":"2.0","id":1,"method":"ping","\u006dethod":"tools/call"}`,
    ],
    ['Method', '{"jsonrpc":"2.0","id":1,"Method":"ping"}'],
    ['Id beside id', '{"jsonrpc":"2.0","id":1,"ID":2,"method":"ping"}'],
    ['__proto__', '{"jsonrpc":"2.0","id":1,"method":"ping","__proto__":{"a":1}}'],
    ['method and result', '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}'],
    [
      'method and error',
      '{"jsonrpc":"2.0","id":1,"method":"ping","error":{"code":1,"message":""}}',
    ],
    ['result and error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}'],
  ])('[F-15] an ambiguous envelope is refused: %s', async (_name, body) => {
    const lines = await linesDuring(async () => {
      expectRefused(await session.post(body), -32600);
    });
    expect(lines).toEqual([]);
  });

  test('a body that is malformed is told so even where its session is missing', async () => {
    const answer = await ask(bridge.url, {
      method: 'POST',
      path: '/echo/mcp',
      headers: POST_HEADERS,
      body: '{',
    });
    expectRefused(answer, -32700);
    expect(answer.body).not.toContain('session_required');
  });

  test('malformed messages on HTTP+SSE are refused in the POST, and the stream goes on', async () => {
    const sse = await SseSession.open(bridge, 'echo');
    expectRefused(await sse.post('{'), -32700);
    expectRefused(await sse.post('42'), -32600);
    expectRefused(await sse.post('[{"jsonrpc":"2.0","id":1,"method":"ping"}]'), -32600);
    expect(textOf(await sse.call('echo', { text: 'alive' }))).toBe('alive');
    sse.stream.destroy();
  });
});

describe('what arrives is what was sent', () => {
  const ARGUMENTS = [
    '{"n":9007199254740993,"m":-9223372036854775808,"u":18446744073709551615}',
    '{"n":1e400,"m":-1E-400,"z":-0,"f":1.0,"g":1.10,"e":1E+2}',
    '{"text":"\u2028\u2029\u0085\u00a0\ufeff"}',
    String.raw`{"text":"\u0041\/\b\f\n\r\t\u0000\\\""}`,
    '{"a":1,"a":2,"__proto__":{"polluted":true},"constructor":{"prototype":{}}}',
    '{"":"", "\u{1f600}":"\u{10ffff}"}',
    '{"jsonrpc":"1.0","id":7,"method":"x","params":{"id":8,"progressToken":9}}',
    String.raw`{"text":"\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}\n"}`,
    `{"text":"${'data: x event: endpoint '.repeat(3)}"}`,
  ];

  test.each(ARGUMENTS)(
    '[F-19] [F-15] the process is given the same bytes: %s',
    async (argument) => {
      const body = call(`{"name":"echo","arguments":${argument}}`, '"client id"');
      const lines = await linesDuring(async () => {
        const answer = messageOf(await session.post(body));
        expect(answer).toMatchObject({ id: 'client id', result: { isError: false } });
      });
      expect(lines).toEqual([withId(body, idOf(lines[0]))]);
    },
  );

  test.each([
    '7',
    '-0',
    '9007199254740993',
    '"7"',
    '"\u2028"',
    String.raw`"\u0041"`,
    '""',
    `"${'i'.repeat(1000)}"`,
  ])('[F-19] the id comes back byte for byte: %s', async (id) => {
    const { body } = await session.post(call('{"name":"echo","arguments":{"text":"x"}}', id));
    expect(body).toContain(`"id":${id},`);
  });

  test('[F-19b] a pretty-printed body becomes one line', async () => {
    const message = {
      jsonrpc: '2.0',
      id: 5,
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: 'two\nlines', list: [1, {}] } },
    };
    for (const lineBreak of ['\n', '\r\n', '\r', '\n\n\r']) {
      const body = JSON.stringify(message, null, 2).replaceAll('\n', lineBreak);
      const lines = await linesDuring(async () => {
        expect(textOf(messageOf(await session.post(body)))).toBe('two\nlines');
      });
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '')).toEqual({ ...message, id: idOf(lines[0]) });
    }
  });

  test.each([
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
    ['LF and CR', '\n\r'],
  ])('[F-19b] a call hidden between %s never runs', async (_name, lineBreak) => {
    const hidden = call('{"name":"echo","arguments":{"text":"hidden"}}', '666');
    const forms = [
      call(`{"name":"echo","arguments":{"text":"shown"},"pad":${lineBreak}${hidden}${lineBreak}}`),
      `${lineBreak}${call(`{"name":"echo",${lineBreak}"pad":[${lineBreak}${hidden}${lineBreak}],"arguments":{"text":"shown"}}`)}${lineBreak}`,
    ];
    for (const body of forms) {
      const lines = await linesDuring(async () => {
        expect(textOf(messageOf(await session.post(body)))).toBe('shown');
      });
      expect(lines).toEqual([withId(body.replaceAll(/[\r\n]/gu, ''), idOf(lines[0]))]);
    }
    const calls = readJournal(journal).filter(({ type }) => type === 'call');
    expect(calls.map((fact) => fact.arguments?.['text'])).not.toContain('hidden');
  });

  test('[F-19b] an answer of the process to a request nobody made goes nowhere and raises an alarm', async () => {
    const standing = await session.get();
    const forged = '{"jsonrpc":"2.0","id":987654,"result":{"forged":true}}';
    const answer = await session.post(toolCall(1, 'raw', { text: forged }));
    expect(textOf(messageOf(answer))).toBe('written');
    expect(answer.body).not.toContain('forged');
    await vi.waitFor(() => {
      const alarms = bridge.logs().filter((line) => line.includes('a request that was never made'));
      expect(alarms).toHaveLength(1);
      expect(alarms[0]).toContain('"level":"warn"');
    }, PATIENCE);
    standing.destroy();
  });

  test('a response of the client to a question nobody asked never reaches the process', async () => {
    const lines = await linesDuring(async () => {
      const answer = await session.post('{"jsonrpc":"2.0","id":"ask-1","result":{"roots":[]}}');
      expect(answer).toMatchObject({ status: 202, body: '' });
    });
    expect(lines).toEqual([]);
  });

  test('a notification is taken with 202 and passed on', async () => {
    const body = '{"jsonrpc":"2.0","method":"notifications/custom","params":{"n":1.0}}';
    const lines = await linesDuring(async () => {
      expect(await session.post(body)).toMatchObject({ status: 202, body: '' });
    });
    expect(lines).toEqual([body]);
  });
});

describe('ids', () => {
  test('[F-16] calls in flight with one id are each answered on their own POST', async () => {
    const texts = ['a', 'b', 'c', 'd', 'e'];
    const slow = session.call('slow', { ms: 600 }, 1);
    const answers = await Promise.all(texts.map((text) => session.call('echo', { text }, 1)));
    expect(answers.map(textOf)).toEqual(texts);
    expect(answers.map(({ id }) => id)).toEqual(texts.map(() => 1));
    expect(textOf(await slow)).toBe('waited 600 ms');
  });

  test('[F-16] so they are when the answers are streams', async () => {
    const waits = [900, 800, 700].map((ms) => session.call('slow', { ms }, 1));
    const texts = (await Promise.all(waits)).map(textOf);
    expect(texts).toEqual(['waited 900 ms', 'waited 800 ms', 'waited 700 ms']);
  });
});

describe('batches', () => {
  const ping = (id: number): string => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`;
  const echo = (id: number, text: string): string =>
    call(`{"name":"echo","arguments":{"text":"${text}"}}`, String(id));
  const note = '{"jsonrpc":"2.0","method":"notifications/custom"}';

  test.each([
    ['named in the header', {}],
    ['assumed without a header', { 'MCP-Protocol-Version': undefined }],
  ])('[F-17] a batch on 2025-03-26, %s, is answered on one stream', async (_name, headers) => {
    const old = await openSession(bridge, 'echo', { revision: '2025-03-26' });
    const { pid: own } = await old.whoami();
    const before = linesOf(own).length;
    const body = `[${echo(1, 'one')},\r\n${note}, ${echo(2, 'two')},${ping(3)}]`;
    const all = { ...POST_HEADERS, ...old.headers, ...headers };
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const answer = await ask(bridge.url, {
      method: 'POST',
      path: old.path,
      headers: sent as Record<string, string>,
      body,
    });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } });
    const messages = messagesOf(answer);
    expect(messages.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    const byId = new Map(messages.map((message) => [message.id, message]));
    expect(textOf(byId.get(1))).toBe('one');
    expect(textOf(byId.get(2))).toBe('two');
    // One line each: a process of any revision can read them.
    expect(
      linesOf(own)
        .slice(before)
        .map((line) => (JSON.parse(line) as { method: string }).method),
    ).toEqual(['tools/call', 'notifications/custom', 'tools/call', 'ping']);
    await old.end();
  });

  test('[F-17] a batch of one request is answered, one of notifications gets 202', async () => {
    const old = await openSession(bridge, 'echo', { revision: '2025-03-26' });
    expect(messagesOf(await old.post(`[${ping(1)}]`))).toMatchObject([{ id: 1, result: {} }]);
    expect(await old.post(`[${note},${note}]`)).toMatchObject({ status: 202, body: '' });
    await old.end();
  });

  test.each([
    ['is empty', '[]'],
    ['holds what is no message', `[${ping(1)},1]`],
    ['holds a batch', `[[${ping(1)}]]`],
    ['holds initialize', `[${initialize()},${ping(1)}]`],
  ])('[F-17] a batch that %s is refused as a whole', async (_name, body) => {
    const old = await openSession(bridge, 'echo', { revision: '2025-03-26' });
    const { pid: own } = await old.whoami();
    const before = linesOf(own).length;
    const answer = await old.post(body);
    expect(answer.status).toBe(400);
    expect(messageOf(answer).error?.code).toBe(-32600);
    await old.call('echo', { text: 'behind' });
    expect(linesOf(own)).toHaveLength(before + 1);
    await old.end();
  });

  test.each(['2024-11-05', '2025-06-18', '2025-11-25'])(
    '[F-17] a batch on %s is refused',
    async (revision) => {
      const other = await openSession(bridge, 'echo', { revision });
      expectRefused(await other.post(`[${ping(1)},${ping(2)}]`), -32600);
      // A missing header counts as 2025-03-26; the session knows better.
      const { 'MCP-Protocol-Version': _revision, ...headers } = other.headers;
      const answer = await ask(bridge.url, {
        method: 'POST',
        path: other.path,
        headers: { ...POST_HEADERS, ...headers },
        body: `[${ping(1)},${ping(2)}]`,
      });
      expectRefused(answer, -32600);
      expect((await other.call('echo', { text: 'alive' })).error).toBeUndefined();
      await other.end();
    },
  );
});

describe('revisions and methods', () => {
  test.each(['1900-01-01', '2026-07-27', 'latest', '', '2025-06-18, 2025-06-18'])(
    '[F-21] MCP-Protocol-Version %j is refused on every method, with what is served',
    async (revision) => {
      const headers = { ...session.headers, 'MCP-Protocol-Version': revision };
      for (const method of ['POST', 'GET', 'DELETE']) {
        const answer = await ask(bridge.url, {
          method,
          path: session.path,
          headers: { ...POST_HEADERS, ...headers },
          ...(method === 'POST' && { body: toolCall(1, 'echo') }),
        });
        expect([method, answer.status]).toEqual([method, 400]);
        expect(messageOf(answer).error?.message).toContain('2025-11-25');
      }
      expect((await session.call('echo', { text: 'alive' })).error).toBeUndefined();
    },
  );

  test('[F-21] a client that asks for 1900-01-01 is offered a revision by the server', async () => {
    const answer = await ask(bridge.url, {
      method: 'POST',
      path: '/echo/mcp',
      headers: POST_HEADERS,
      body: initialize({ revision: '1900-01-01' }),
    });
    expect(answer.status).toBe(200);
    expect(messageOf(answer).result).toMatchObject({ protocolVersion: '2025-11-25' });
    const id = String(answer.headers['mcp-session-id']);
    await ask(bridge.url, {
      method: 'DELETE',
      path: '/echo/mcp',
      headers: { 'Mcp-Session-Id': id },
    });
  });

  test.each(['no/such/method', 'server/discover', 'toString', '__proto__'])(
    "[F-22] the method %s gets the server's own answer",
    async (method) => {
      const answer = await session.post(JSON.stringify({ jsonrpc: '2.0', id: 1, method }));
      expect(answer.status).toBe(200);
      expect(messageOf(answer)).toEqual({
        jsonrpc: '2.0',
        id: 1,
        error: { code: -32601, message: `Method not found: ${method}` },
      });
    },
  );
});
