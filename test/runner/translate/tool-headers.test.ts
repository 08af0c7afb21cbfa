import { describe, expect, test } from 'vitest';

import { DrivenModernClient, type Message } from './driven-modern-client.ts';

const HEADERS = 'mcp-edge-bridge/headers';

const region = { type: 'string', 'x-mcp-header': 'Region' };
const tool = (properties: object, more: object = {}): object => ({
  name: 't',
  inputSchema: { type: 'object', properties, ...more },
});

const ERAS: [string, () => DrivenModernClient][] = [
  ['legacy', () => DrivenModernClient.legacy()],
  ['modern', () => DrivenModernClient.modern()],
];

/** Whether the process gets to see the call. */
function isPassed(driven: DrivenModernClient, args: unknown, headers: object): boolean {
  const id = driven.request(
    'tools/call',
    { name: 't', arguments: args },
    { meta: { [HEADERS]: headers } },
  );
  const isWritten = driven.written(1).some((message) => message['id'] === id);
  const refusal = { id, error: { code: -32020 } };
  expect(driven.said()).toMatchObject(isWritten ? [] : [refusal]);
  return isWritten;
}

describe.each(ERAS)('Mcp-Param headers before a %s process', (_, driven) => {
  test.each<[unknown, object, boolean]>([
    [{ region: 'Hello' }, { 'mcp-param-region': 'Hello' }, true],
    [{ region: 'Hello' }, { 'mcp-param-region': '  Hello\t' }, true],
    [{ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVsbG8=?=' }, true],
    [{ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVsbG8?=' }, false],
    [{ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVs!G8=?=' }, false],
    [{ region: 'Hello' }, { 'mcp-param-region': 'hello' }, false],
    [{ region: 'Hello' }, {}, false],
    [{ region: '' }, {}, false],
    [{ region: '' }, { 'mcp-param-region': '' }, true],
    [{ region: null }, {}, true],
    [{ region: null }, { 'mcp-param-region': 'stray' }, true],
    [{}, { 'mcp-param-region': 'stray', 'mcp-param-other': 'x' }, true],
    [undefined, {}, true],
    [{ region: '世界' }, { 'mcp-param-region': '=?base64?5LiW55WM?=' }, true],
  ])('%j with %j: passed is %s', (args, headers, passed) => {
    const started = driven();
    started.tools = [tool({ region })];
    expect(isPassed(newList(started), args, headers)).toBe(passed);
  });

  test('[F-788] are not asked of a call that came by way of another tool, and its process gets no word of that', () => {
    const started = newList(driven());
    started.tools = [tool({ region })];
    const id = started.request(
      'tools/call',
      { name: 't', arguments: { region: 'Hello' } },
      { meta: { 'mcp-edge-bridge/unmirrored': true } },
    );
    const passed = started.written(1).find((message) => message['id'] === id);
    expect(passed).toMatchObject({ params: { arguments: { region: 'Hello' } } });
    expect(JSON.stringify(passed)).not.toContain('unmirrored');
  });

  test('name the header and the argument when they do not match', () => {
    const started = newList(driven());
    started.tools = [tool({ where: { type: 'object', properties: { region } } })];
    started.request('tools/call', { name: 't', arguments: { where: { region: 'x' } } });
    expect(JSON.stringify(started.said())).toMatch(/Mcp-Param-Region.*where\.region/u);
  });
});

describe.each(ERAS)('[F-188] arguments that a header repeats, before a %s process', (_, driven) => {
  const where = { type: 'object', properties: { region } };

  test.each([
    ['twice', '{"region":"a","region":"b"}', 'region'],
    ['twice, once escaped', String.raw`{"region":"a","re\u0067ion":"b"}`, 'region'],
    ['in two cases', '{"region":"a","Region":"b"}', 'region'],
    ['in another case alone', '{"REGION":"b"}', 'region'],
    ['on the way to it', '{"where":{"region":"a"},"Where":{"region":"b"}}', 'where'],
    ['at the end of the way', '{"where":{"region":"a","region":"b"}}', 'where.region'],
  ])('%s: -32602, and nothing is called', (_words, args, key) => {
    const started = newList(driven());
    started.tools = [tool(key === 'region' ? { region } : { where })];
    const meta = { [HEADERS]: { 'mcp-param-region': 'a' } };
    const id = started.request('tools/call', { name: 't', arguments: '@' }, { meta }, (text) =>
      text.replace('"@"', args),
    );
    expect(started.written(1).map((message) => message['id'])).not.toContain(id);
    const [refusal] = started.said();
    expect(refusal).toMatchObject({ id, error: { code: -32602 } });
    expect(JSON.stringify(refusal)).toContain(`\\"${key}\\"`);
  });

  test('other arguments may stand as they like', () => {
    const started = newList(driven());
    started.tools = [tool({ region })];
    const meta = { [HEADERS]: { 'mcp-param-region': 'a' } };
    const id = started.request('tools/call', { name: 't', arguments: '@' }, { meta }, (text) =>
      text.replace('"@"', '{"region":"a","x":1,"X":2,"x":3}'),
    );
    expect(started.written(1).map((message) => message['id'])).toContain(id);
  });
});

describe('Mcp-Param headers', () => {
  const passes = (
    properties: object,
    args: Message,
    header: string,
    more: object = {},
  ): boolean => {
    const driven = newList(DrivenModernClient.legacy());
    driven.tools = [tool(properties, more)];
    return isPassed(driven, args, { 'mcp-param-a': header });
  };
  const a = (type: unknown, more: object = {}): object => ({ type, 'x-mcp-header': 'A', ...more });

  test.each([
    ['integer', 42, '42.0', true],
    ['integer', 42, '43', false],
    ['integer', 42, '0x2a', false],
    ['integer', 2 ** 60, '1', true],
    ['boolean', true, 'true', true],
    ['boolean', true, '1', false],
  ])('repeat an argument of type %s: %j as %s, %s', (type, value, header, passed) => {
    expect(passes({ v: a(type) }, { v: value }, header)).toBe(passed);
  });

  test.each([
    ['number', { v: a('number') }],
    ['no name', { v: { type: 'string', 'x-mcp-header': '' } }],
    ['a name that is no token', { v: { type: 'string', 'x-mcp-header': 'a b' } }],
    ['one name twice', { v: a('string'), w: { type: 'string', 'x-mcp-header': 'a' } }],
    ['an array', { v: a('string'), w: { type: 'array', items: a('string') } }],
    ['an alternative', { v: a('string'), w: { anyOf: [{ properties: { x: a('string') } }] } }],
  ])('are not looked at where the annotation is invalid: %s', (_, properties) => {
    expect(passes(properties, { v: 'x' }, 'other')).toBe(true);
  });

  test('are looked at where a property or a default merely has the name of the annotation', () => {
    const properties = { v: a('string'), 'x-mcp-header': { default: { 'x-mcp-header': 'B' } } };
    expect(passes(properties, { v: 'x' }, 'other')).toBe(false);
  });

  test.each([
    ['nothing', ['']],
    ['the same page', ['n', 'n']],
  ])('of a list that goes on with %s are those of its pages so far', (_what, cursors) => {
    const driven = new DrivenModernClient({ eras: { modern: true } });
    driven.listsTools = false;
    const id = driven.request('tools/call', { name: 't', arguments: { region: 'x' } });
    for (const nextCursor of cursors) {
      const [asked] = driven.written(1);
      expect(asked).toMatchObject({ method: 'tools/list' });
      driven.process(1, { id: asked?.['id'], result: { tools: [tool({ region })], nextCursor } });
    }
    expect(driven.said()).toMatchObject([{ id, error: { code: -32020 } }]);
  });

  test('are held against all pages of the list, which is fetched once and after each change', () => {
    const driven = new DrivenModernClient({ eras: { modern: true } });
    driven.listsTools = false;
    const id = driven.request('tools/call', { name: 't', arguments: { region: 'x' } });
    const [first] = driven.written(1);
    driven.process(1, { id: first?.['id'], result: { tools: [], nextCursor: 'n' } });
    const [second] = driven.written(1);
    expect(second).toMatchObject({ method: 'tools/list', params: { cursor: 'n', _meta: {} } });
    driven.process(1, { id: second?.['id'], result: { tools: [tool({ region })] } });
    expect(driven.said()).toMatchObject([{ id, error: { code: -32020 } }]);
    driven.request('tools/call', { name: 't', arguments: { region: 'x' } });
    expect(driven.written(1)).toEqual([]);
    driven.process(1, { method: 'notifications/tools/list_changed' });
    const next = driven.request('tools/call', { name: 't', arguments: { region: 'x' } });
    const [third] = driven.written(1);
    driven.process(1, { id: third?.['id'], result: { tools: [] } });
    expect(driven.written(1)).toMatchObject([{ id: next }]);
  });

  test('that do not match are held against a new list before the call is refused', () => {
    const driven = new DrivenModernClient({ eras: { modern: true } });
    driven.tools = [tool({ region })];
    const args = { region: 'x' };
    expect(isPassed(driven, args, { 'mcp-param-region': 'x' })).toBe(true);
    driven.tools = [tool({ region: { type: 'string', 'x-mcp-header': 'Place' } })];
    expect(isPassed(driven, args, { 'mcp-param-place': 'x' })).toBe(false);
    driven.pass(1_000);
    expect(isPassed(driven, args, { 'mcp-param-place': 'x' })).toBe(true);
  });

  test('are not waited for longer than ten seconds', () => {
    const driven = new DrivenModernClient({ eras: { modern: true } });
    driven.listsTools = false;
    const id = driven.request('tools/call', { name: 't' });
    driven.pass(9_999);
    expect(driven.written(1)).toMatchObject([{ method: 'tools/list' }]);
    driven.pass(1);
    expect(driven.written(1)).toMatchObject([{ id }]);
  });

  test('[F-774] are not wanted for an argument that the runner fixes, only for the others', () => {
    const fixed = (name: string) => new Set(name === 't' ? ['region'] : []);
    const driven = new DrivenModernClient({ eras: { modern: true }, fixed });
    const place = { type: 'string', 'x-mcp-header': 'Place' };
    driven.tools = [tool({ region, place })];
    expect(isPassed(driven, { region: 'x', place: 'y' }, { 'mcp-param-place': 'y' })).toBe(true);
    expect(isPassed(driven, { region: 'x', place: 'y' }, { 'mcp-param-place': 'z' })).toBe(false);
  });

  test('wait for another process when the one that lists its tools is gone', () => {
    const driven = DrivenModernClient.legacy();
    driven.listsTools = false;
    const lost = driven.request('tools/call', { name: 't' });
    const kept = driven.request('tools/call', { name: 't' }, { capabilities: { roots: {} } });
    driven.initialize(2);
    driven.exited(1);
    expect(driven.said()).toMatchObject([
      { id: lost, error: { data: { fault: 'process_exited', phase: 'not_sent' } } },
    ]);
    const list = driven.written(2).find(({ method }) => method === 'tools/list');
    driven.process(2, { id: list?.['id'], result: { tools: [] } });
    expect(driven.written(2)).toMatchObject([{ id: kept }]);
  });
});

/** As if the server had just changed its tools. */
function newList(driven: DrivenModernClient): DrivenModernClient {
  driven.process(1, { method: 'notifications/tools/list_changed' });
  driven.look();
  return driven;
}
