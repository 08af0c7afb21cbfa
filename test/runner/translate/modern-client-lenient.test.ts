// Modern clients before processes that say things in their own way: heard as by every direct client, on both eras' sides.
import { describe, expect, test } from 'vitest';

import { DrivenModernClient } from './driven-modern-client.ts';

const INITIALIZED =
  '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}';

const idOf = (driven: DrivenModernClient, slot: number, method: string): number =>
  Number(driven.written(slot).find((message) => message['method'] === method)?.['id']);

const SIDES = [
  ['a legacy process', () => DrivenModernClient.legacy()],
  ['a modern process', () => DrivenModernClient.modern()],
] as const;

describe.each(SIDES)('[F-110] %s', (_what, driving) => {
  test.each([
    ['the id as a string', (id: number) => `{"jsonrpc":"2.0","id":"${id}","result":{"n":1e0}}`],
    ['the id as a float', (id: number) => `{"jsonrpc":"2.0","id":${id}.0,"result":{"n":1e0}}`],
    [
      'an error that is null',
      (id: number) => `{"jsonrpc":"2.0","id":${id},"result":{"n":1e0},"error":null}`,
    ],
    ['a byte order mark', (id: number) => `\uFEFF{"jsonrpc":"2.0","id":${id},"result":{"n":1e0}}`],
    [
      'escape sequences',
      (id: number) => `\u001b[2K\r{"jsonrpc":"2.0","id":${id},"result":{"n":1e0}}\u001b[0m`,
    ],
    ['several lines', (id: number) => `{\n"jsonrpc":"2.0",\n"id":${id},\n"result":{"n":1e0}\n}`],
  ])('is taken with %s', (_way, line) => {
    const driven = driving();
    const id = driven.request('tools/call', { name: 't' });
    for (const part of line(id).split('\n')) driven.process(1, part);
    const [said = ''] = driven.saidLines();
    expect(said).toContain('"n":1e0');
    expect(JSON.parse(said)).toMatchObject({ result: { n: 1 } });
  });

  test('[F-111] progress under a token in another spelling', () => {
    const driven = driving();
    const id = driven.request('tools/call', { name: 't', _meta: { progressToken: 2 } });
    driven.process(
      1,
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"2","progress":1}}`,
    );
    expect(driven.said()).toMatchObject([{ method: 'notifications/progress' }]);
    driven.process(1, { id, result: {} });
    expect(driven.said()).toMatchObject([{ id }]);
  });

  test.each([
    ['NaN', (id: number) => `{"jsonrpc":"2.0","id":${id},"result":{"x":NaN}}`],
    ['an end in a string', (id: number) => `{"jsonrpc":"2.0","id":${id},"result":{"x":"`],
    ['another id', () => '{"jsonrpc":"2.0","id":0,"result":{}}'],
    ['a Python dict', (id: number) => `{'jsonrpc': '2.0', 'id': ${id}, 'result': None}`],
    ['an end between values', (id: number) => `{"jsonrpc":"2.0","id":${id},"result":[`],
  ])('[F-112] is told that the answer is of no use: %s', (_way, line) => {
    const driven = driving();
    const id = driven.request('tools/call', { name: 't' });
    driven.process(1, line(id));
    driven.pass(3_500);
    expect(driven.said()).toMatchObject([
      { id, error: { code: 42008, data: { fault: 'process_protocol', phase: 'sent' } } },
    ]);
    // And the process goes on.
    const next = driven.request('tools/call', { name: 't' });
    driven.process(1, { id: next, result: { content: [] } });
    expect(driven.said()).toMatchObject([{ id: next, result: {} }]);
  });

  test('[F-112] an error for no request is the error of the only one', () => {
    const driven = driving();
    const id = driven.request('tools/call', { name: 't' });
    driven.process(1, '{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"locked"}}');
    driven.pass(1_100);
    expect(driven.said()).toMatchObject([{ id, error: { code: -32603, message: 'locked' } }]);
  });

  test('[F-113] noise ends no call', () => {
    const driven = driving();
    const id = driven.request('tools/call', { name: 't' });
    for (const line of [
      'ready',
      `{"level":"info","id":${id}}`,
      `got {"jsonrpc":"2.0","id":${id},"method":"tools/call"}`,
      '{',
      '  "a": 1',
      '}',
    ]) {
      driven.process(1, line);
    }
    driven.pass(30_000);
    expect(driven.said()).toEqual([]);
    expect(driven.notes()).toEqual(
      expect.arrayContaining([expect.stringContaining('not a JSON-RPC message')]),
    );
  });
});

describe('[F-114] a start that fails', () => {
  test('is told with what was heard', () => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    driven.process(1, 'Server listening on port 3000');
    driven.pass(30_000);
    const [said] = driven.said();
    expect(said).toMatchObject({ id, error: { code: 42004 } });
    expect(JSON.stringify(said)).toContain(
      'on stdout it printed \\"Server listening on port 3000\\"',
    );
  });

  test('is told before its time where it is framed as for another protocol', () => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    const framed = (): void => {
      driven.process(1, 'Content-Length: 80\r');
      driven.process(1, '\r');
    };
    framed();
    driven.pass(1_600);
    framed();
    driven.pass(1_600);
    const [said] = driven.said();
    expect(said).toMatchObject({ id, error: { code: 42004 } });
    expect(JSON.stringify(said)).toContain('Content-Length headers');
  });

  test('is told with what was heard though it knows what it does not know', () => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    const error = { code: -32601, message: 'Method not found' };
    driven.process(1, { id: idOf(driven, 1, 'server/discover'), error });
    driven.process(1, 'Content-Length: 80\r');
    driven.pass(1_100);
    const [said] = driven.said();
    expect(said).toMatchObject({ id, error: { code: 42004 } });
    expect(JSON.stringify(said)).toContain('Content-Length headers');
  });

  test('is told at once when it answers what nobody can read', () => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    driven.process(1, `{"jsonrpc":"2.0","id":${idOf(driven, 1, 'server/discover')},"result":NaN}`);
    driven.process(1, `{"jsonrpc":"2.0","id":${idOf(driven, 1, 'initialize')},"result":NaN}`);
    expect(driven.said()).toMatchObject([{ id, error: { code: 42008 } }]);
  });
});

describe('a server that answers the bridge in its own way', () => {
  test('answers server/discover under no id, and is initialized all the same', () => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    driven.process(
      1,
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"Method not found"}}',
    );
    driven.pass(1_100);
    driven.process(
      1,
      `{"jsonrpc":"2.0","id":"${idOf(driven, 1, 'initialize')}","result":${INITIALIZED}}`,
    );
    driven.process(1, { id, result: { tools: [] } });
    expect(driven.said()).toMatchObject([{ id, result: { tools: [] } }]);
    expect(driven.eras.modern).toBe(false);
  });

  test('answers notifications/initialized, which ends no call', () => {
    const driven = new DrivenModernClient({ eras: { modern: false } });
    const id = driven.request('tools/list');
    driven.process(1, {
      id: idOf(driven, 1, 'initialize'),
      result: JSON.parse(INITIALIZED) as object,
    });
    driven.process(
      1,
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"Method not found"}}',
    );
    driven.pass(20_000);
    expect(driven.said()).toEqual([]);
    driven.process(1, { id, result: { tools: [] } });
    expect(driven.said()).toMatchObject([{ id, result: {} }]);
  });

  test('[F-120] has a list of tools without end, which is not read for their headers', () => {
    const driven = DrivenModernClient.legacy();
    driven.listsTools = false;
    const id = driven.request('tools/call', { name: 't' });
    const own = idOf(driven, 1, 'tools/list');
    const many = `[${'{},'.repeat(200_000)}{}]`;
    driven.process(
      1,
      `{"jsonrpc":"2.0","id":${own},"result":{"tools":[{"name":"t","inputSchema":{"x":${many}}}]}}`,
    );
    expect(driven.written(1)).toMatchObject([{ id, method: 'tools/call' }]);
  });

  test('[F-120] answers initialize with capabilities that nobody could read', () => {
    const driven = new DrivenModernClient({ eras: { modern: false } });
    const id = driven.request('tools/list');
    const many = `[${'{},'.repeat(100_001)}{}]`;
    const result = INITIALIZED.replace('"tools":{}', `"tools":${many}`);
    driven.process(1, `{"jsonrpc":"2.0","id":${idOf(driven, 1, 'initialize')},"result":${result}}`);
    expect(driven.said()).toMatchObject([{ id, error: { code: 42008 } }]);
  });
});

describe('[F-122] a server that prints null for what is absent', () => {
  test.each([
    [
      'tools/list',
      '{"tools":[{"name":"t","title":null,"inputSchema":{"default":null},"annotations":null}],"nextCursor":null}',
      { tools: [{ name: 't', inputSchema: { default: null } }] },
    ],
    ['resources/list', '{"resources":[],"nextCursor":null,"_meta":null}', { resources: [] }],
    [
      'tools/call',
      '{"content":[{"type":"text","text":"null","annotations":null}],"isError":null,"structuredContent":{"a":null}}',
      { content: [{ type: 'text', text: 'null' }], structuredContent: { a: null } },
    ],
  ])('has it left out of the result of %s', (method, result, expected) => {
    const driven = DrivenModernClient.legacy();
    const id = driven.request(method, { name: 't' });
    driven.process(1, `{"jsonrpc":"2.0","id":${id},"result":${result}}`);
    const [said] = driven.said() as { result: object }[];
    expect(said?.result).toMatchObject({ ...expected, resultType: 'complete' });
    expect(said?.result).not.toHaveProperty('nextCursor');
    expect(said?.result).not.toHaveProperty('isError');
    expect(JSON.stringify(said)).not.toContain('"annotations"');
  });
});

describe('[F-122] a list that is null', () => {
  test.each([
    ['tools/list', 'tools'],
    ['resources/list', 'resources'],
    ['prompts/get', 'messages'],
    ['tools/call', 'content'],
  ])('is empty in the result of %s', (method, list) => {
    const driven = DrivenModernClient.legacy();
    const id = driven.request(method, { name: 't' });
    driven.process(1, `{"jsonrpc":"2.0","id":${id},"result":{"a":null,"${list}":null,"b":1}}`);
    const [said] = driven.said() as { result: object }[];
    expect(said?.result).toMatchObject({ [list]: [], b: 1 });
    expect(said?.result).not.toHaveProperty('a');
  });
});

test('[F-122] what a server says of itself is told without what is null', () => {
  const driven = new DrivenModernClient({ eras: { modern: false } });
  driven.request('server/discover');
  const asked = idOf(driven, 1, 'initialize');
  const result = {
    protocolVersion: '2025-11-25',
    capabilities: { tools: { listChanged: null }, resources: null, experimental: { x: null } },
    serverInfo: { name: 's', version: '1', title: null },
    instructions: null,
  };
  driven.process(1, { id: asked, result });
  const [said] = driven.said() as { result: Record<string, unknown> }[];
  expect(said?.result).toMatchObject({
    capabilities: { tools: {} },
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '1' } },
  });
  expect(JSON.stringify(said)).not.toContain('null');
});

test.each(['null', '"s"', '[]'])('[F-122] a server of the name %s has none', (serverInfo) => {
  const driven = new DrivenModernClient({ eras: { modern: false } });
  driven.request('server/discover');
  const asked = idOf(driven, 1, 'initialize');
  driven.process(1, `{"jsonrpc":"2.0","id":${asked},"result":{"serverInfo":${serverInfo}}}`);
  const [said] = driven.said() as { result: { _meta?: object } }[];
  expect(said?.result._meta ?? {}).toEqual({});
});

test('[F-120] a list of more tools than there are is not written anew one by one', () => {
  const driven = DrivenModernClient.legacy();
  const id = driven.request('tools/list');
  driven.process(1, `{"jsonrpc":"2.0","id":${id},"result":{"tools":[${'{},'.repeat(10_000)}{}]}}`);
  expect(driven.said()).toMatchObject([{ id, error: { code: 42008 } }]);
});
