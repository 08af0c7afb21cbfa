// Output of a process that is not quite a message: the session reads it as every direct client would, or ends the call it belongs to.
import { describe, expect, test } from 'vitest';

import { DrivenSession, rpc, type Sent } from './driven-session.ts';

const ECHO = { id: 7, method: 'tools/call', params: { name: 'echo' } };

/** With a call in flight that the process knows as 2. */
function called(options: Parameters<typeof DrivenSession.initialized>[0] = {}): DrivenSession {
  const driven = DrivenSession.initialized(options);
  driven.post('p', ECHO);
  driven.look();
  return driven;
}

const eventsOf = (driven: DrivenSession): Sent[] =>
  driven.look().sent.filter(({ type }) => type === 'event');

const messagesOf = (driven: DrivenSession): unknown[] =>
  eventsOf(driven).map(({ message = 'null' }) => JSON.parse(message) as unknown);

const UNUSABLE = {
  id: 7,
  error: { code: 42008, data: { fault: 'process_protocol', phase: 'sent' } },
};

describe('[F-110] an answer that every direct client takes', () => {
  test.each([
    ['its id as a string', '{"jsonrpc":"2.0","id":"2","result":{"a":1e0}}'],
    ['its id as a float', '{"jsonrpc":"2.0","id":2.0,"result":{"a":1e0}}'],
    ['its id with an exponent', '{"jsonrpc":"2.0","id":2e0,"result":{"a":1e0}}'],
    ['its id as a string of a float', '{"jsonrpc":"2.0","id":"2.0","result":{"a":1e0}}'],
    ['an error that is null', '{"jsonrpc":"2.0","id":2,"result":{"a":1e0},"error":null}'],
    ['a byte order mark', '\uFEFF{"jsonrpc":"2.0","id":2,"result":{"a":1e0}}'],
    ['a title before it', '\u001b]0;x\u0007{"jsonrpc":"2.0","id":2,"result":{"a":1e0}}'],
    ['a reset behind it', '{"jsonrpc":"2.0","id":2,"result":{"a":1e0}}\u001b[0m'],
  ])('%s', (_what, line) => {
    const driven = called();
    driven.line(line);
    expect(eventsOf(driven)).toMatchObject([
      { final: true, message: '{"jsonrpc":"2.0","id":7,"result":{"a":1e0}}' },
    ]);
    expect(driven.session.inFlight).toBe(0);
  });

  test('bytes that are no UTF-8, and nesting beyond 128', () => {
    const driven = called();
    const text = new TextEncoder().encode('{"jsonrpc":"2.0","id":2,"result":{"t":"#"}}');
    driven.bytes(text.map((byte) => (byte === 0x23 ? 0xff : byte)));
    expect(messagesOf(driven)).toEqual([{ jsonrpc: '2.0', id: 7, result: { t: '\uFFFD' } }]);

    driven.post('q', { ...ECHO, id: 8 });
    driven.look();
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    driven.line(`{"jsonrpc":"2.0","id":3,"result":{"a":${deep}}}`);
    expect(eventsOf(driven)).toMatchObject([
      { message: `{"jsonrpc":"2.0","id":8,"result":{"a":${deep}}}` },
    ]);
  });

  test('to initialize opens the session', () => {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    driven.post('i', { id: 'a', method: 'initialize', params: { capabilities: {} } });
    driven.look();
    driven.line(
      '\uFEFF{"jsonrpc":"2.0","id":"1","result":{"protocolVersion":"2025-06-18"},"error":null}',
    );
    expect(driven.session.revision).toBe('2025-06-18');
    expect(messagesOf(driven)).toEqual([
      { jsonrpc: '2.0', id: 'a', result: { protocolVersion: '2025-06-18' } },
    ]);
  });

  test('that goes over several lines, and two on one', () => {
    const driven = called();
    for (const line of JSON.stringify(
      { jsonrpc: '2.0', id: 2, result: { a: 'x y' } },
      null,
      2,
    ).split('\n')) {
      driven.line(line);
    }
    expect(eventsOf(driven)).toMatchObject([
      {
        message: '{  "jsonrpc": "2.0",  "id": 2,  "result": {    "a": "x y"  }}'.replace(
          ' 2,',
          ' 7,',
        ),
      },
    ]);

    driven.post('q', { ...ECHO, id: 8 });
    driven.post('r', { ...ECHO, id: 9 });
    driven.look();
    driven.line('{"jsonrpc":"2.0","id":4,"result":{}}{"jsonrpc":"2.0","id":3,"result":{}}');
    const ids = messagesOf(driven).map((message) => (message as { id: number }).id);
    expect(new Set(ids)).toEqual(new Set([8, 9]));
  });

  test('also behind the beginning of another text', () => {
    const driven = called();
    driven.line('{');
    driven.line({ method: 'notifications/message', params: {} });
    driven.line('{');
    driven.line('"jsonrpc":"2.0","id":2,"result":{}}');
    expect(messagesOf(driven)).toMatchObject([{ method: 'notifications/message' }, { id: 7 }]);
  });

  test('a notification with params that are null', () => {
    const driven = called();
    driven.line('{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":null}');
    expect(eventsOf(driven)).toMatchObject([
      { message: '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}' },
    ]);
  });
});

describe('[F-260] an error in another form than that of JSON-RPC is completed', () => {
  const NO_WORDS = 'The server gave no message.';
  test.each<[string, object]>([
    ['"boom"', { code: -32603, message: 'boom' }],
    ['{"message":"boom"}', { code: -32603, message: 'boom' }],
    ['{"code":null,"message":"boom","data":1}', { code: -32603, message: 'boom', data: 1 }],
    ['{"code":"-32000","message":"boom"}', { code: -32000, message: 'boom' }],
    [
      '{"code":"ENOENT","message":"boom"}',
      { code: -32603, message: 'boom', data: { code: 'ENOENT', message: 'boom' } },
    ],
    ['{"code":-32000}', { code: -32000, message: NO_WORDS }],
    ['{"code":5,"message":{"a":1}}', { code: 5, message: '{"a":1}' }],
    ['{"code":1e30,"message":"m","data":null}', { code: -32603, message: 'm', data: null }],
    ['404', { code: 404, message: '404' }],
    ['{}', { code: -32603, message: NO_WORDS }],
    ['true', { code: -32603, message: NO_WORDS }],
  ])('%s', (error, completed) => {
    const driven = called();
    driven.line(`{"jsonrpc":"2.0","id":2,"error":${error}}`);
    expect(messagesOf(driven)).toEqual([{ jsonrpc: '2.0', id: 7, error: completed }]);
  });

  test('one that has all keeps its bytes, also where the envelope is mended', () => {
    const driven = called();
    const error = '{"data":1e0, "message":"m","code":-1}';
    driven.line(`{"jsonrpc":"2.0","id":"2","error":${error},"result":null}`);
    expect(eventsOf(driven)).toMatchObject([
      { message: `{"jsonrpc":"2.0","id":7,"error":${error}}` },
    ]);
  });

  test.each(['false', '""', '{}', '[ ]', '0'])('beside a result %s is none', (error) => {
    const driven = called();
    driven.line(`{"jsonrpc":"2.0","id":2,"result":{"a":1},"error":${error}}`);
    expect(messagesOf(driven)).toEqual([{ jsonrpc: '2.0', id: 7, result: { a: 1 } }]);
  });

  test('within a batch, and under no id', () => {
    const driven = called();
    driven.line('[{"jsonrpc":"2.0","id":2,"error":"boom"}]');
    expect(messagesOf(driven)).toMatchObject([{ id: 7, error: { message: 'boom' } }]);
    driven.post('q', { ...ECHO, id: 8 });
    driven.line('{"jsonrpc":"2.0","id":null,"error":"boom"}');
    driven.sleep(1_100);
    expect(messagesOf(driven)).toMatchObject([{ id: 8, error: { message: 'boom' } }]);
  });
});

describe('[F-261] an error under a made-up id is that of the only request', () => {
  test.each(['""', '-1', '"server-error"', '0'])('%s', (id) => {
    const driven = called();
    driven.line(`{"jsonrpc":"2.0","id":${id},"error":{"code":-32700,"message":"Parse error"}}`);
    driven.sleep(1_100);
    expect(messagesOf(driven)).toEqual([
      { jsonrpc: '2.0', id: 7, error: { code: -32700, message: 'Parse error' } },
    ]);
  });

  test('but for one that answers a notification', () => {
    const driven = DrivenSession.initialized();
    driven.post('n', { method: 'notifications/initialized' }, 'get');
    driven.post('p', ECHO);
    driven.look();
    driven.line('{"jsonrpc":"2.0","id":"","error":{"code":-32601,"message":"Method not found"}}');
    driven.sleep(30_000);
    expect(driven.session.inFlight).toBe(1);
  });
});

describe('[F-111] progress under a token written in another way', () => {
  test.each(['"2"', '2.0', '"2.0"', '2e0'])(
    '%s reaches the client and keeps the call alive',
    (token) => {
      const driven = DrivenSession.initialized();
      driven.post('p', {
        id: 7,
        method: 'tools/call',
        params: { _meta: { progressToken: 'tok' } },
      });
      driven.look();
      for (let turn = 1; turn <= 3; turn++) {
        driven.sleep(50_000);
        driven.line(
          `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"progress":${turn}}}`,
        );
        expect(messagesOf(driven)).toMatchObject([
          { params: { progressToken: 'tok', progress: turn } },
        ]);
        driven.receive({ type: 'ack', stream: 'p', seq: turn });
      }
      expect(driven.session.inFlight).toBe(1);
    },
  );
});

describe('[F-112] an answer that nobody can read ends its call', () => {
  test.each([
    ['NaN', '{"jsonrpc":"2.0","id":2,"result":{"x":NaN}}'],
    ['infinity, and the id behind it', '{"result":{"x":Infinity},"jsonrpc":"2.0","id":2}'],
    ['a string without an end', '{"jsonrpc":"2.0","id":2,"result":{"t":"one'],
    ['no version', '{"id":2,"result":{}}'],
    ['neither result nor error', '{"jsonrpc":"2.0","id":"2"}'],
    ['a result that is null', '{"jsonrpc":"2.0","id":2,"result":null,"error":null}'],
    ['a result that is a text', '{"jsonrpc":"2.0","id":2,"result":"ok"}'],
    ['a result that is a list', '{"jsonrpc":"2.0","id":2,"result":[]}'],
    ['without its commas', '{"jsonrpc":"2.0" "id":2 "result":{"a":1}}'],
    ['a comma too many', '{"jsonrpc":"2.0","id":2,"result":{"a":[1,]},}'],
  ])('at once: %s', (_what, line) => {
    const driven = called();
    driven.post('q', { ...ECHO, id: 8 });
    driven.look();
    driven.line(line);
    expect(messagesOf(driven)).toMatchObject([UNUSABLE]);
    // The session goes on.
    driven.line({ id: 3, result: {} });
    expect(messagesOf(driven)).toMatchObject([{ id: 8, result: {} }]);
  });

  test.each([
    ['cut off between values', ['{"jsonrpc":"2.0","id":2,"result":{"x":']],
    [
      'over several lines, and broken',
      ['{', '  "jsonrpc": "2.0",', '  "id": 2,', '  "result": {"x": NaN}', '}'],
    ],
    [
      'over several lines, and cut off',
      ['{', '  "jsonrpc": "2.0",', '  "id": 2,', '  "result": {'],
    ],
    [
      'a result without an id',
      ['{"jsonrpc":"2.0","id":null,"result":{"content":[{"type":"text","text":"here it is"}]}}'],
    ],
    ['another id', ['{"jsonrpc":"2.0","id":0,"result":{}}']],
    ['an id that is no number', ['{"jsonrpc":"2.0","id":"abc","result":{}}']],
    [
      'the id of the request before, with other words',
      ['{"jsonrpc":"2.0","id":1,"result":{"content":[]}}'],
    ],
    ['a Python dict', ["{'jsonrpc': '2.0', 'id': 2, 'result': {'ok': True}}"]],
    ['a Ruby hash', ['{"jsonrpc"=>"2.0", "id"=>2, "result"=>{}}']],
    ['a Ruby hash of symbols', ['{:jsonrpc=>"2.0", :id=>2, :result=>{}}']],
    ['a Java map', ['{jsonrpc=2.0, id=2, result={content=[]}}']],
    ['keys with capitals', ['{"JsonRpc":"2.0","Id":2,"Result":{}}']],
    ['in colours', ['{\u001b[1m"jsonrpc"\u001b[0m:"2.0","id":\u001b[33m2\u001b[0m,"result":{}}']],
    ['encoded twice', [JSON.stringify('{"jsonrpc":"2.0","id":2,"result":{}}')]],
    ['cut off before the id', ['{"result":{"content":[{"type":"text","text":"abc']],
    ['text before it', ['Loading...{"jsonrpc":"2.0","id":2,"result":{}}']],
  ])('within seconds, when it is the only one: %s', (_what, lines) => {
    const driven = called();
    for (const line of lines) driven.line(line);
    driven.sleep(3_500);
    expect(messagesOf(driven)).toMatchObject([UNUSABLE]);
    expect(driven.session.inFlight).toBe(0);
  });

  test('UTF-16', () => {
    const driven = called();
    driven.bytes(new Uint8Array(Buffer.from(rpc({ id: 2, result: {} }), 'utf16le')));
    expect(messagesOf(driven)).toMatchObject([UNUSABLE]);
  });

  test('an error for no request is the error of the only one', () => {
    const driven = called();
    driven.line(
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"database is locked"}}',
    );
    driven.sleep(1_100);
    expect(eventsOf(driven)).toMatchObject([
      {
        message: '{"jsonrpc":"2.0","error":{"code":-32603,"message":"database is locked"},"id":7}',
      },
    ]);
  });

  test('to initialize ends the session with the reason', () => {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    driven.post('i', { id: 0, method: 'initialize', params: {} });
    driven.look();
    driven.line('{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25"}}');
    driven.sleep(1_100);
    expect(messagesOf(driven)).toMatchObject([{ id: 0, error: { code: 42008 } }]);
    expect(driven.session.isEnded).toBe(true);
  });

  test('of more keys than any client reads, to initialize', () => {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    driven.post('i', { id: 0, method: 'initialize', params: {} });
    driven.look();
    driven.line(
      `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","x":[${'{},'.repeat(100_000)}{}]}}`,
    );
    expect(messagesOf(driven)).toMatchObject([{ id: 0, error: { code: 42008 } }]);
    expect(driven.session.isEnded).toBe(true);
  });
});

describe('[F-113] what is no answer ends no call', () => {
  test.each([
    [
      'a log line in JSON with an id',
      ['{"level":"info","id":2,"msg":"done"}', '{"level":"error","id":2,"error":"boom"}'],
    ],
    [
      'words',
      [
        'GitHub MCP Server running on stdio',
        '[INFO] id 2',
        'Response headers: {',
        "  'a': 1,",
        '}',
      ],
    ],
    ['words in quotes', ['"ready"', '"{}"', '"{\\"level\\":30}"']],
    ['a log line in JSON that is cut off', ['{"level":"info","result":"half of i']],
    ['JSON that is none of JSON-RPC', ['null', '42', '[]', '{}', '{"status":200,"results":[]}']],
    ['an object of a log over several lines', ['{', '  "level": "info",', '  "id": 2', '}']],
    ['a quoted request', ['DEBUG got {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{}}']],
    [
      'a request it echoes over several lines',
      ['{', '"jsonrpc":"2.0","id":2,"method":"roots/list"', '}'],
    ],
    [
      'a broken notification',
      ['{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":NaN}}'],
    ],
  ])('%s', (_what, lines) => {
    const driven = called();
    for (const line of lines) driven.line(line);
    driven.sleep(30_000);
    expect(eventsOf(driven)).toEqual([]);
    driven.line({ id: 2, result: {} });
    expect(messagesOf(driven)).toMatchObject([{ id: 7, result: {} }]);
  });

  test('an answer under an unknown id, and a picture of the answer, before the answer itself', () => {
    const driven = called();
    driven.line({ id: 4711, result: {} });
    driven.line("{'jsonrpc': '2.0', 'id': 2, 'result': {}}");
    driven.line('DEBUG sending {"jsonrpc":"2.0","id":2,"result":{}}');
    driven.sleep(500);
    driven.line({ id: 2, result: {} });
    driven.sleep(10_000);
    expect(messagesOf(driven)).toEqual([{ jsonrpc: '2.0', id: 7, result: {} }]);
  });

  test('[F-1140] the same answer under an unknown id, printed without end', () => {
    const driven = called();
    const answer = { id: 4711, result: {} };
    for (let n = 0; n < 4; n += 1) driven.line(answer);
    driven.sleep(30_000);
    expect(eventsOf(driven)).toEqual([]);
    driven.line({ id: 2, result: {} });
    expect(messagesOf(driven)).toMatchObject([{ id: 7, result: {} }]);
    // It is known by now.
    driven.post('q', { ...ECHO, id: 8 });
    driven.look();
    driven.line(answer);
    driven.sleep(30_000);
    expect(eventsOf(driven)).toEqual([]);
    // Another one is not.
    driven.line({ id: 4712, result: {} });
    driven.sleep(30_000);
    expect(messagesOf(driven)).toMatchObject([{ ...UNUSABLE, id: 8 }]);
  });

  test('[F-1140] a server that answers each request under one id of its own is not taken for one that repeats itself', () => {
    const driven = called();
    for (const id of [7, 8, 9, 10, 11]) {
      driven.line({ id: 4711, result: {} });
      driven.sleep(1_000);
      expect(messagesOf(driven)).toMatchObject([{ ...UNUSABLE, id }]);
      driven.post(`p${id + 1}`, { ...ECHO, id: id + 1 });
      driven.look();
    }
  });

  test('an answer to a notification', () => {
    const driven = DrivenSession.initialized();
    driven.post('n', { method: 'notifications/initialized' }, 'get');
    driven.post('p', ECHO);
    driven.look();
    driven.line('{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"Method not found"}}');
    driven.sleep(30_000);
    expect(driven.session.inFlight).toBe(1);
    // The second can be none.
    driven.line('{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"Method not found"}}');
    driven.sleep(1_100);
    expect(messagesOf(driven)).toMatchObject([{ id: 7, error: { code: -32601 } }]);
  });

  test('the same answer twice, and one that comes late', () => {
    const driven = called();
    driven.line({ id: 2, result: { a: 1 } });
    driven.post('q', { ...ECHO, id: 8 });
    driven.look();
    driven.line({ id: 2, result: { a: 1 } });
    driven.sleep(30_000);
    expect(driven.session.inFlight).toBe(1);
  });

  test.each([
    ['its result, once it failed', { error: { code: -1, message: 'm' } }, { result: { a: 1 } }],
    ['its failure, behind a result', { result: { a: 1 } }, { error: { code: -1, message: 'm' } }],
  ])('a second answer in other words: %s', (_what, first, second) => {
    const driven = called();
    driven.line({ id: 2, ...first });
    driven.post('q', { ...ECHO, id: 8 });
    driven.look();
    driven.line({ id: 2, ...second });
    driven.sleep(30_000);
    expect(eventsOf(driven)).toEqual([]);
    expect(driven.session.inFlight).toBe(1);
  });

  test('a strange answer, while the call reports progress', () => {
    const driven = DrivenSession.initialized();
    driven.post('p', { id: 7, method: 'tools/call', params: { _meta: { progressToken: 1 } } });
    driven.line({ id: 99, result: {} });
    driven.line({ method: 'notifications/progress', params: { progressToken: 2, progress: 1 } });
    driven.sleep(30_000);
    expect(driven.session.inFlight).toBe(1);
  });

  test('an answer whose owner cannot be told, with several in flight', () => {
    const driven = called();
    driven.post('q', { ...ECHO, id: 8 });
    driven.line('{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}');
    driven.line({ id: 0, result: {} });
    driven.sleep(30_000);
    expect(driven.session.inFlight).toBe(2);
  });

  test('and lines are counted, not logged one by one', () => {
    const driven = called();
    for (let n = 0; n < 1_000; n++) driven.line('noise');
    expect(driven.look().done.filter((words) => words.startsWith('warn'))).toHaveLength(1);
  });
});

describe('[F-114] a start that fails says what was heard', () => {
  function starting(): DrivenSession {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    driven.post('i', { id: 0, method: 'initialize', params: {} });
    driven.look();
    return driven;
  }

  test('instead of an answer', () => {
    const driven = starting();
    driven.line('Server listening on http://localhost:3000');
    driven.line('press q to quit');
    driven.sleep(30_000);
    const [told] = messagesOf(driven);
    expect(told).toMatchObject({ id: 0, error: { code: 42004 } });
    expect(JSON.stringify(told)).toContain(
      'on stdout it printed \\"Server listening on http://localhost:3000\\" and 1 more',
    );
  });

  test('before it exited', () => {
    const driven = starting();
    driven.line('usage: server [options]');
    driven.exit('exited with code 2');
    expect(JSON.stringify(messagesOf(driven))).toContain('usage: server [options]');
  });

  test('framing with Content-Length, and soon', () => {
    const driven = starting();
    driven.line('Content-Length: 120\r');
    driven.line('\r');
    driven.sleep(1_100);
    const told = messagesOf(driven);
    expect(told).toMatchObject([{ id: 0, error: { code: 42004 } }]);
    expect(JSON.stringify(told)).toContain('Content-Length headers');
  });
});

describe('[F-115] progress of a task', () => {
  const CREATED = { task: { taskId: 't1', status: 'working', ttl: 60_000 } };
  const progress = { method: 'notifications/progress', params: { progressToken: 2, progress: 1 } };

  function withTask(): DrivenSession {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    const params = { name: 'slow', task: { ttl: 60_000 }, _meta: { progressToken: 'tok' } };
    driven.post('p', { id: 7, method: 'tools/call', params });
    driven.line({ id: 2, result: CREATED });
    driven.look();
    return driven;
  }

  test('goes on behind the answer, on the session’s own stream', () => {
    const driven = withTask();
    driven.line(progress);
    expect(eventsOf(driven)).toMatchObject([
      {
        stream: 'get',
        message: rpc({ ...progress, params: { progressToken: 'tok', progress: 1 } }),
      },
    ]);
  });

  test.each([
    [
      'its status is told',
      { method: 'notifications/tasks/status', params: { taskId: 't1', status: 'completed' } },
    ],
    ['it is asked for', { id: 3, result: { taskId: 't1', status: 'failed' } }],
  ])('until it is over: %s', (_what, line) => {
    const driven = withTask();
    driven.post('g', { id: 8, method: 'tasks/get', params: { taskId: 't1' } });
    driven.line(line);
    driven.look();
    driven.line(progress);
    expect(eventsOf(driven)).toEqual([]);
  });

  test('until its result is given, or its time is up', () => {
    const given = withTask();
    given.post('g', { id: 8, method: 'tasks/result', params: { taskId: 't1' } });
    const meta = { 'io.modelcontextprotocol/related-task': { taskId: 't1' } };
    given.line({ id: 3, result: { content: [], _meta: meta } });
    given.look();
    given.line(progress);
    expect(eventsOf(given)).toEqual([]);

    const late = withTask();
    late.sleep(60_001);
    late.line(progress);
    expect(eventsOf(late)).toEqual([]);
  });

  test('and of no other request is taken', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.post('p', { id: 7, method: 'tools/call', params: { _meta: { progressToken: 'tok' } } });
    driven.line({ id: 2, result: CREATED });
    driven.look();
    driven.line(progress);
    expect(eventsOf(driven)).toEqual([]);
  });
});

describe('[F-116] an answer of the client that is refused ends the question', () => {
  function asked(id: number | string = 'q1'): DrivenSession {
    const driven = DrivenSession.initialized({ capabilities: { roots: {} } });
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.line({ id, method: 'roots/list' });
    driven.look();
    return driven;
  }

  const deep = `${'['.repeat(200)}${']'.repeat(200)}`;

  test.each([
    ['too deep', 'q1', `{"result":{"a":${deep}},"jsonrpc":"2.0","id":"q1"}`],
    ['no JSON', 5, '{"result":{"a":NaN},"jsonrpc":"2.0","id":5}'],
    ['without an id', 5, '{"jsonrpc":"2.0","id":null,"result":{}}'],
    [
      'of too many keys',
      'q1',
      `{"jsonrpc":"2.0","id":"q1","result":{"a":[${'0,'.repeat(100_001)}0]}}`,
    ],
    ['in a batch where there are none', 'q1', '[{"jsonrpc":"2.0","id":"q1","result":{}}]'],
  ])('%s', (_what, id, answer) => {
    const driven = asked(id);
    driven.post('r', answer, 'get');
    const { written, sent } = driven.look();
    expect(sent).toMatchObject([{ type: 'refused', of: 'r' }]);
    expect(written.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { id, error: { code: -32603 } },
    ]);
    // A second try comes too late.
    driven.post('s', { id, result: {} }, 'get');
    expect(driven.look().written).toEqual([]);
  });

  test('an error without an id is the answer to the only question', () => {
    const driven = asked();
    driven.post('r', '{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"m"}}', 'get');
    expect(driven.look().written).toEqual([
      '{"jsonrpc":"2.0","error":{"code":-32603,"message":"m"},"id":"q1"}',
    ]);
  });

  test('a refused request ends none', () => {
    const driven = asked(5);
    driven.post('r', '{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"x":NaN}}', 'get');
    expect(driven.look().written).toEqual([]);
  });
});

describe('[F-117] a ping of the process', () => {
  test('is answered where no client could', () => {
    const driven = DrivenSession.initialized();
    driven.line({ id: 'h', method: 'ping' });
    expect(driven.look()).toMatchObject({ written: [rpc({ id: 'h', result: {} })], sent: [] });
  });

  test('goes to a client that listens', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.look();
    driven.line({ id: 'h', method: 'ping' });
    expect(driven.look()).toMatchObject({ written: [], sent: [{ stream: 'get' }] });
  });
});

describe('[F-118] a request with the name of a notification', () => {
  test.each(['notifications/cancelled', 'notifications/progress', 'notifications/initialized'])(
    '%s of a client has no effect but its answer',
    (method) => {
      const driven = called();
      driven.post('n', { id: 'x', method, params: { requestId: 7, progressToken: 2 } });
      const { written, sent } = driven.look();
      expect(written).toEqual([]);
      expect(sent.map(({ message = '{}' }) => JSON.parse(message) as unknown)).toMatchObject([
        { id: 'x', error: { code: -32601 } },
      ]);
      driven.line({ id: 2, result: {} });
      expect(messagesOf(driven)).toMatchObject([{ id: 7, result: {} }]);
    },
  );

  test('of a process has none either', () => {
    const driven = called();
    driven.line({ id: 'x', method: 'notifications/cancelled', params: { requestId: 7 } });
    const { written, sent } = driven.look();
    expect(sent).toEqual([]);
    expect(written.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { id: 'x', error: { code: -32601 } },
    ]);
  });
});
