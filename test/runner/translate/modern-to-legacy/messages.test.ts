import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  ALL,
  DrivenModernClient,
  envelope,
  SERVER_INFO_META,
  type Message,
} from '../driven-modern-client.ts';

/** What the client hears when the process answers `method` like this. */
function answered(method: string, answer: Message, capabilities: object = {}): Message {
  const driven = DrivenModernClient.legacy({ capabilities });
  const id = driven.request(method, {}, { capabilities });
  driven.process(1, { id, ...answer });
  const [said, ...others] = driven.said();
  expect(others).toEqual([]);
  expect(said?.['id']).toBe(id);
  return said ?? {};
}

const COMPLETE = { resultType: 'complete', _meta: SERVER_INFO_META };
const NOT_CACHED = { ttlMs: 0, cacheScope: 'private' };

describe('a request to a legacy process', () => {
  test('loses what only the modern era says, and no other byte', () => {
    const driven = DrivenModernClient.legacy();
    const meta = JSON.stringify(envelope({ meta: { 'mcp-edge-bridge/headers': {} } })).slice(1, -1);
    const line = (params: string): string =>
      `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":${params}}`;
    driven.session(
      line(
        `{"name":"t","arguments":{"a":1.0,"b":"\\u0041","a":2},"inputResponses":{},"_meta":{${meta}}}`,
      ),
    );
    driven.session(
      line(`{"name":"t","_meta":{"traceparent":"00-x",${meta},"progressToken":9,"a/b":1e2}}`),
    );
    driven.session(`{"jsonrpc":"2.0","id":10,"method":"tools/list","params":{"_meta":{${meta}}}}`);
    expect(driven.writtenLines(1)).toEqual([
      line('{"name":"t","arguments":{"a":1.0,"b":"\\u0041","a":2}}'),
      line('{"name":"t","_meta":{"traceparent":"00-x","progressToken":9,"a/b":1e2}}'),
      '{"jsonrpc":"2.0","id":10,"method":"tools/list","params":{}}',
    ]);
  });

  test.each([
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
  ])('%s is no method of the modern era', (method) => {
    const driven = DrivenModernClient.legacy();
    const id = driven.request(method);
    expect(driven.said()).toMatchObject([{ id, error: { code: -32601 } }]);
    expect(driven.writtenLines(1)).toEqual([]);
  });
});

describe('a result of a legacy process', () => {
  test.each([
    'tools/list',
    'prompts/list',
    'resources/list',
    'resources/templates/list',
    'resources/read',
  ])('of %s says how long it may be kept', (method) => {
    const result = { a: 1, ttlMs: 'x', resultType: 'mine', _meta: { k: 1 } };
    expect(answered(method, { result })['result']).toEqual({
      a: 1,
      ...COMPLETE,
      ...NOT_CACHED,
      _meta: { k: 1, ...SERVER_INFO_META },
    });
  });

  test.each(['prompts/get', 'completion/complete', 'own/method'])(
    'of %s is complete and not to be kept',
    (method) => {
      const result = { a: 1, ttlMs: 5, cacheScope: 'public', requestState: 's', inputRequests: {} };
      expect(answered(method, { result })['result']).toEqual({ a: 1, ...COMPLETE });
    },
  );

  test('of tools/list says nothing of legacy tasks', () => {
    const tool = { name: 't', inputSchema: { type: 'object', properties: { execution: {} } } };
    const tools = [{ ...tool, execution: { taskSupport: 'optional' } }, tool];
    const said = answered('tools/list', { result: { tools, nextCursor: 'n' } });
    expect(said['result']).toEqual({
      tools: [tool, tool],
      nextCursor: 'n',
      ...COMPLETE,
      ...NOT_CACHED,
    });
  });

  test('of tools/call has content', () => {
    const of = (result: Message): unknown => answered('tools/call', { result })['result'];
    expect(of({ toolResult: 1 })).toEqual({ toolResult: 1, content: [], ...COMPLETE });
    expect(of({ content: [1] })).toEqual({ content: [1], ...COMPLETE });
  });

  test('keeps its payload byte for byte', () => {
    const spell = (value: string): string => JSON.stringify(value).replaceAll('a', '\\u0061');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const driven = DrivenModernClient.legacy();
        const id = driven.request('tools/call', { name: 't' });
        const payload = `[ ${spell(value)} , 1.0]`;
        driven.process(1, `{"jsonrpc":"2.0","result":{"content":${payload}},"id":${id}}`);
        expect(driven.saidLines()[0]).toContain(`"content":${payload}`);
      }),
      { numRuns: 50 },
    );
  });
});

describe('an error of a legacy process', () => {
  test.each([
    [-32002, -32602],
    [-32020, -32603],
    [-32021, -32603],
    [-32022, -32603],
    [-32042, -32603],
    [-32601, -32601],
    [-32000, -32000],
    [7, 7],
  ])('of code %d is one of %d, with its words', (code, expected) => {
    const error = { message: 'words', data: { uri: 'a:b' } };
    const said = answered('resources/read', { error: { code, ...error } });
    expect(said['error']).toEqual({ code: expected, ...error });
  });

  test('that wants a URL visited asks the client, who then calls anew', () => {
    const elicitation = { mode: 'url', url: 'https://a.example/', message: 'm' };
    const data = { elicitations: [{ ...elicitation, elicitationId: 'e' }] };
    const error = { code: -32042, message: 'm', data };
    const asked = answered('tools/call', { error }, { elicitation: { url: {} } });
    expect(asked['result']).toEqual({
      resultType: 'input_required',
      inputRequests: { q1: { method: 'elicitation/create', params: elicitation } },
      _meta: SERVER_INFO_META,
    });
    const refused = answered('tools/call', { error }, { elicitation: {} });
    expect(refused['error']).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    });
  });
});

describe('legacy processes of one principal', () => {
  const call = (driven: DrivenModernClient, capabilities: object = ALL): number =>
    driven.request('tools/call', { name: 't' }, { capabilities });

  test('are initialized with the capabilities of the call, less tasks', () => {
    const driven = DrivenModernClient.legacy();
    const extensions = { 'io.modelcontextprotocol/tasks': {} };
    call(driven, { ...ALL, extensions, tasks: {} });
    expect(driven.started()).toEqual([2]);
    expect(driven.initialize(2)).toMatchObject({ capabilities: ALL });
    expect(driven.served()).toEqual([2]);
  });

  test('are one for each client: its calls that may be asked run on it one after the other', () => {
    const driven = DrivenModernClient.legacy({ capabilities: ALL });
    const [first, second] = [call(driven), call(driven)];
    expect(driven.written(1)).toMatchObject([{ id: first }]);
    driven.process(1, { id: first, result: {} });
    expect(driven.written(1)).toMatchObject([{ id: second }]);
    expect(driven.started()).toEqual([]);
  });

  test('serve the calls of a client that cannot be asked, and its lists, side by side', () => {
    const driven = DrivenModernClient.legacy();
    const ids = [call(driven, {}), driven.request('tools/list'), call(driven, {})];
    expect(driven.written(1)).toMatchObject(ids.map((id) => ({ id })));
    expect(driven.started()).toEqual([]);
  });

  test('without state have a limit: an idle one gives way to other capabilities, else calls wait in line', () => {
    const limits = { maxProcesses: 2, stateless: true };
    const driven = DrivenModernClient.legacy({ capabilities: ALL, limits });
    const first = call(driven);
    call(driven, { sampling: {} });
    driven.initialize(2);
    const [third, fourth] = [call(driven), call(driven, { elicitation: {} })];
    expect(driven.started()).toEqual([2]);
    driven.written(1);
    driven.process(1, { id: first, result: {} });
    expect(driven.written(1)).toMatchObject([{ id: third }]);
    const second = driven.written(2).at(-1)?.['id'];
    driven.process(2, { id: second, result: {} });
    expect(driven.stopped()).toEqual([2]);
    expect(driven.started()).toEqual([3]);
    driven.initialize(3);
    expect(driven.written(3)).toMatchObject([
      { method: 'notifications/initialized' },
      { id: fourth },
    ]);
  });

  test('without state serve one call each where the client may be asked, the oldest first', () => {
    const driven = DrivenModernClient.legacy({ capabilities: ALL, limits: { stateless: true } });
    const [first, second] = [call(driven), call(driven)];
    expect(driven.written(1)).toMatchObject([{ id: first }]);
    driven.initialize(2);
    expect(driven.written(2)).toMatchObject([
      { method: 'notifications/initialized' },
      { id: second },
    ]);
    driven.process(1, { id: first, result: {} });
    const third = call(driven);
    expect(driven.written(1)).toMatchObject([{ id: third }]);
    expect(driven.started()).toEqual([2]);
  });

  test('keep 64 calls in line and no more; a cancelled one leaves the line', () => {
    const driven = DrivenModernClient.legacy({ capabilities: ALL, limits: { maxProcesses: 1 } });
    const first = call(driven);
    const [cancelled = 0, next] = Array.from({ length: 64 }, () => call(driven));
    expect(driven.said()).toEqual([]);
    const refused = call(driven);
    expect(driven.said()).toMatchObject([
      { id: refused, error: { data: { fault: 'overloaded' } } },
    ]);
    driven.cancel(cancelled);
    driven.written(1);
    driven.process(1, { id: first, result: {} });
    expect(driven.written(1)).toMatchObject([{ id: next }]);
  });

  test('that end fail their calls only', () => {
    const driven = DrivenModernClient.legacy({ capabilities: ALL });
    const first = call(driven);
    const params = { name: 't' };
    const second = driven.request('tools/call', params, { capabilities: ALL, name: 'other' });
    driven.initialize(2);
    driven.exited(1);
    expect(driven.said()).toMatchObject([
      { id: first, error: { data: { fault: 'process_exited', phase: 'sent' } } },
    ]);
    driven.process(2, { id: second, result: {} });
    expect(driven.said()).toMatchObject([{ id: second, result: COMPLETE }]);
  });

  test('that cannot be initialized fail their calls before these are sent', () => {
    const driven = DrivenModernClient.legacy();
    const refused = call(driven);
    const initialize = driven.written(2)[0]?.['id'];
    driven.process(2, { id: initialize, error: { code: -32603, message: 'no' } });
    const silent = call(driven);
    driven.pass(30_000);
    const exits = call(driven);
    driven.exited(4);
    const data = { fault: 'process_start_failed', phase: 'not_sent' };
    expect(driven.said()).toMatchObject(
      [refused, silent, exits].map((id) => ({ id, error: { data } })),
    );
    expect(driven.stopped()).toEqual([2, 3]);
  });

  test.each([
    ['without state', true, 300_000],
    ['with state', false, 1_800_000],
  ])('%s, beyond the first, end when they were idle for long', (_, stateless, idleMs) => {
    const driven = DrivenModernClient.legacy({ limits: { stateless } });
    const id = call(driven);
    driven.initialize(2);
    driven.pass(60_000);
    driven.process(2, { id, result: {} });
    driven.pass(idleMs - 1);
    expect(driven.stopped()).toEqual([]);
    driven.pass(1);
    expect(driven.stopped()).toEqual([2]);
    driven.pass(3_600_000);
    expect(driven.stopped()).toEqual([]);
  });

  test('report progress and logs to the call that asked for them', () => {
    const driven = DrivenModernClient.legacy();
    const id = driven.request(
      'tools/call',
      { name: 't' },
      { logLevel: 'warning', meta: { progressToken: 2 } },
    );
    expect(driven.written(1)).toMatchObject([
      { method: 'logging/setLevel', params: { level: 'warning' } },
      { id },
    ]);
    const log = (level: string): Message => ({
      method: 'notifications/message',
      params: { level, data: 'x' },
    });
    driven.process(1, log('info'));
    driven.process(1, log('error'));
    driven.process(1, { method: 'notifications/progress', params: { progressToken: 2 } });
    expect(driven.saidOf()).toMatchObject([
      { call: id, message: log('error') },
      { call: undefined, message: { params: { progressToken: 2 } } },
    ]);
    driven.process(1, { id, result: {} });
    driven.said();
    const quiet = call(driven, {});
    driven.process(1, log('emergency'));
    driven.process(1, { method: 'notifications/progress', params: { progressToken: quiet } });
    expect(driven.said()).toEqual([]);
  });

  test('[F-310] do not answer a call that was not sent to them', () => {
    const driven = DrivenModernClient.legacy({ capabilities: ALL });
    const [first, second] = [call(driven), call(driven)];
    driven.written(1);
    driven.process(1, { id: second, result: { content: [] } });
    expect(driven.saidOf()).toEqual([]);
    driven.process(1, { id: first, result: { content: [] } });
    expect(driven.written(1)).toMatchObject([{ id: second, method: 'tools/call' }]);
    driven.process(1, { id: second, result: { content: [] } });
    expect(driven.said()).toMatchObject([{ id: first }, { id: second }]);
  });

  test('are left alone with a cancelled call that asks until they answer it or five seconds have passed', () => {
    const driven = DrivenModernClient.legacy({ capabilities: ALL, limits: { maxProcesses: 1 } });
    const [first, second, third] = [call(driven), call(driven), call(driven)];
    driven.written(1);
    driven.process(1, { id: 'q', method: 'elicitation/create', params: {} });
    driven.cancel(first);
    driven.process(1, { id: 'r', method: 'elicitation/create', params: {} });
    expect(driven.written(1)).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: first } },
      { id: 'q', error: {} },
      { id: 'r', error: {} },
    ]);
    driven.pass(4_999);
    expect(driven.written(1)).toEqual([]);
    driven.pass(1);
    expect(driven.written(1)).toMatchObject([{ id: second }]);
    driven.cancel(second);
    driven.written(1);
    driven.process(1, { id: second, result: {} });
    expect(driven.written(1)).toMatchObject([{ id: third }]);
    expect(driven.said()).toEqual([]);
  });
});

test('[R-10] clients that differ with each call start no more processes than twice those they may occupy, while those before end', () => {
  const limits = { maxProcesses: 2, stateless: true };
  const driven = DrivenModernClient.legacy({ limits });
  driven.look();
  const slots: number[] = [];
  for (let n = 0; n < 10; n++) {
    driven.request(
      'tools/call',
      { name: 't' },
      { capabilities: { experimental: { [`x${n}`]: {} } } },
    );
    for (const slot of driven.started()) {
      slots.push(slot);
      driven.initialize(slot);
    }
    for (const slot of slots) {
      for (const { id, method } of driven.written(slot)) {
        if (method === 'tools/call') driven.process(slot, { id, result: { content: [] } });
      }
    }
  }
  const stopped = driven.stopped();
  expect(stopped).toHaveLength(2);
  expect(slots).toHaveLength(3);
  driven.exited(stopped[0] ?? 0);
  expect(driven.started()).toHaveLength(1);
});
