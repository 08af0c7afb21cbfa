// A virtual server before clients of 2026-07-28, by hand: what members are sent, and what clients hear.
import { expect, test } from 'vitest';

import { KnownMembers } from '../../../runner/virtual/known-members.ts';
import {
  cancel,
  DrivenVirtualServer,
  member,
  type Answering,
  type DrivenOptions,
  type Message,
} from './driven-virtual-server.ts';

const META = 'io.modelcontextprotocol/';
const SUBSCRIPTION = `${META}subscriptionId`;

const meta = (more: object = {}): object => ({
  [`${META}protocolVersion`]: '2026-07-28',
  [`${META}clientCapabilities`]: {},
  ...more,
});

const request = (id: number, method: string, params: object = {}, more: object = {}): Message => ({
  jsonrpc: '2.0',
  id,
  method,
  params: { ...params, _meta: meta(more) },
});

/** As the edge passes it on, with the id that its client gave it. */
const listen = (id: number, filter: object, clientId = '"s"'): Message =>
  request(
    id,
    'subscriptions/listen',
    { notifications: filter },
    {
      'mcp-edge-bridge/clientId': JSON.parse(clientId) as unknown,
    },
  );

const discovered = (more: object = {}): object => ({
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
  ttlMs: 60_000,
  cacheScope: 'public',
  ...more,
});

const tools = (...names: string[]): object => ({
  resultType: 'complete',
  tools: names.map((name) => ({ name })),
  ttlMs: 5_000,
  cacheScope: 'public',
});

const two = (options: DrivenOptions = {}): DrivenVirtualServer =>
  new DrivenVirtualServer([member('a'), member('b')], { isModern: true, ...options });

/** Both members run and are known. */
function running(options: DrivenOptions = {}): DrivenVirtualServer {
  const work = two(options);
  work.client(request(1, 'server/discover'));
  work.answer(() => discovered());
  work.said();
  return work;
}

const acknowledge = (work: DrivenVirtualServer, name: string, id: number, filter: object): void =>
  work.member(
    name,
    {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: filter, _meta: { [SUBSCRIPTION]: 's' } },
    },
    id,
  );

const changedOn = (work: DrivenVirtualServer, name: string, id: number): void =>
  work.member(
    name,
    {
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: { [SUBSCRIPTION]: 's' } },
    },
    id,
  );

test('server/discover asks all members, and joins what they say', () => {
  const work = two();
  work.client(request(1, 'server/discover'));
  work.answer((_sent, name) =>
    discovered({
      capabilities: name === 'a' ? { tools: {} } : { prompts: {}, extensions: { x: {} } },
      instructions: `Use ${name}.`,
    }),
  );
  expect(work.said()).toEqual([
    {
      jsonrpc: '2.0',
      id: 1,
      result: {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: {
          tools: { listChanged: true },
          prompts: { listChanged: true },
          extensions: { x: {} },
        },
        instructions: '# a\n\nUse a.\n\n# b\n\nUse b.',
        ttlMs: 0,
        cacheScope: 'private',
        _meta: { [`${META}serverInfo`]: { name: 'work', version: '1' } },
      },
    },
  ]);
});

test('a list may be kept as long as each part of it may; members get what the client says of itself', () => {
  const work = running();
  work.client(request(2, 'tools/list', {}, { progressToken: 2, k: 1 }));
  const asked: Message[] = [];
  work.answer((sent, name) => {
    asked.push(sent);
    return name === 'a' ? tools('x') : { ...tools('y'), ttlMs: 1_000, cacheScope: 'private' };
  });
  expect(work.said()[0]?.['result']).toEqual({
    resultType: 'complete',
    tools: [{ name: 'a__x' }, { name: 'b__y' }],
    ttlMs: 1_000,
    cacheScope: 'private',
  });
  expect(asked.map(({ params }) => params)).toEqual([1, 2].map(() => ({ _meta: meta({ k: 1 }) })));
});

/** One member after the other, none of whose names say whose they are; each has resources. */
function unprefixed(): DrivenVirtualServer {
  const plain = { prefix: '' };
  const work = new DrivenVirtualServer([member('a', plain), member('b', plain)], {
    isModern: true,
  });
  work.client(request(1, 'server/discover'));
  work.answer(() => discovered({ capabilities: { tools: {}, prompts: {}, resources: {} } }));
  work.said();
  return work;
}

/** What a member lists under a method of lists; undefined for another method. */
function listed(method: unknown, names: readonly string[]): object | undefined {
  const [, kind = ''] =
    /^(tools|prompts|resources|resources\/templates)\/list$/u.exec(String(method)) ?? [];
  if (kind === 'tools' || kind === 'prompts') return { [kind]: names.map((name) => ({ name })) };
  if (kind === 'resources') return { resources: names.map((name) => ({ uri: `x:${name}` })) };
  return kind === '' ? undefined : { resourceTemplates: [] };
}

const ROUNDS = [
  ['tools/call', 'tools', { name: 'x', arguments: {} }],
  ['prompts/get', 'prompts', { name: 'x' }],
  ['resources/read', 'resources', { uri: 'x:x' }],
] as const;

test.each(ROUNDS)(
  '[R-16] F-1141: a further round of %s goes to the member that asked, though another lists %s of that name by then',
  (method, kind, params) => {
    const work = unprefixed();
    work.client(request(5, method, params));
    work.answer((sent, name) => listed(sent['method'], name === 'b' ? ['x'] : []));
    const asks = (state: string): string =>
      `{"jsonrpc":"2.0","id":5,"result":{ "resultType":"input_required",${state}"inputRequests":{"q1":{}}}}`;
    work.member('b', asks(String.raw`"requestState":"s:\u0065\"al",`));
    const [said = ''] = work.saidLines();
    expect(said).toBe(asks(String.raw`"requestState":"b:s:\u0065\"al",`));
    // Now a lists it, too, and comes first.
    work.client(request(6, `${kind}/list`));
    work.answer((sent) => listed(sent['method'], ['x']));
    work.said();
    const { requestState } = (JSON.parse(said) as { result: { requestState: string } }).result;
    const more = { inputResponses: { q1: {} }, requestState };
    const own = { ...params, ...more, requestState: 's:e"al' };
    // Of another session, or of a runner that was started again, no list is known: none is waited for.
    for (const session of [work, unprefixed()]) {
      session.client(request(7, method, { ...params, ...more }));
      expect(session.writtenTo()).toMatchObject([{ member: 'b', message: { id: 7, params: own } }]);
    }
  },
);

test.each([{}, { requestState: null }])(
  '[R-16] F-1141: a member that gives no state gets none, and its further round: %j',
  (none) => {
    const work = running();
    const params = { name: 'b__x', arguments: {} };
    work.client(request(5, 'tools/call', params));
    const result = { resultType: 'input_required', inputRequests: { q1: {} } };
    work.member('b', { jsonrpc: '2.0', id: 5, result: { ...result, ...none } });
    expect(work.said()).toEqual([
      { jsonrpc: '2.0', id: 5, result: { ...result, requestState: 'b' } },
    ]);
    work.writtenLines();
    const inputResponses = { q1: {} };
    work.client(request(6, 'tools/call', { ...params, requestState: 'b', inputResponses }));
    expect(work.written('a')).toEqual([]);
    expect(work.written('b')).toEqual([
      request(6, 'tools/call', { ...params, name: 'x', inputResponses }),
    ]);
  },
);

test('[R-16] F-1141: a state that no member of this server gave reaches none', () => {
  const work = running();
  const shown = ['', 'sealed', ':', 'c:sealed', 'a:sealed', 'a'];
  for (const [index, requestState] of shown.entries()) {
    const id = 5 + index;
    work.client(request(id, 'tools/call', { name: 'b__x', requestState, inputResponses: {} }));
    expect(work.said()).toMatchObject([{ id, error: { code: -32_602 } }]);
  }
  expect(work.written()).toEqual([]);
});

test('[R-16] F-1141: a round of a member that is down fails with its fault, and no other member gets it', () => {
  const work = withoutA();
  work.writtenLines();
  const params = { name: 'a__x', requestState: 'a:sealed', inputResponses: {} };
  work.client(request(20, 'tools/call', params));
  expect(work.said()).toMatchObject([
    { id: 20, error: { data: { fault: 'process_start_failed' } } },
  ]);
  expect(work.written()).toEqual([]);
});

test('[R-16] F-1141: only answers that ask are marked, and none of a member alone', () => {
  const work = running();
  const done = '{"jsonrpc":"2.0","id":5,"result":{ "resultType":"complete","requestState":"s"}}';
  work.client(request(5, 'tools/call', { name: 'a__x' }));
  work.member('a', done);
  expect(work.saidLines()).toEqual([done]);
  const alone = new DrivenVirtualServer([member('a')], { isModern: true });
  const asks = '{"jsonrpc":"2.0","id":5,"result":{ "resultType":"input_required"}}';
  alone.client(request(5, 'tools/call', { name: 'a__x', requestState: 'b:s' }));
  expect(alone.written('a')).toMatchObject([{ params: { name: 'x', requestState: 'b:s' } }]);
  alone.member('a', asks);
  expect(alone.saidLines()).toEqual([asks]);
});

test('what is said in a call goes to that call, and two calls of one member are told apart', () => {
  const work = running();
  for (const id of [5, 6]) work.client(request(id, 'tools/call', { name: 'a__x' }));
  const log = {
    jsonrpc: '2.0',
    method: 'notifications/message',
    params: { level: 'info', data: 1 },
  };
  work.member('a', log, 6);
  expect(work.saidOf()).toMatchObject([{ of: 6 }]);
});

test('a subscription is acknowledged once, and every member is heard on it', () => {
  const work = running();
  work.client(listen(9, { toolsListChanged: true, promptsListChanged: true }));
  expect(work.written('a')).toMatchObject([
    { id: 9, params: { notifications: { toolsListChanged: true } } },
  ]);
  acknowledge(work, 'a', 9, { toolsListChanged: true });
  changedOn(work, 'a', 9);
  expect(work.said()).toEqual([]);
  acknowledge(work, 'b', 9, { toolsListChanged: true });
  changedOn(work, 'b', 9);
  const said = work.saidOf();
  expect(said.map(({ of }) => of)).toEqual([9, 9, 9]);
  const [first, ...changes] = said.map(({ line }) => JSON.parse(line) as Message);
  expect(first).toEqual({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { _meta: { [SUBSCRIPTION]: 's' }, notifications: { toolsListChanged: true } },
  });
  expect(changes.map(({ method }) => method)).toEqual([
    'notifications/tools/list_changed',
    'notifications/tools/list_changed',
  ]);
});

test('resources are listened to at the member that has them', () => {
  const work = running();
  work.client(listen(9, { resourceSubscriptions: ['x:a', 'x:b'] }));
  work.answer(({ method }, name) => {
    if (method === 'resources/list') return { resources: [{ uri: `x:${name}` }] };
    return String(method).endsWith('/list') ? { resourceTemplates: [] } : undefined;
  });
  for (const name of ['a', 'b'])
    acknowledge(work, name, 9, { resourceSubscriptions: [`x:${name}`] });
  expect(work.said()[0]).toMatchObject({
    params: { notifications: { resourceSubscriptions: ['x:a', 'x:b'] } },
  });
});

test('F-905: a resource of which no list tells is listened to at every member that may have it', () => {
  const work = running();
  work.client(listen(9, { resourceSubscriptions: ['x:b'] }));
  work.answer(({ method }, name) => {
    // b says nothing for long.
    if (name === 'b') return undefined;
    return method === 'resources/list' ? { resources: [] } : { resourceTemplates: [] };
  });
  work.after(10_000);
  for (const name of ['a', 'b'])
    acknowledge(work, name, 9, { resourceSubscriptions: name === 'b' ? ['x:b'] : [] });
  work.said();
  const method = 'notifications/resources/updated';
  work.member('b', { jsonrpc: '2.0', method, params: { uri: 'x:b' } }, 9);
  expect(work.said()).toMatchObject([{ method, params: { uri: 'x:b' } }]);
});

test('a subscription that its client ended ends at all members, and nothing more comes of it', () => {
  const work = running();
  work.client(listen(9, { toolsListChanged: true }));
  work.writtenLines();
  work.client(cancel(9));
  expect(work.written().map(({ method }) => method)).toEqual([
    'notifications/cancelled',
    'notifications/cancelled',
  ]);
  acknowledge(work, 'a', 9, {});
  expect(
    work.said().filter(({ method }) => method !== 'notifications/subscriptions/acknowledged'),
  ).toEqual([]);
});

test('F-751: a subscription outlives the process of a member, and tells that its tools left and are back', () => {
  const work = running();
  work.client(listen(9, { toolsListChanged: true }));
  for (const name of ['a', 'b']) acknowledge(work, name, 9, { toolsListChanged: true });
  work.said();
  work.writtenLines();
  // As its translator ends it when the process is gone.
  work.member('a', { jsonrpc: '2.0', id: 9, result: { resultType: 'complete', _meta: {} } }, 9);
  expect(work.said().map(({ method }) => method)).toEqual(['notifications/tools/list_changed']);
  work.after(1_000);
  expect(work.written('a')).toMatchObject([{ id: 9, method: 'subscriptions/listen' }]);
  acknowledge(work, 'a', 9, { toolsListChanged: true });
  expect(work.said().map(({ method }) => method)).toEqual(['notifications/tools/list_changed']);
  changedOn(work, 'a', 9);
  expect(work.said()).toHaveLength(1);
});

test('[F-915] a subscription is opened anew at a member whose process is gone, until it can be started', () => {
  const work = running();
  work.client(listen(9, { toolsListChanged: true }));
  for (const name of ['a', 'b']) acknowledge(work, name, 9, { toolsListChanged: true });
  work.member('a', { jsonrpc: '2.0', id: 9, result: { resultType: 'complete', _meta: {} } }, 9);
  work.said();
  work.writtenLines();
  const refuse = (code: number): void => {
    expect(work.written('a')).toMatchObject([{ id: 9, method: 'subscriptions/listen' }]);
    work.member('a', { jsonrpc: '2.0', id: 9, error: { code, message: 'no' } }, 9);
    expect(work.said()).toEqual([]);
  };
  for (const ms of [1_000, 2_000, 4_000]) {
    work.after(ms - 1);
    expect(work.written('a')).toEqual([]);
    work.after(1);
    refuse(42_004);
  }
  work.after(8_000);
  expect(work.written('a')).toMatchObject([{ id: 9, method: 'subscriptions/listen' }]);
  acknowledge(work, 'a', 9, { toolsListChanged: true });
  expect(work.said().map(({ method }) => method)).toEqual(['notifications/tools/list_changed']);
});

test('[F-915] a server that knows no subscriptions is asked for none again', () => {
  const work = running();
  work.client(listen(9, { toolsListChanged: true }));
  acknowledge(work, 'b', 9, { toolsListChanged: true });
  work.writtenLines();
  work.member('a', { jsonrpc: '2.0', id: 9, error: { code: -32_601, message: 'no' } }, 9);
  work.after(600_000);
  expect(work.written('a')).toEqual([]);
});

/** A member's process is gone for good, and its clients know. */
function withoutA(): DrivenVirtualServer {
  const work = running();
  work.client(listen(9, { toolsListChanged: true }));
  for (const name of ['a', 'b']) acknowledge(work, name, 9, { toolsListChanged: true });
  work.said();
  work.exited('a', 'keeps failing to start', false);
  expect(work.said().map(({ method }) => method)).toContain('notifications/tools/list_changed');
  return work;
}

/** Until it is started, once more. */
function startOfA(work: DrivenVirtualServer): void {
  for (let wakes = 0; wakes < 100 && !work.runs('a'); wakes++) work.wake();
  expect(work.runs('a')).toBe(true);
}

test('[R-16] [F-919] a member that cannot start leaves once, however often it is tried, and its calls fail', () => {
  const work = withoutA();
  for (let tries = 0; tries < 10; tries++) {
    startOfA(work);
    work.client(request(20 + tries, 'tools/call', { name: 'a__x' }));
    work.exited('a', 'keeps failing to start', false);
    expect(work.said()).toMatchObject([
      { id: 20 + tries, error: { data: { fault: 'process_start_failed' } } },
    ]);
  }
});

test('[R-16] [F-919] a member that is started again is back when it has answered, and until then its calls wait', () => {
  const work = withoutA();
  startOfA(work);
  work.writtenLines();
  work.client(request(20, 'tools/call', { name: 'a__x' }));
  expect(work.written('a')).toMatchObject([{ id: 20, params: { name: 'x' } }]);
  expect(work.said()).toEqual([]);
  work.served('a');
  expect(work.said().map(({ method }) => method)).toEqual(['notifications/tools/list_changed']);
  work.served('a');
  expect(work.said()).toEqual([]);
});

test('[R-16] [F-919] a member that is started again is asked something until it answers, though no client asks', () => {
  const work = withoutA();
  // Whoever listened does not any more: there is nothing left that would make its process say something.
  work.client(cancel(9));
  startOfA(work);
  const asked = (): number =>
    work.written('a').filter(({ method }) => method === 'server/discover').length;
  expect(asked()).toBe(1);
  const refuse = { error: { code: 42_004, message: 'no' } };
  for (let tries = 0; tries < 3; tries++) {
    work.after(60_000);
    work.answer(({ method }) => (method === 'server/discover' ? refuse : undefined));
  }
  work.after(120_000);
  expect(asked()).toBeGreaterThan(0);
  work.served('a');
  work.answer(() => discovered());
  work.said();
  work.after(600_000);
  expect(asked()).toBe(0);
});

test('F-750: a member that cannot start is left out; its calls fail at once, the others go on', () => {
  const work = two();
  work.client(request(1, 'server/discover'));
  work.exited('a', 'keeps failing to start', false);
  work.answer(() => discovered());
  expect(work.said()[0]).toMatchObject({ id: 1, result: { capabilities: { tools: {} } } });
  work.client(request(2, 'tools/list'));
  work.answer(() => tools('x'));
  expect(work.said()[0]?.['result']).toMatchObject({ tools: [{ name: 'b__x' }] });
  work.client(request(3, 'tools/call', { name: 'a__x' }));
  expect(work.said()[0]).toMatchObject({
    id: 3,
    error: { data: { fault: 'process_start_failed' } },
  });
  work.after(5_000);
  expect(work.runs('a')).toBe(true);
});

test('F-753: members start when they are needed; until then what they listed is known', () => {
  const known = new KnownMembers();
  const first = running({ known });
  first.client(request(2, 'tools/list'));
  first.answer(() => tools('x'));
  const next = two({ known });
  next.client(request(1, 'server/discover'));
  next.client(request(2, 'tools/list'));
  expect(next.said()).toMatchObject([
    { id: 1, result: { supportedVersions: ['2026-07-28'] } },
    { id: 2, result: { tools: [{ name: 'a__x' }, { name: 'b__x' }] } },
  ]);
  next.client(listen(9, { toolsListChanged: true }));
  expect(next.said()).toMatchObject([{ params: { notifications: { toolsListChanged: true } } }]);
  expect(next.started).toEqual([]);
  next.client(request(3, 'tools/call', { name: 'b__x' }));
  expect(next.started).toEqual(['b']);
  const answering: Answering = ({ method }) => (method === 'tools/list' ? tools('new') : undefined);
  next.answer(answering);
  expect(next.said().map(({ method }) => method)).toContain('notifications/tools/list_changed');
});

test('F-990: a list that was shown from memory, and of which another session has learned meanwhile that it is another, is told of', () => {
  const known = new KnownMembers();
  const first = running({ known });
  first.client(request(2, 'tools/list'));
  first.answer(() => tools('x'));
  const next = two({ known });
  next.client(request(2, 'tools/list'));
  next.client(listen(9, { toolsListChanged: true }));
  next.said();
  first.client(request(3, 'tools/list'));
  first.answer((_request, name) => tools(name === 'a' ? 'new' : 'x'));
  const told = (id: number, name: string): boolean => {
    next.client(request(id, 'tools/call', { name }));
    next.answer(({ method }, of) =>
      method === 'tools/list' ? tools(of === 'a' ? 'new' : 'x') : undefined,
    );
    return next.said().some(({ method }) => method === 'notifications/tools/list_changed');
  };
  expect(told(3, 'b__x')).toBe(false);
  expect(told(4, 'a__x')).toBe(true);
});

test('a member alone passes with every byte, subscriptions too', () => {
  const work = new DrivenVirtualServer([member('a', { prefix: '' })], { isModern: true });
  const methods = ['server/discover', 'tools/list', 'subscriptions/listen', 'tasks/get', 'x/y'];
  for (const [index, method] of methods.entries()) {
    const sent = JSON.stringify(request(20 + index, method, { notifications: {}, taskId: 't' }));
    work.client(sent);
    expect(work.writtenLines()).toEqual([sent]);
    const notice = '{"jsonrpc":"2.0","method":"notifications/message","params":{ "level":"info"}}';
    work.member('a', notice, 20 + index);
    expect(work.saidOf()).toEqual([{ line: notice, of: 20 + index }]);
    const answer = `{"jsonrpc":"2.0","id":${String(20 + index)},"result":{ "tools":[ {"name":"q" } ]}}`;
    work.member('a', answer);
    expect(work.saidLines()).toEqual([answer]);
  }
});

test('what no member has is not there: a list of tasks, or of prompts', () => {
  const work = running();
  for (const [id, method] of [
    [5, 'tasks/list'],
    [6, 'prompts/list'],
  ] as const) {
    work.client(request(id, method));
    work.answer(() => ({ error: { code: -32601, message: 'no' } }));
    expect(work.said()).toMatchObject([{ id, error: { code: -32601 } }]);
  }
});
