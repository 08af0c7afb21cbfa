// A virtual server before clients of the legacy era, by hand: what members are sent, and what clients hear.
import { describe, expect, test } from 'vitest';

import type { ToolGuard } from '../../../runner/core/pinned-tools.ts';
import { KnownMembers } from '../../../runner/virtual/known-members.ts';
import {
  cancel,
  DrivenVirtualServer,
  greeting,
  GUARD,
  member,
  request,
  type Answering,
  type Message,
} from './driven-virtual-server.ts';

const call = (id: number, name: string): Message =>
  request(id, 'tools/call', { name, arguments: { n: 1 }, _meta: { progressToken: id } });

/** Members that list what is given, each list as one page. */
const listing =
  (lists: Readonly<Record<string, Readonly<Record<string, readonly object[]>>>>): Answering =>
  ({ method }, name) => {
    const kind = String(method)
      .replace('/list', '')
      .replace('resources/templates', 'resourceTemplates');
    return { [kind]: lists[name]?.[kind] ?? [] };
  };

const tools = (...names: string[]): { tools: object[] } => ({
  tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })),
});

const two = (): DrivenVirtualServer => new DrivenVirtualServer([member('a'), member('b')]);

test('initialize: all members are asked, and what they declare is joined', () => {
  const work = two();
  const answer = work.initialize({
    a: greeting({ capabilities: { tools: {}, logging: {} }, instructions: 'Use a.' }),
    b: greeting({
      capabilities: { tools: { listChanged: false }, resources: { subscribe: true } },
      instructions: 'Use b.',
    }),
  });
  expect(answer).toEqual({
    jsonrpc: '2.0',
    id: 1,
    result: {
      protocolVersion: '2025-11-25',
      capabilities: {
        tools: { listChanged: true },
        logging: {},
        resources: { subscribe: true, listChanged: true },
      },
      serverInfo: { name: 'work', version: '1' },
      instructions: '# a\n\nUse a.\n\n# b\n\nUse b.',
    },
  });
});

test('initialize: a revision that one member chose alone does not bind the client', () => {
  const work = two();
  const answer = work.initialize({
    a: greeting({ protocolVersion: '2024-11-05' }),
    b: greeting({ protocolVersion: '2025-06-18' }),
  });
  expect(answer['result']).toMatchObject({ protocolVersion: '2025-11-25' });
  const agreed = two();
  const older = greeting({ protocolVersion: '2025-03-26' });
  expect(agreed.initialize({ a: older, b: older })['result']).toMatchObject({
    protocolVersion: '2025-03-26',
  });
});

test('lists follow each other in the order of the config, under the names of their members', () => {
  const work = two();
  work.initialize();
  work.client(request(2, 'tools/list'));
  work.answer(listing({ a: tools('x', 'y'), b: tools('x') }));
  const [answer] = work.said();
  expect(answer).toMatchObject({ id: 2 });
  expect(answer?.['result']).toEqual({
    tools: ['a__x', 'a__y', 'b__x'].map((name) => ({ name, inputSchema: { type: 'object' } })),
  });
});

test('elements of a list keep their bytes but for the name', () => {
  const work = two();
  work.initialize();
  work.client(request(2, 'tools/list'));
  const [asked] = work.written('a');
  const odd = String.raw`{"n":12345678901234567890, "name":"caf\u00e9" ,"n":1.0}`;
  work.member('a', `{"jsonrpc":"2.0","id":${String(asked?.['id'])},"result":{"tools":[${odd}]}}`);
  work.answer(listing({}));
  expect(work.saidLines()[0]).toContain(
    String.raw`"tools":[{"n":12345678901234567890, "name":"a__caf\u00e9" ,"n":1.0}]`,
  );
});

test('a page ends where a page of a member ends, and its cursor goes on there', () => {
  const work = two();
  work.initialize();
  const answering: Answering = ({ params }, name) => {
    const cursor = (params as { cursor?: string } | undefined)?.cursor;
    if (name === 'b') return tools('z');
    return cursor === undefined ? { ...tools('x'), nextCursor: 'p:2' } : tools(cursor);
  };
  work.client(request(2, 'tools/list'));
  work.answer(answering);
  const [first] = work.said();
  expect(first?.['result']).toMatchObject({ tools: [{ name: 'a__x' }] });
  const nextCursor = (first?.['result'] as { nextCursor?: string } | undefined)?.nextCursor;
  work.client(request(3, 'tools/list', { cursor: nextCursor }));
  work.answer(answering);
  expect(work.said()[0]?.['result']).toEqual({
    tools: ['a__p:2', 'b__z'].map((name) => ({ name, inputSchema: { type: 'object' } })),
  });
  work.client(request(4, 'tools/list', { cursor: 'nobody:1' }));
  expect(work.said()[0]).toMatchObject({ id: 4, error: { code: -32602 } });
});

test.each([
  ['refuses its cursor', -32602, 'no such page'],
  ['fails', -32603, 'no such page'],
  ['is gone', undefined, 'exited with code 1'],
])(
  'F-993: who reads on in the list of a member that %s hears of it, and gets no list without its rest',
  (_, code, words) => {
    const work = two();
    work.initialize();
    const answering: Answering = ({ params }, name) => {
      if (name === 'b') return tools('z');
      return (params as { cursor?: string } | undefined)?.cursor === undefined
        ? { ...tools('x'), nextCursor: '2' }
        : { error: { code, message: 'no such page' } };
    };
    work.client(request(2, 'tools/list'));
    work.answer(answering);
    expect(work.said()[0]?.['result']).toMatchObject({ nextCursor: 'a:2' });
    work.client(request(3, 'tools/list', { cursor: 'a:2' }));
    if (code === undefined) work.exited('a');
    work.answer(answering);
    const message = expect.stringContaining(words) as unknown;
    const heard = work.said().filter(({ id }) => id === 3);
    expect(heard).toEqual([
      { jsonrpc: '2.0', id: 3, error: expect.objectContaining({ message }) as unknown },
    ]);
  },
);

test('[R-16] a call goes to its member under its own name, and comes back as it is', () => {
  const work = two();
  work.initialize();
  work.client(call(7, 'b__x'));
  expect(work.written()).toEqual([call(7, 'x')]);
  work.member('b', '{"jsonrpc":"2.0","id":7,"result":{"content":[],"n":1.50}}');
  expect(work.saidLines()).toEqual(['{"jsonrpc":"2.0","id":7,"result":{"content":[],"n":1.50}}']);
});

test('without prefixes, lists tell whose a tool is; of equal names the first keeps it, and a warning says so', () => {
  const work = new DrivenVirtualServer([member('a', { prefix: '' }), member('b', { prefix: '' })]);
  work.initialize();
  work.client(call(7, 'only_b'));
  const lists = listing({ a: tools('both'), b: tools('both', 'only_b') });
  const called: string[] = [];
  const answering: Answering = (sent, name) => {
    if (sent['method'] !== 'tools/call') return lists(sent, name);
    called.push(`${name} ${(sent['params'] as { name: string }).name}`);
    return { content: [] };
  };
  work.answer(answering);
  work.client(call(8, 'both'));
  work.client(request(9, 'tools/list'));
  work.answer(answering);
  expect(called).toEqual(['b only_b', 'a both']);
  expect(work.said().find(({ id }) => id === 9)?.['result']).toMatchObject({
    tools: [{ name: 'both' }, { name: 'only_b' }],
  });
  expect(work.notes).toMatchObject([
    { level: 'warn', fields: { name: 'both', of: 'a', hidden: 'b' } },
  ]);
});

test('names that no member has are refused', () => {
  const work = two();
  work.initialize();
  work.client(call(7, 'c__x'));
  expect(work.said()[0]).toMatchObject({ id: 7, error: { code: -32602 } });
});

test('rules of the member and of the server hold for its tools, under names and arguments of their own', () => {
  const work = new DrivenVirtualServer([
    member('a', {
      rules: [
        { tools: { allow: ['get_*'], rename: { get_me: 'whoami' } } },
        { tools: { deny: ['get_secret'] }, methods: { deny: ['prompts/*'] } },
      ],
    }),
    member('b'),
  ]);
  work.initialize();
  work.client(request(2, 'tools/list'));
  work.answer(listing({ a: tools('get_me', 'get_secret', 'set'), b: tools('set') }));
  expect(work.said()[0]?.['result']).toMatchObject({
    tools: [{ name: 'a__whoami' }, { name: 'b__set' }],
  });
  work.client(call(3, 'a__whoami'));
  expect(work.written('a')).toEqual([call(3, 'get_me')]);
  for (const name of ['a__get_secret', 'a__set', 'a__get_me']) {
    work.client(call(4, name));
    expect(work.said()[0]).toMatchObject({
      id: 4,
      error: { data: { fault: 'not_allowed' } },
    });
  }
  work.client(request(5, 'prompts/list'));
  expect(work.written('a')).toEqual([]);
  expect(work.written('b')).toHaveLength(1);
});

test('questions of two members with one id reach the client apart, and their answers go back', () => {
  const work = two();
  work.initialize();
  work.client(call(7, 'a__x'));
  work.client(call(8, 'b__x'));
  work.writtenLines();
  const ask = {
    jsonrpc: '2.0',
    id: 0,
    method: 'roots/list',
    params: { _meta: { progressToken: 0 } },
  };
  work.member('a', ask);
  work.member('b', ask);
  const asked = work.saidOf();
  expect(asked.map(({ of }) => of)).toEqual([7, 8]);
  const [first, second] = asked.map(({ line }) => JSON.parse(line) as Message);
  expect(first?.['id']).not.toBe(second?.['id']);
  work.client({ jsonrpc: '2.0', id: second?.['id'], result: { roots: [] } });
  expect(work.written()).toEqual([{ jsonrpc: '2.0', id: 0, result: { roots: [] } }]);
  work.client({
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: first?.['id'], progress: 1 },
  });
  expect(work.written('a')[0]).toMatchObject({ params: { progressToken: 0 } });
  work.member('a', { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 0 } });
  expect(work.said()[0]).toMatchObject({ params: { requestId: first?.['id'] } });
});

test('a cancellation reaches the member that has the call, and no other', () => {
  const work = two();
  work.initialize();
  work.client(call(7, 'a__x'));
  work.writtenLines();
  work.client(cancel(7));
  expect(work.written('a')).toHaveLength(1);
  expect(work.written('b')).toEqual([]);
});

test('logging/setLevel goes to all that log, is answered once, and is said again to one that starts again', () => {
  const work = two();
  work.initialize({ b: greeting({ capabilities: { tools: {} } }) });
  work.client(request(3, 'logging/setLevel', { level: 'debug' }));
  expect(work.written('b')).toEqual([]);
  work.answer(() => ({}));
  work.client(request(4, 'logging/setLevel', { level: 'error' }));
  const [asked] = work.written('a');
  work.member('a', { jsonrpc: '2.0', id: asked?.['id'], result: {} });
  expect(work.said()).toEqual([3, 4].map((id) => ({ jsonrpc: '2.0', id, result: {} })));
  work.exited('a');
  work.after(5_000);
  work.answer(({ method }) => (method === 'initialize' ? greeting() : undefined));
});

test('a resource goes to the member that lists it, one with a template for it, else to who has it', () => {
  const work = two();
  work.initialize();
  const lists = listing({
    a: { resources: [{ uri: 'file:///a', name: 'a' }] },
    b: { resourceTemplates: [{ uriTemplate: 'db://{table}/{row}', name: 't' }] },
  });
  const asked: string[] = [];
  const answering: Answering = (sent, name) => {
    if (String(sent['method']).endsWith('/list')) return lists(sent, name);
    asked.push(`${name} ${(sent['params'] as { uri: string }).uri}`);
    const isThere = (sent['params'] as { uri: string }).uri !== 'x:1' || name === 'b';
    return isThere ? { contents: [] } : { error: { code: -32002, message: 'not found' } };
  };
  for (const [index, uri] of ['db://t/1', 'file:///a', 'x:1'].entries()) {
    work.client(request(10 + index, 'resources/read', { uri }));
    work.answer(answering);
  }
  expect(asked).toEqual(['b db://t/1', 'a file:///a', 'a x:1', 'b x:1']);
  expect(work.said().map(({ result }) => result)).toEqual([1, 2, 3].map(() => ({ contents: [] })));
});

test('completions go by their reference', () => {
  const work = two();
  work.initialize();
  const ref = { type: 'ref/prompt', name: 'b__p' };
  work.client(request(5, 'completion/complete', { ref, argument: { name: 'x', value: '' } }));
  expect(work.written('b')[0]).toMatchObject({ id: 5, params: { ref: { name: 'p' } } });
});

test('F-756: tasks of two members with one id are told apart', () => {
  const work = two();
  const capabilities = { tools: {}, tasks: { list: {}, cancel: {} } };
  work.initialize({ a: greeting({ capabilities }), b: greeting({ capabilities }) });
  const made = { result: { task: { taskId: 't1', status: 'working' } } };
  for (const [id, name] of [
    [7, 'a'],
    [8, 'b'],
  ] as const) {
    work.client(call(id, `${name}__x`));
    work.member(name, { jsonrpc: '2.0', id, ...made });
  }
  const ids = work.said().map(({ result }) => (result as { task: { taskId: string } }).task.taskId);
  expect(ids).toEqual(['t1', 'b__t1']);
  work.writtenLines();
  work.client(request(9, 'tasks/get', { taskId: 'b__t1' }));
  expect(work.written('b')[0]).toMatchObject({ params: { taskId: 't1' } });
  work.member('b', { jsonrpc: '2.0', id: 9, result: { taskId: 't1', status: 'working' } });
  expect(work.said()[0]).toMatchObject({ id: 9, result: { taskId: 'b__t1' } });
  work.client(request(10, 'tasks/get', { taskId: 't1' }));
  expect(work.written('a')[0]).toMatchObject({ params: { taskId: 't1' } });
});

test('a member alone passes with every byte, but for names', () => {
  const work = new DrivenVirtualServer([member('a', { prefix: '' })]);
  const odd = greeting({ capabilities: { tools: {}, vendor: 1 }, _meta: { k: 1 } });
  expect(work.initialize({ a: odd })).toEqual({ jsonrpc: '2.0', id: 1, result: odd });
  const lines = ['tools/list', 'resources/list', 'vendor/x', 'tasks/list', 'logging/setLevel'];
  for (const [index, method] of lines.entries()) {
    const sent = JSON.stringify(request(20 + index, method, { cursor: 'c', name: 'q' }));
    work.client(sent);
    expect(work.writtenLines()).toEqual([sent]);
    const answer = `{"jsonrpc":"2.0","id":${String(20 + index)},"result":{ "tools":[ {"name":"q" } ],"nextCursor":"d","_meta":{}}}`;
    work.member('a', answer);
    expect(work.saidLines()).toEqual([answer]);
  }
  const question = '{"jsonrpc":"2.0","id":"q-1","method":"roots/list"}';
  work.member('a', question);
  expect(work.saidLines()).toEqual([question]);
});

test('F-750: a member that cannot start is left out; the others serve', () => {
  const work = two();
  work.client(request(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} }));
  work.exited('a', 'could not be started: no such file', false);
  work.answer(() => greeting());
  expect(work.said()[0]).toMatchObject({ id: 1, result: { serverInfo: { name: 'work' } } });
  work.client({ jsonrpc: '2.0', method: 'notifications/initialized' });
  work.client(request(2, 'tools/list'));
  work.answer(listing({ b: tools('x') }));
  expect(work.said()[0]?.['result']).toMatchObject({ tools: [{ name: 'b__x' }] });
  work.client(call(3, 'a__x'));
  const [failed] = work.said();
  expect(failed).toMatchObject({ id: 3, error: { data: { fault: 'process_start_failed' } } });
  expect(JSON.stringify(failed)).toContain('no such file');
});

test('F-750: when no member can start, the client learns why', () => {
  const work = two();
  work.client(request(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} }));
  work.exited('a', 'could not be started: no such file', false);
  work.exited('b', 'exited with code 1');
  expect(work.said()[0]).toMatchObject({
    id: 1,
    error: { data: { fault: 'process_start_failed' } },
  });
});

test('F-751: a member that ends fails its calls alone, leaves the list, and comes back by itself', () => {
  const work = two();
  work.initialize();
  work.client(call(7, 'a__x'));
  work.client(call(8, 'b__x'));
  work.exited('a');
  const said = work.said();
  expect(said).toContainEqual(
    expect.objectContaining({ id: 7, error: expect.objectContaining({ code: 42003 }) }),
  );
  expect(said.map(({ method }) => method)).toContain('notifications/tools/list_changed');
  expect(said.some(({ id }) => id === 8)).toBe(false);
  work.writtenLines();
  work.client(request(9, 'tools/list'));
  work.answer(listing({ b: tools('x') }));
  expect(work.said()[0]?.['result']).toMatchObject({ tools: [{ name: 'b__x' }] });
  work.after(5_000);
  expect(work.runs('a')).toBe(true);
  work.answer(() => greeting());
  expect(work.said().map(({ method }) => method)).toContain('notifications/tools/list_changed');
  work.client(call(10, 'a__x'));
  expect(work.written('a').at(-1)).toEqual(call(10, 'x'));
});

test('F-751: a member alone that starts again has the log level and the subscriptions of its client', () => {
  const work = new DrivenVirtualServer([member('a')]);
  work.initialize();
  work.client(request(2, 'logging/setLevel', { level: 'debug' }));
  work.client(request(3, 'resources/subscribe', { uri: 'x:1' }));
  work.answer(() => ({}));
  expect(work.said().map(({ id }) => id)).toEqual([2, 3]);
  work.exited('a');
  work.written();
  work.after(3_000);
  const [hello] = work.written('a');
  work.member('a', { jsonrpc: '2.0', id: hello?.['id'], result: greeting() });
  expect(work.written('a')).toMatchObject([
    { method: 'notifications/initialized' },
    { method: 'logging/setLevel', params: { level: 'debug' } },
    { method: 'resources/subscribe', params: { uri: 'x:1' } },
  ]);
});

/** The member starts again and is greeted. */
function startAgain(work: DrivenVirtualServer, name: string): void {
  work.written();
  work.after(10_000);
  const [hello] = work.written(name);
  work.member(name, { jsonrpc: '2.0', id: hello?.['id'], result: greeting() });
}

test('F-900: what a member alone asked is taken back when it ends, and no answer to it reaches the process after it', () => {
  const work = new DrivenVirtualServer([member('a')]);
  work.initialize();
  const ask = { jsonrpc: '2.0', id: 1, method: 'sampling/createMessage', params: {} };
  work.member('a', ask);
  expect(work.said()).toEqual([ask]);
  work.exited('a');
  expect(work.said()).toContainEqual(
    expect.objectContaining({
      method: 'notifications/cancelled',
      params: expect.objectContaining({ requestId: 1 }),
    }),
  );
  startAgain(work, 'a');
  work.written();
  work.client({ jsonrpc: '2.0', id: 1, result: { of: 'the first' } });
  expect(work.written()).toEqual([]);
  work.member('a', ask);
  const again = work.said().find(({ method }) => method === ask.method);
  expect(again?.['id']).not.toBe(1);
  work.client({ jsonrpc: '2.0', id: 1, result: { of: 'the first' } });
  work.client({ jsonrpc: '2.0', id: again?.['id'], result: { of: 'the second' } });
  expect(work.written('a')).toEqual([{ jsonrpc: '2.0', id: 1, result: { of: 'the second' } }]);
});

test('F-900: the ids of questions that a translator numbers begin anew with each process, and are told to the client only once', () => {
  const work = new DrivenVirtualServer([member('a')]);
  work.initialize();
  const asked = (id: string): unknown => {
    work.member('a', { jsonrpc: '2.0', id, method: 'sampling/createMessage', params: {} });
    return work.said().find(({ method }) => method === 'sampling/createMessage')?.['id'];
  };
  const shown = [asked('mcp-bridge-1'), asked('mcp-bridge-2')];
  for (let process = 2; process <= 3; process++) {
    work.exited('a');
    startAgain(work, 'a');
    shown.push(asked('mcp-bridge-1'), asked('mcp-bridge-2'));
  }
  expect(new Set(shown).size).toBe(6);
  work.written();
  work.client({ jsonrpc: '2.0', id: 'mcp-bridge-1', result: { of: 'the first' } });
  expect(work.written()).toEqual([]);
  work.client({ jsonrpc: '2.0', id: shown[5], result: { of: 'the third' } });
  const answer = { jsonrpc: '2.0', id: 'mcp-bridge-2', result: { of: 'the third' } };
  expect(work.written('a')).toEqual([answer]);
});

test('F-904: what a member asked is taken back under the id that its client knows, which is a number', () => {
  const work = two();
  work.initialize();
  work.member('b', { jsonrpc: '2.0', id: 'own', method: 'sampling/createMessage', params: {} });
  const [asked] = work.said();
  work.exited('b');
  const notice = work.said().find(({ method }) => method === 'notifications/cancelled');
  expect(notice?.['params']).toMatchObject({ requestId: asked?.['id'] });
});

test('F-906: what a member asked in a call is taken back before the call fails, since nothing follows that', () => {
  const work = two();
  work.initialize();
  work.client(call(7, 'a__x'));
  work.member('a', { jsonrpc: '2.0', id: 1, method: 'sampling/createMessage', params: {} });
  work.said();
  work.exited('a');
  const said = work.said().map(({ id, method }) => method ?? id);
  const notice = said.indexOf('notifications/cancelled');
  expect(notice).toBeGreaterThanOrEqual(0);
  expect(notice).toBeLessThan(said.indexOf(7));
});

test('F-907: of one name that two members have the first gets the call, also while only the list of the second is known', () => {
  const plain = ['a', 'b'].map((name) => member(name, { prefix: '' }));
  const work = new DrivenVirtualServer(plain);
  work.initialize();
  const both = listing({ a: tools('x'), b: tools('x', 'y') });
  work.client(request(2, 'tools/list'));
  work.answer(both);
  work.member('a', { jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
  work.said();
  work.client(call(3, 'x'));
  const [asked] = work.written('a');
  expect(asked).toMatchObject({ method: 'tools/list' });
  work.member('a', { jsonrpc: '2.0', id: asked?.['id'], result: tools('x') });
  expect(work.written()).toEqual([call(3, 'x')]);
  // What stands before it is known by now, or does not answer: nobody waits for it.
  work.client(call(4, 'y'));
  expect(work.written('b')).toEqual([call(4, 'y')]);
});

test.each([
  ['is known', true],
  ['has just been asked for', false],
])(
  'F-998: whose a name is is found though the list that has it, which %s, changes while another is waited for',
  (_, isKnown) => {
    const work = new DrivenVirtualServer(['a', 'b'].map((name) => member(name, { prefix: '' })));
    work.initialize();
    const lists: Readonly<Record<string, object>> = { a: tools('x'), b: tools('y') };
    const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };
    if (isKnown) {
      work.client(request(2, 'tools/list'));
      work.answer((_asked, of) => lists[of]);
      work.member('a', changed);
      work.said();
    }
    work.client(call(3, 'y'));
    const [asked] = work.written('a');
    if (!isKnown) work.answer(() => lists['b']);
    work.member('b', changed);
    work.member('a', { jsonrpc: '2.0', id: asked?.['id'], result: lists['a'] });
    const called: string[] = [];
    work.answer(({ method }, of) => {
      if (method === 'tools/call') called.push(of);
      return method === 'tools/list' ? lists[of] : undefined;
    });
    expect(called).toEqual(['b']);
  },
);

describe('F-1162: two members have a tool of one name, without a prefix', () => {
  const both = { a: tools('x'), b: tools('x') };

  /** The members that got a call. */
  function calledBy(work: DrivenVirtualServer, lists: Readonly<Record<string, object>>): string[] {
    const called: string[] = [];
    work.answer(({ method }, of) => {
      if (method === 'tools/call') called.push(of);
      return method === 'tools/list' ? lists[of] : undefined;
    });
    return called;
  }

  function withoutFirst(): DrivenVirtualServer {
    const work = new DrivenVirtualServer(['a', 'b'].map((name) => member(name, { prefix: '' })));
    work.initialize();
    work.exited('a');
    work.client(request(2, 'tools/list'));
    calledBy(work, both);
    startAgain(work, 'a');
    work.said();
    return work;
  }

  test('a call goes to the one that its client was shown, though the first has come back, until it lists again', () => {
    const work = withoutFirst();
    work.client(call(3, 'x'));
    expect(calledBy(work, both)).toEqual(['b']);
    work.client(request(4, 'tools/list'));
    work.client(call(5, 'x'));
    expect(calledBy(work, both)).toEqual(['b']);
    work.client(call(6, 'x'));
    expect(calledBy(work, both)).toEqual(['a']);
  });

  test('a call of the one that it was shown fails while that is away; the other does not get it', () => {
    const work = withoutFirst();
    work.client(request(3, 'tools/list'));
    calledBy(work, both);
    work.said();
    work.exited('a');
    work.client(call(4, 'x'));
    expect(work.said().filter(({ id }) => id === 4)).toMatchObject([
      { error: { data: { fault: 'process_exited', phase: 'not_sent' } } },
    ]);
    expect(calledBy(work, both)).toEqual([]);
  });

  test('a call of what the one that it was shown lists no longer goes to who lists it', () => {
    const work = withoutFirst();
    work.member('b', { jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    work.client(call(3, 'x'));
    expect(calledBy(work, { ...both, b: tools('y') })).toEqual(['a']);
  });
});

test('F-1133: many calls at once, cancelled or not, have each member list once', () => {
  const work = new DrivenVirtualServer(['a', 'b'].map((name) => member(name, { prefix: '' })));
  work.initialize();
  const ids = Array.from({ length: 50 }, (_, n) => 10 + n);
  for (const id of ids) {
    work.client(call(id, 'y'));
    work.client(call(1_000 + id, 'y'));
    work.client(cancel(1_000 + id));
  }
  const asked: unknown[] = [];
  const called: unknown[] = [];
  work.answer(({ id, method }, of) => {
    (method === 'tools/list' ? asked : called).push(method === 'tools/list' ? of : [of, id]);
    return method === 'tools/list' ? tools(of === 'a' ? 'x' : 'y') : undefined;
  });
  expect(asked).toEqual(['a', 'b']);
  expect(called).toEqual(ids.map((id) => ['b', id]));
});

test('F-998: members whose lists change all the time hold a call up for a while, not for ever', () => {
  const work = new DrivenVirtualServer(['a', 'b'].map((name) => member(name, { prefix: '' })));
  work.initialize();
  work.client(call(2, 'z'));
  let asked = 0;
  const called: string[] = [];
  work.answer(({ method }, of) => {
    if (method === 'tools/call') called.push(of);
    if (method !== 'tools/list') return undefined;
    asked += 1;
    const other = of === 'a' ? 'b' : 'a';
    work.member(other, { jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    return tools(of);
  });
  expect({ asked, called }).toEqual({ asked: 4, called: ['a'] });
});

test('F-908: what a member says or asks while its only call is cancelled is not tied to that call, where nobody hears it', () => {
  const work = two();
  work.initialize();
  work.client(call(7, 'a__x'));
  const log = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info' } };
  work.member('a', log);
  work.client(cancel(7));
  work.member('a', log);
  work.member('a', { jsonrpc: '2.0', id: 1, method: 'roots/list' });
  expect(work.saidOf().map(({ of }) => of)).toEqual([7, undefined, undefined]);
});

test('F-901: a member alone that starts again may have other lists, and its client is told', () => {
  const work = new DrivenVirtualServer([member('a')]);
  const changing = greeting({ capabilities: { tools: { listChanged: true }, prompts: {} } });
  work.initialize({ a: changing });
  work.exited('a');
  expect(work.said()).toEqual([]);
  work.written();
  work.after(3_000);
  const [hello] = work.written('a');
  work.member('a', { jsonrpc: '2.0', id: hello?.['id'], result: changing });
  // Of what it never said that it changes, nothing is told.
  expect(work.said().map(({ method }) => method)).toEqual(['notifications/tools/list_changed']);
});

test('F-902: a resource that no list names is subscribed to again in the member that took the subscription', () => {
  const work = two();
  work.initialize();
  const isTaken = ({ method, params }: Message, name: string): object | undefined => {
    if (String(method).endsWith('/list')) return { resources: [], resourceTemplates: [] };
    const isIts = name === 'b' && (params as { uri?: string }).uri === 'hidden';
    return isIts ? {} : { error: { code: -32602, message: 'not here' } };
  };
  work.client(request(2, 'resources/subscribe', { uri: 'hidden' }));
  work.answer(isTaken);
  expect(work.said()).toMatchObject([{ id: 2, result: {} }]);
  for (const name of ['a', 'b']) {
    work.exited(name);
    startAgain(work, name);
    const again = work.written(name).filter(({ method }) => method === 'resources/subscribe');
    expect(again.map(({ params }) => params)).toEqual(name === 'b' ? [{ uri: 'hidden' }] : []);
  }
  work.client(request(3, 'resources/unsubscribe', { uri: 'hidden' }));
  expect(work.written().map(({ method }) => method)).toContain('resources/unsubscribe');
  work.exited('b');
  startAgain(work, 'b');
  expect(work.written('b').map(({ method }) => method)).not.toContain('resources/subscribe');
});

test('F-752: a member that says nothing holds up a list for a bounded time, and is told of when it answers', () => {
  const work = two();
  work.initialize();
  work.client(request(2, 'tools/list'));
  const [asked] = work.written('a');
  work.answer(listing({ b: tools('x') }));
  expect(work.said()).toEqual([]);
  work.after(10_000);
  expect(work.said()[0]?.['result']).toMatchObject({ tools: [{ name: 'b__x' }] });
  work.client(request(3, 'tools/list'));
  work.answer(listing({ b: tools('x') }));
  expect(work.said()[0]).toMatchObject({ id: 3, result: { tools: [{ name: 'b__x' }] } });
  work.member('a', { jsonrpc: '2.0', id: asked?.['id'], result: tools('late') });
  expect(work.said()[0]).toMatchObject({ method: 'notifications/tools/list_changed' });
});

test('F-1100: a client that is shown a list without a member which owes other answers is told of it once that has given them', () => {
  const work = two();
  work.initialize();
  work.client(request(2, 'prompts/list'));
  work.client(request(3, 'resources/list'));
  const owed = work.written('a');
  work.answer(() => ({ prompts: [], resources: [] }));
  work.after(10_000);
  work.said();
  work.client(request(4, 'tools/list'));
  work.client(request(5, 'tools/list'));
  work.answer(listing({ b: tools('x') }));
  expect(work.said()).toMatchObject([
    { id: 4, result: { tools: [{ name: 'b__x' }] } },
    { id: 5, result: { tools: [{ name: 'b__x' }] } },
  ]);
  const told = owed.map(({ id }) => {
    work.member('a', { jsonrpc: '2.0', id, result: { prompts: [], resources: [] } });
    return work.said().map(({ method }) => method);
  });
  // As long as it owes one it would be left out again.
  expect(told).toEqual([
    [],
    [
      'notifications/tools/list_changed',
      'notifications/prompts/list_changed',
      'notifications/resources/list_changed',
    ],
  ]);
  work.client(request(6, 'tools/list'));
  work.answer(listing({ a: tools('y'), b: tools('x') }));
  expect(work.said()[0]).toMatchObject({ result: { tools: [{ name: 'a__y' }, { name: 'b__x' }] } });
});

test('F-1163: a client that is shown what a member listed in an earlier life, while it owes another answer, is told of it once it has given that', () => {
  const work = two();
  work.initialize();
  work.client(request(2, 'tools/list'));
  work.answer(listing({ a: tools('old'), b: tools('x') }));
  work.exited('a');
  startAgain(work, 'a');
  work.client(request(3, 'prompts/list'));
  const owed = work.written('a').find(({ method }) => method === 'prompts/list');
  work.answer(() => ({ prompts: [] }));
  work.after(10_000);
  work.said();
  work.client(request(4, 'tools/list'));
  work.answer(listing({ b: tools('x') }));
  const old = { tools: [{ name: 'a__old' }, { name: 'b__x' }] };
  expect(work.said()).toMatchObject([{ id: 4, result: old }]);
  work.member('a', { jsonrpc: '2.0', id: owed?.['id'], result: { prompts: [] } });
  expect(work.said().map(({ method }) => method)).toContain('notifications/tools/list_changed');
});

test('F-1160: a client that is shown a list without a member which has too much to do is told of it once that has done it', () => {
  const work = two();
  work.initialize();
  const most = 2_048;
  for (let n = 0; n < most; n += 1) work.client(request(10 + n, 'prompts/list'));
  const owed = work.written('a');
  expect(owed).toHaveLength(most);
  work.answer(() => ({ prompts: [] }));
  work.client(request(4, 'tools/list'));
  work.answer(listing({ b: tools('x') }));
  expect(work.said()).toMatchObject([{ id: 4, result: { tools: [{ name: 'b__x' }] } }]);
  const [first, ...others] = owed;
  work.member('a', { jsonrpc: '2.0', id: first?.['id'], result: { prompts: [] } });
  expect(work.said().map(({ id, method }) => id ?? method)).toEqual([
    10,
    'notifications/tools/list_changed',
  ]);
  for (const { id } of others) work.member('a', { jsonrpc: '2.0', id, result: { prompts: [] } });
  expect(work.said()).toHaveLength(others.length);
});

test('F-1160: so is one whose member is asked again when it reads', () => {
  const work = two();
  work.initialize();
  work.client(request(2, 'tools/list'));
  work.answer(listing({ a: tools('y'), b: tools('x') }));
  work.said();
  work.full('a');
  // Until not even the smallest request finds room.
  for (let n = 10, refused: Message[] = []; refused.length === 0; n += 1) {
    const text = 'x'.repeat(n < 17 ? 1024 * 1024 : 1);
    work.client(request(n, 'tools/call', { name: 'a__y', arguments: { text } }));
    refused = work.said();
  }
  work.client(request(3, 'tools/list'));
  work.answer(listing({ b: tools('x') }));
  expect(work.said()).toMatchObject([{ id: 3, result: { tools: [{ name: 'b__x' }] } }]);
  work.drained('a');
  expect(work.said()).toMatchObject([{ method: 'notifications/tools/list_changed' }]);
});

test('F-752: a member that answers nothing at all is ended, and starts again', () => {
  const limits = { startTimeoutMs: 60_000, requestTimeoutMs: 30_000 };
  const work = new DrivenVirtualServer([member('a'), member('b')], { limits });
  work.initialize();
  work.client(call(7, 'a__x'));
  work.writtenLines();
  work.after(30_000);
  work.client(cancel(7));
  work.after(5_000);
  expect(work.written('a').at(-1)).toMatchObject({ method: 'ping' });
  work.after(5_000);
  expect(work.stopped).toEqual(['a']);
});

test('F-753: a member is started when it is needed; until then what it listed is known', () => {
  const known = new KnownMembers();
  const first = new DrivenVirtualServer([member('a'), member('b')], { known });
  first.initialize();
  first.client(request(2, 'tools/list'));
  first.answer(listing({ a: tools('x'), b: tools('x') }));
  const listed = first.said()[0]?.['result'];
  const next = new DrivenVirtualServer([member('a'), member('b')], { known });
  expect(next.initialize()).toMatchObject({ result: { serverInfo: { name: 'work' } } });
  next.client(request(2, 'tools/list'));
  expect(next.said()[0]?.['result']).toEqual(listed);
  expect(next.started).toEqual([]);
  next.client(call(3, 'b__x'));
  expect(next.started).toEqual(['b']);
  next.answer((sent) => {
    if (sent['method'] === 'initialize') return greeting();
    return sent['id'] === 3 ? { content: [] } : tools('x', 'new');
  });
  const said = next.said();
  expect(said).toContainEqual({ jsonrpc: '2.0', id: 3, result: { content: [] } });
  // What it lists now is not what was shown.
  expect(said.map(({ method }) => method)).toContain('notifications/tools/list_changed');
});

test('F-990: a list that was shown from memory, and of which another session has learned meanwhile that it is another, is told of', () => {
  const known = new KnownMembers();
  const members = [member('a'), member('b')];
  const first = new DrivenVirtualServer(members, { known });
  first.initialize();
  first.client(request(2, 'tools/list'));
  first.answer(listing({ a: tools('x'), b: tools('x') }));
  const next = new DrivenVirtualServer(members, { known });
  next.initialize();
  next.client(request(2, 'tools/list'));
  expect(next.said()).toMatchObject([{ result: { tools: [{ name: 'a__x' }, { name: 'b__x' }] } }]);
  first.member('a', { jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
  first.client(request(3, 'tools/list'));
  first.answer(listing({ a: tools('new'), b: tools('x') }));
  const told = (id: number, name: string): boolean => {
    next.client(call(id, name));
    next.answer((sent, of) => {
      if (sent['method'] === 'initialize') return greeting();
      return sent['id'] === id ? { content: [] } : tools(of === 'a' ? 'new' : 'x');
    });
    return next.said().some(({ method }) => method === 'notifications/tools/list_changed');
  };
  expect(told(3, 'b__x')).toBe(false);
  expect(told(4, 'a__x')).toBe(true);
});

test.each([
  ['as it was', ['x', 'y', 'z'], false],
  ['with another last page', ['x', 'y', 'new'], true],
  ['without its last page', ['x', 'y'], true],
  ['with a further page', ['x', 'y', 'z', 'new'], true],
])(
  'F-992: a list in pages that was shown from memory is compared page by page when its member starts (%s)',
  (_, now, isOther) => {
    const known = new KnownMembers();
    const members = [member('a'), member('b')];
    const paged =
      (names: readonly string[]): Answering =>
      ({ id, method, params }, of) => {
        if (method === 'initialize') return greeting();
        if (method === 'tools/call') return { content: [], id };
        if (method !== 'tools/list' || of !== 'a') return { tools: [] };
        const at = Number((params as { cursor?: string } | undefined)?.cursor ?? 0);
        const more = at + 1 < names.length && { nextCursor: String(at + 1) };
        return { ...tools(...names.slice(at, at + 1)), ...more };
      };
    const session = (): DrivenVirtualServer => {
      const work = new DrivenVirtualServer(members, { known });
      work.initialize();
      return work;
    };
    const first = session();
    for (const cursor of [undefined, 'a:1', 'a:2']) {
      first.client(request(2, 'tools/list', cursor === undefined ? {} : { cursor }));
      first.answer(paged(['x', 'y', 'z']));
    }
    const all = ['a__x', 'a__y', 'a__z'].map((name) => ({ name }));
    const shown = (work: DrivenVirtualServer): void => {
      work.client(request(2, 'tools/list'));
      expect(work.said()).toMatchObject([{ result: { tools: all } }]);
      expect(work.started).toEqual([]);
    };
    const isTold = (work: DrivenVirtualServer): boolean => {
      work.client(call(3, 'a__x'));
      work.answer(paged(now));
      return work.said().some(({ method }) => method === 'notifications/tools/list_changed');
    };
    const [next, other] = [session(), session()];
    shown(next);
    shown(other);
    expect([isTold(next), isTold(other)]).toEqual([isOther, isOther]);
    if (!isOther) shown(session());
  },
);

test('F-754: a member that does not read holds back nobody but itself', () => {
  const work = two();
  work.initialize();
  work.full('a');
  work.client(call(7, 'a__x'));
  work.client(call(8, 'b__x'));
  expect(work.written()).toEqual([call(8, 'x')]);
  const large = { ...call(9, 'a__x'), params: { name: 'a__x', arguments: { s: 'x'.repeat(9e6) } } };
  work.client(large);
  expect(work.said()[0]).toMatchObject({ id: 9, error: { data: { fault: 'overloaded' } } });
  work.drained('a');
  expect(work.written('a')).toEqual([call(7, 'x')]);
});

test('F-757: a member with pinned tools: its lists and calls wait for the list that is judged, and what is held back stays away', () => {
  const seen: string[][] = [];
  const guard: ToolGuard = {
    ...GUARD,
    listed: (all) => void seen.push(all.map(({ name }) => name)),
    accepts: (tool) => tool?.name !== 'new',
  };
  const lists = listing({ a: tools('x', 'new'), b: tools('y') });
  const listed = request(10, 'tools/list');
  const work = new DrivenVirtualServer([member('a', { guard }), member('b')]);
  work.initialize();
  work.client(call(7, 'a__new'));
  work.client(call(8, 'a__x'));
  work.client(call(9, 'a__unlisted'));
  work.client(listed);
  const called: unknown[] = [];
  work.answer((sent, name) => {
    if (sent['method'] === 'tools/list') return lists(sent, name);
    called.push((sent['params'] as { name: string }).name);
    return { content: [] };
  });
  const said = work.said();
  expect(called).toEqual(['x']);
  expect(seen).toEqual([['x', 'new']]);
  for (const id of [7, 9])
    expect(said.find((each) => each['id'] === id)).toMatchObject({
      error: { data: { fault: 'not_allowed' } },
    });
  expect(said.find(({ id }) => id === 10)?.['result']).toMatchObject({
    tools: [{ name: 'a__x' }, { name: 'b__y' }],
  });
  // What changes is judged anew.
  const change = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };
  work.member('a', change);
  work.client(call(11, 'a__x'));
  const again = work.written('a');
  expect(again).toMatchObject([{ method: 'tools/list' }]);
  // What changes while it is listed, too.
  work.member('a', change);
  work.member('a', { jsonrpc: '2.0', id: again[0]?.['id'], result: tools('x') });
  expect(work.written('a')).toMatchObject([{ method: 'tools/call' }]);
  work.client(call(12, 'a__x'));
  expect(work.written('a')).toMatchObject([{ method: 'tools/list' }]);
});

test('F-758: members that start slowly: the first to answer opens the session after a while, and waiting costs nothing', () => {
  const work = two();
  work.client(request(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} }));
  const [asked] = work.written('b');
  work.after(30_000);
  expect(work.said()).toEqual([]);
  work.member('b', { jsonrpc: '2.0', id: asked?.['id'], result: greeting() });
  expect(work.said()).toMatchObject([{ id: 1, result: { serverInfo: { name: 'work' } } }]);
});

test.each([
  ['of several', ['a', 'b']],
  ['alone', ['a']],
])(
  '[F-991] a request before initialize is refused at once, and starts no member (%s)',
  (_, names) => {
    const work = new DrivenVirtualServer(names.map((name) => member(name)));
    for (const sent of [call(1, 'a__x'), request(2, 'tools/list'), request(3, 'logging/setLevel')])
      work.client(sent);
    const error = expect.objectContaining({
      code: -32600,
      message: 'The session is not initialized. Send initialize first.',
    }) as unknown;
    expect(work.said()).toEqual([1, 2, 3].map((id) => ({ jsonrpc: '2.0', id, error })));
    expect(work.started).toEqual([]);
    work.client(request(4, 'ping'));
    expect(work.said()).toEqual([{ jsonrpc: '2.0', id: 4, result: {} }]);
  },
);

test('[F-997] whose a name is is found though the first page of its list is asked for while the others are read', () => {
  const work = new DrivenVirtualServer([member('a', { prefix: '' }), member('b', { prefix: '' })]);
  work.initialize();
  work.answer(() => undefined);
  const pages: Readonly<Record<string, object>> = {
    '': { ...tools('first'), nextCursor: '1' },
    '1': { ...tools('second'), nextCursor: '2' },
    '2': tools('third'),
  };
  const called: string[] = [];
  /** `name` answers what it is asked for, page after page, up to one of these pages. */
  const pagesOf = (name: string, until: string): void => {
    for (let isOver = false; !isOver;) {
      const asked = work.written(name);
      isOver = asked.length === 0;
      for (const { id, method, params } of asked) {
        if (method === 'tools/call') called.push(name);
        if (method !== 'tools/list') continue;
        const cursor = (params as { cursor?: string } | undefined)?.cursor ?? '';
        isOver ||= cursor === until;
        const result = name === 'a' ? tools('own') : pages[cursor];
        work.member(name, { jsonrpc: '2.0', id, result });
      }
    }
  };
  work.client(call(2, 'third'));
  pagesOf('a', '');
  pagesOf('b', '1');
  // The last page is on its way when the first one comes once more.
  const [last] = work.written('b');
  work.client(request(3, 'tools/list'));
  pagesOf('a', '');
  pagesOf('b', '');
  work.member('b', { jsonrpc: '2.0', id: last?.['id'], result: pages['2'] });
  pagesOf('a', '');
  pagesOf('b', '');
  pagesOf('b', 'none');
  expect(called).toEqual(['b']);
});
