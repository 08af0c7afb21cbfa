import { describe, expect, test } from 'vitest';

import {
  DrivenLegacyClient,
  ENVELOPE,
  failure,
  notification,
  request,
  result,
} from '../driven-legacy-client.ts';

const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const LEVEL = 'io.modelcontextprotocol/logLevel';

describe('requests of the client', () => {
  test('get params with the envelope where there are none', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'tools/list'));
    expect(driven.written()).toEqual([request(2, 'tools/list', { _meta: ENVELOPE })]);
  });

  test('keep their bytes, progress token and foreign keys, and lose what is of the legacy era', () => {
    const driven = DrivenLegacyClient.modern();
    const meta = '"_meta":{"progressToken":2,"x/y":1.50,"io.modelcontextprotocol/logLevel":"info"}';
    driven.client(
      `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"task":{"ttl":1},${meta},"name":"t","arguments":{"n":1e0,"n":2}}}`,
    );
    const [line = ''] = driven.writtenLines();
    expect(line).toContain('"name":"t","arguments":{"n":1e0,"n":2}');
    expect(line).toContain('"_meta":{"progressToken":2,"x/y":1.50,');
    expect(JSON.parse(line)).toEqual(
      request(2, 'tools/call', {
        name: 't',
        arguments: { n: 2 },
        _meta: { progressToken: 2, 'x/y': 1.5, ...ENVELOPE },
      }),
    );
  });

  test.each([
    ['2025-03-26', {}],
    ['2025-06-18', { elicitation: {} }],
    ['2025-11-25', { elicitation: { form: {}, url: {} } }],
  ])('declare of a client of %s what the modern era knows', (revision, elicitation) => {
    const declared = {
      tasks: { list: {} },
      roots: { listChanged: true },
      elicitation: { form: {}, url: {} },
      experimental: { a: {} },
      extensions: { 'io.modelcontextprotocol/tasks': {}, 'a/b': {} },
    };
    const driven = DrivenLegacyClient.modern({ revision, capabilities: declared });
    driven.client(request(2, 'x/custom'));
    const expected = {
      roots: {},
      ...elicitation,
      experimental: { a: {} },
      extensions: { 'a/b': {} },
    };
    expect(driven.written()).toEqual([
      request(2, 'x/custom', { _meta: { ...ENVELOPE, [CAPABILITIES]: expected } }),
    ]);
  });

  test('carry the level of logging once the client has set it', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'logging/setLevel', { level: 'warning' }));
    driven.client(request(3, 'logging/setLevel', { level: 'loud' }));
    expect(driven.said()).toMatchObject([result(2, {}), { id: 3, error: { code: -32602 } }]);
    driven.client(request(4, 'tools/list'));
    expect(driven.written()).toEqual([
      request(4, 'tools/list', { _meta: { ...ENVELOPE, [LEVEL]: 'warning' } }),
    ]);
  });

  test('ping is answered at once', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'ping'));
    expect(driven.said()).toEqual([result(2, {})]);
    expect(driven.written()).toEqual([]);
  });
});

describe('notifications of the client', () => {
  test('that the modern era does not have are swallowed, others pass', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(notification('notifications/initialized'));
    driven.client(notification('notifications/roots/list_changed'));
    driven.client(notification('notifications/progress', { progressToken: 1, progress: 1 }));
    driven.client('{"jsonrpc":"2.0","method":"x/note","params":{"n":1.0}}');
    expect(driven.writtenLines()).toEqual([
      '{"jsonrpc":"2.0","method":"x/note","params":{"n":1.0}}',
    ]);
  });

  test('cancelled goes to the process, and an answer that comes after is dropped', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'tools/call', { name: 't' }));
    driven.effects();
    const cancelled = notification('notifications/cancelled', { requestId: 2, reason: 'enough' });
    driven.client(cancelled);
    expect(driven.written()).toEqual([cancelled]);
    driven.process(result(2, { resultType: 'complete', content: [] }));
    expect(driven.said()).toEqual([]);
  });
});

describe('results', () => {
  test('lose what the modern era added and keep every other byte', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'resources/read', { uri: 'a' }));
    driven.process(
      '{"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","contents":[{"n":1.0, "ttlMs":1}],"ttlMs":5,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"},"x":1e1}}}',
    );
    const [line = ''] = driven.saidLines();
    expect(line).toContain('"contents":[{"n":1.0, "ttlMs":1}]');
    expect(line).toContain('"x":1e1');
    expect(JSON.parse(line)).toEqual(
      result(2, { contents: [{ n: 1, ttlMs: 1 }], _meta: { x: 10 } }),
    );
  });

  test('lose a _meta that held only what is taken out', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'prompts/list'));
    const meta = { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '1' } };
    driven.process(result(2, { prompts: [], resultType: 'complete', _meta: meta }));
    expect(driven.said()).toEqual([result(2, { prompts: [] })]);
  });

  test('without a type are complete, and pass byte for byte', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'x/custom'));
    driven.process('{"jsonrpc": "2.0","id":2,"result":{ "ttlMs" :1.0}}');
    expect(driven.saidLines()).toEqual(['{"jsonrpc": "2.0","id":2,"result":{ "ttlMs" :1.0}}']);
  });

  test('of a type that a legacy client does not know become errors', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'tools/call', { name: 't' }));
    driven.process(result(2, { resultType: 'task', taskId: 'x' }));
    const [said] = driven.said();
    expect(said).toMatchObject({ id: 2, error: { code: -32603 } });
    expect(JSON.stringify(said)).toContain('task');
  });

  test.each([
    [-32020, -32603],
    [-32021, -32603],
    [-32022, -32603],
    [-32602, -32602],
    [-32002, -32002],
    [42, 42],
  ])('an error %i is said as %i', (code, said) => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'x/custom'));
    driven.process(failure(2, code, 'words', { a: 1 }));
    expect(driven.said()).toEqual([failure(2, said, 'words', { a: 1 })]);
  });
});

describe('tools', () => {
  const listed = (driven: DrivenLegacyClient, tools: string): string[] => {
    driven.client(request(2, 'tools/list'));
    driven.process(`{"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","tools":${tools}}}`);
    return driven.saidLines();
  };

  test('with an object at the root of their schema pass byte for byte', () => {
    const driven = DrivenLegacyClient.modern();
    const tools =
      '[{"name":"a","outputSchema": {"type":"object","maximum":1.0, "$ref":"#/$defs/x"}}, {"name":"b"}]';
    expect(listed(driven, tools)).toEqual([`{"jsonrpc":"2.0","id":2,"result":{"tools":${tools}}}`]);
  });

  test('with another schema show an object, with the references in it moved', () => {
    const driven = DrivenLegacyClient.modern();
    const tools = `[{"name":"plain"},{"name":"list","outputSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"array",
"items":{"anyOf":[{"$ref":"#/$defs/x"},{"$ref":"#"},{"$ref":"#name"},{"$ref":"other.json#/a"}]},"maxItems":1e1,
"examples":[{"$ref":"#/data"}],"$defs":{"x":{"type":"string"},"own":{"$id":"https://a.example/","$ref":"#/$defs/z"}}}}]`;
    const [line = ''] = listed(driven, tools.replaceAll('\n', ''));
    expect(line).toContain('"maxItems":1e1');
    const [, tool] = (JSON.parse(line) as { result: { tools: unknown[] } }).result.tools;
    expect(tool).toEqual({
      name: 'list',
      outputSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: {
          result: {
            type: 'array',
            items: {
              anyOf: [
                { $ref: '#/properties/result/$defs/x' },
                { $ref: '#/properties/result' },
                { $ref: '#name' },
                { $ref: 'other.json#/a' },
              ],
            },
            maxItems: 10,
            examples: [{ $ref: '#/data' }],
            $defs: {
              x: { type: 'string' },
              own: { $id: 'https://a.example/', $ref: '#/$defs/z' },
            },
          },
        },
        required: ['result'],
      },
    });
  });

  test('with a schema that is a truth value or names several types show an object', () => {
    const driven = DrivenLegacyClient.modern();
    const tools =
      '[{"name":"a","outputSchema":true},{"name":"b","outputSchema":{"type":["object","null"]}}]';
    const [line = ''] = listed(driven, tools);
    expect(JSON.parse(line)).toMatchObject({
      result: {
        tools: [
          { outputSchema: { type: 'object', properties: { result: true } } },
          {
            outputSchema: { type: 'object', properties: { result: { type: ['object', 'null'] } } },
          },
        ],
      },
    });
  });

  const called = (driven: DrivenLegacyClient, name: string, value: object): unknown => {
    driven.client(request(3, 'tools/call', { name }));
    driven.process(result(3, { resultType: 'complete', ...value }));
    return driven.said()[0]?.['result'];
  };

  test('put what is no object into one, and into text where there is none', () => {
    const driven = DrivenLegacyClient.modern();
    const image = { type: 'image', data: '', mimeType: 'image/png' };
    expect(called(driven, 't', { content: [image], structuredContent: [1, 2] })).toEqual({
      content: [image, { type: 'text', text: '[1,2]' }],
      structuredContent: { result: [1, 2] },
    });
    const text = { type: 'text', text: 'two' };
    expect(called(driven, 't', { content: [text], structuredContent: null })).toEqual({
      content: [text],
      structuredContent: { result: null },
    });
    expect(called(driven, 't', { structuredContent: 'a' })).toEqual({
      content: [{ type: 'text', text: '"a"' }],
      structuredContent: { result: 'a' },
    });
  });

  test('put an object into another only where their schema was', () => {
    const driven = DrivenLegacyClient.modern();
    listed(driven, '[{"name":"open","outputSchema":{"anyOf":[]}},{"name":"plain"}]');
    expect(called(driven, 'plain', { content: [], structuredContent: { a: 1 } })).toEqual({
      content: [],
      structuredContent: { a: 1 },
    });
    expect(called(driven, 'open', { content: [], structuredContent: { a: 1 } })).toEqual({
      content: [],
      structuredContent: { result: { a: 1 } },
    });
  });
});

describe('messages of the process', () => {
  test('a request is dropped and noted', () => {
    const driven = DrivenLegacyClient.modern();
    driven.process(request(7, 'roots/list'));
    expect(driven.effects()).toEqual([
      expect.objectContaining({ do: 'note', level: 'warn', fields: { method: 'roots/list' } }),
    ]);
  });

  test('notifications and progress pass as they are', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'tools/call', { name: 't', _meta: { progressToken: 2 } }));
    driven.effects();
    const lines = [
      '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1.0}}',
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":1.0}}',
    ];
    for (const line of lines) driven.process(line);
    expect(driven.saidLines()).toEqual(lines);
  });

  test('an answer to no request is dropped and noted', () => {
    const driven = DrivenLegacyClient.modern();
    driven.process(result(99, {}));
    expect(driven.effects()).toMatchObject([{ do: 'note', level: 'debug' }]);
  });

  test('an array of messages is taken one by one', () => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, 'x/a'));
    driven.client(request(3, 'x/b'));
    driven.process(JSON.stringify([result(2, { a: 1 }), failure(3, -32020)]));
    expect(driven.said()).toEqual([result(2, { a: 1 }), failure(3, -32603)]);
  });
});
