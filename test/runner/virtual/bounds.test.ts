// What a client or a member of a virtual server can bring about by asking much, early, late or again: it is bounded, and concerns nobody else.
import { expect, test } from 'vitest';

import type { ToolGuard } from '../../../runner/core/pinned-tools.ts';
import { KnownOfVirtual } from '../../../runner/sessions/virtual-choice.ts';
import { KnownMembers } from '../../../runner/virtual/known-members.ts';
import {
  cancel,
  DrivenVirtualServer,
  greeting,
  GUARD,
  member,
  request,
  type Answering,
} from './driven-virtual-server.ts';

const two = (known = new KnownMembers()): DrivenVirtualServer =>
  new DrivenVirtualServer([member('a'), member('b')], { known });

const plain = (): DrivenVirtualServer =>
  new DrivenVirtualServer(['a', 'b'].map((name) => member(name, { prefix: '' })));

const pinned = (): DrivenVirtualServer =>
  new DrivenVirtualServer([member('a', { guard: GUARD }), member('b')]);

/** The names of all tools, as a client reads them page by page. */
function readTools(work: DrivenVirtualServer, answering: Answering): string[] {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    work.client(request(2, 'tools/list', cursor === undefined ? {} : { cursor }));
    work.answer(answering);
    const [answer] = work.said().filter(({ id }) => id === 2);
    const result = answer?.['result'] as { tools: { name: string }[]; nextCursor?: string };
    found.push(...result.tools.map(({ name }) => name));
    cursor = result.nextCursor;
  } while (cursor !== undefined);
  return found;
}

test('[R-16] F-810: a call that is cancelled while it is found out whose it is reaches nobody', () => {
  const work = plain();
  work.initialize();
  work.client(request(2, 'tools/call', { name: 'x' }));
  work.client(cancel(2));
  const called: unknown[] = [];
  work.answer(({ method }) => {
    if (method === 'tools/call') called.push(method);
    return { tools: [{ name: 'x' }] };
  });
  expect(called).toEqual([]);
  expect(work.said()).toEqual([]);
});

test('F-810: a request that is cancelled is not tried at the next member', () => {
  const work = two();
  work.initialize();
  work.client(request(2, 'vendor/do'));
  const [asked] = work.written('a');
  work.client(cancel(2));
  work.written();
  work.member('a', { jsonrpc: '2.0', id: asked?.['id'], error: { code: -32601, message: 'no' } });
  expect(work.written()).toEqual([]);
});

test('F-823: a request of no revision that a member knows, and refuses for what is in it, goes to no other', () => {
  const work = two();
  work.initialize();
  work.client(request(2, 'vendor/do', { at: 1 }));
  const error = { code: -32602, message: 'at must be 2' };
  const asked: string[] = [];
  work.answer((_request, name) => {
    asked.push(name);
    return { error };
  });
  expect(asked).toEqual(['a']);
  expect(work.said()).toEqual([{ jsonrpc: '2.0', id: 2, error }]);
});

test('F-811: lists that are asked for and cancelled, again and again, take no more than is bounded from a member that does not read', () => {
  const work = two();
  work.initialize();
  work.full('a');
  const filler = 'x'.repeat(1024 * 1024);
  for (let id = 2; id < 32; id++) {
    work.client(request(id, 'tools/list', { _meta: { filler } }));
    work.client(cancel(id));
  }
  work.drained('a');
  const bytes = work.writtenLines('a').reduce((sum, line) => sum + line.length, 0);
  expect(bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
  expect(bytes).toBeGreaterThan(0);
});

test('F-811: a list for which too much waits is answered, and so is one for which too many wait for pinned tools', () => {
  const work = pinned();
  work.initialize();
  const most = 256;
  for (let id = 2; id < 2 + most; id++) work.client(request(id, 'tools/call', { name: 'a__x' }));
  work.client(request(1_000, 'tools/list'));
  work.answer(({ method }, name) =>
    method === 'tools/list' && name === 'b' ? { tools: [{ name: 'y' }] } : undefined,
  );
  expect(work.said()).toMatchObject([{ id: 1_000, result: { tools: [{ name: 'b__y' }] } }]);
});

test.each([
  ['whose their name is', plain, 'x'],
  ['pinned tools', pinned, 'a__x'],
])(
  'F-1161: large calls that wait for a list (%s) are bounded by their bytes; one that is cancelled makes room',
  (_, serve, name) => {
    const work = serve();
    work.initialize();
    const text = 'x'.repeat(1024 * 1024);
    const large = (id: number): void =>
      work.client(request(id, 'tools/call', { name, arguments: { text } }));
    for (let id = 2; id < 10; id += 1) large(id);
    const full = { error: { data: { fault: 'overloaded', phase: 'not_sent' } } };
    expect(work.said()).toMatchObject([{ id: 9, ...full }]);
    work.client(cancel(2));
    large(10);
    expect(work.said()).toEqual([]);
    large(11);
    expect(work.said()).toMatchObject([{ id: 11, ...full }]);
    work.answer(({ method }) =>
      method === 'tools/list' ? { tools: [{ name: 'x' }] } : { content: [] },
    );
    expect(work.said().map(({ id }) => id)).toEqual([3, 4, 5, 6, 7, 8, 10]);
  },
);

test('F-812: the list by which pinned tools are judged is whole, though the call that it was made for is cancelled', () => {
  const seen: string[][] = [];
  const guard: ToolGuard = {
    ...GUARD,
    listed: (all) => void seen.push(all.map(({ name }) => name)),
  };
  const work = new DrivenVirtualServer([member('a', { guard }), member('b')]);
  work.initialize();
  const pages: Answering = ({ method, params }) => {
    if (method !== 'tools/list') return { content: [] };
    const cursor = (params as { cursor?: string } | undefined)?.cursor;
    return cursor === undefined
      ? { tools: [{ name: 'first' }], nextCursor: '2' }
      : { tools: [{ name: 'second' }] };
  };
  work.client(request(2, 'tools/call', { name: 'a__first' }));
  const [listed] = work.written('a');
  work.client(cancel(2));
  work.client(request(3, 'tools/call', { name: 'a__first' }));
  work.member('a', {
    jsonrpc: '2.0',
    id: listed?.['id'],
    result: { tools: [{ name: 'first' }], nextCursor: '2' },
  });
  work.answer(pages);
  expect(seen).toEqual([['first', 'second']]);
  expect(work.said()).toMatchObject([{ id: 3, result: {} }]);
});

test('F-813: a list that is too long to be remembered is not shown in part', () => {
  const known = new KnownMembers();
  const large = 'x'.repeat(600_000);
  const pages: Answering = ({ method, params }, name) => {
    if (method === 'initialize') return greeting();
    if (method !== 'tools/list') return { content: [] };
    if (name === 'b') return { tools: [] };
    const at = Number((params as { cursor?: string } | undefined)?.cursor ?? '1');
    return {
      tools: [{ name: `x${String(at)}`, description: large }],
      ...(at < 3 && { nextCursor: String(at + 1) }),
    };
  };
  const all = ['a__x1', 'a__x2', 'a__x3'];
  const first = two(known);
  first.initialize();
  expect(readTools(first, pages)).toEqual(all);
  const next = two(known);
  next.initialize();
  expect(readTools(next, pages)).toEqual(all);
});

test('[F-936] whoever reads a long list page by page has the members behind it asked once, after its end', () => {
  const work = two();
  work.initialize();
  const asked: string[] = [];
  const pages: Answering = ({ method, params }, name) => {
    if (method === 'initialize') return greeting();
    const { cursor = '1' } = (params ?? {}) as { cursor?: string };
    if (method === 'tools/list') asked.push(`${name} ${cursor}`);
    if (name === 'b') return { tools: [{ name: 'z' }] };
    return {
      tools: [{ name: `x${cursor}` }],
      ...(cursor !== '5' && { nextCursor: String(Number(cursor) + 1) }),
    };
  };
  expect(readTools(work, pages)).toEqual(['a__x1', 'a__x2', 'a__x3', 'a__x4', 'a__x5', 'b__z']);
  // With the first page all are asked at once, so that a short list takes one round.
  expect(asked).toEqual(['a 1', 'b 1', 'a 2', 'a 3', 'a 4', 'a 5', 'b 1']);
});

test('F-813: a cursor of one session’s process is no other session’s', () => {
  const known = new KnownMembers();
  const members = ['a', 'b'].map((name) => member(name, { prefix: '' }));
  const first = new DrivenVirtualServer(members, { known });
  first.initialize();
  first.client(request(2, 'tools/list'));
  first.answer((_request, name) => ({ tools: [{ name }], nextCursor: 'of the first' }));
  const next = new DrivenVirtualServer(members, { known });
  next.initialize();
  next.client(request(3, 'tools/call', { name: 'late' }));
  const called: string[] = [];
  next.answer(({ method, params }, name) => {
    if (method === 'initialize') return greeting();
    if (method === 'tools/call') {
      called.push(name);
      return { content: [] };
    }
    if ((params as { cursor?: string } | undefined)?.cursor !== undefined)
      return { error: { code: -32602, message: 'Invalid cursor' } };
    return { tools: name === 'b' ? [{ name: 'b' }, { name: 'late' }] : [{ name: 'a' }] };
  });
  expect(called).toEqual(['b']);
});

test('F-814: what one principal’s sessions have learned of the members is not shown to another', () => {
  const known = new KnownOfVirtual();
  expect(known.of('work', 'ann', undefined)).toBe(known.of('work', 'ann', undefined));
  expect(known.of('work', 'ann', undefined)).not.toBe(known.of('work', 'bob', undefined));
  expect(known.of('work', 'ann', '1')).not.toBe(known.of('work', 'ann', '2'));
});

test('F-822: what is known of members is bounded by bytes; the least recently needed goes first', () => {
  const known = new KnownOfVirtual(640_000);
  const fill = (principal: string): KnownMembers => {
    const of = known.of('work', principal, undefined);
    const tools = JSON.stringify({ tools: [{ name: 'x'.repeat(9_000) }] });
    for (const client of ['one', 'other']) {
      const work = new DrivenVirtualServer([member('a'), member('b')], { known: of });
      work.initialize({}, { capabilities: { experimental: { [client]: {} } } });
      for (const at of ['a', 'b']) {
        if (at === 'a') work.client(request(2, 'tools/list'));
        const [asked] = work.written(at);
        work.member(at, `{"jsonrpc":"2.0","id":${String(asked?.['id'])},"result":${tools}}`);
      }
    }
    return of;
  };
  const principals = Array.from({ length: 20 }, (_, n) => `p${String(n)}`);
  const filled = principals.map(fill);
  expect(filled[0]?.bytes).toBeGreaterThan(4 * 9_000);
  const kept = principals.filter((name, at) => known.of('work', name, undefined) === filled[at]);
  expect(kept).toContain('p19');
  expect(kept.length * (filled[0]?.bytes ?? 0)).toBeLessThanOrEqual(640_000);
});

test('F-815: a subscription to more resources than are watched is honored in part, and says so', () => {
  const modern = new DrivenVirtualServer([member('a'), member('b')], { isModern: true });
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'mcp-edge-bridge/clientId': 's',
  };
  const uris = Array.from({ length: 5_000 }, (_, index) => `x:${String(index)}`);
  const filter = { resourceSubscriptions: [...uris, ...uris] };
  modern.client(request(9, 'subscriptions/listen', { notifications: filter, _meta: meta }));
  let asked: unknown;
  modern.answer(({ method, params }, name) => {
    if (method === 'subscriptions/listen') {
      asked = (params as { notifications: unknown }).notifications;
      return undefined;
    }
    return name === 'a'
      ? { resources: [{ uri: 'x:0' }], resourceTemplates: [{ uriTemplate: 'x:{n}' }] }
      : { resources: [], resourceTemplates: [] };
  });
  const honored = { resourceSubscriptions: uris.slice(0, 1_024) };
  expect(asked).toEqual(honored);
  modern.member(
    'a',
    {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: honored },
    },
    9,
  );
  expect(modern.said()).toMatchObject([{ params: { notifications: honored } }]);
});

test('F-816: a page with more elements than a list may have is an error, not a stall', () => {
  const work = two();
  work.initialize();
  work.client(request(2, 'tools/list'));
  work.answer((_request, name) => ({
    tools: Array.from({ length: name === 'a' ? 10_001 : 1 }, (_, n) => ({ name: String(n) })),
  }));
  expect(work.said()).toMatchObject([{ id: 2, result: { tools: [{ name: 'b__0' }] } }]);
  const alone = new DrivenVirtualServer([member('a')]);
  alone.initialize();
  alone.client(request(2, 'tools/list'));
  alone.answer(() => ({ tools: Array.from({ length: 10_001 }, (_, n) => ({ name: String(n) })) }));
  expect(alone.said()).toMatchObject([{ id: 2, error: { data: { fault: 'process_protocol' } } }]);
});

test('F-824: of a subscription no more is kept than it takes to subscribe again', () => {
  const work = two();
  work.initialize();
  const lists: Answering = ({ method }, name) => {
    if (method === 'initialize') return greeting();
    return { resources: name === 'a' ? [{ uri: 'x:1' }] : [], resourceTemplates: [] };
  };
  const filler = 'x'.repeat(100_000);
  work.client(request(2, 'resources/subscribe', { uri: 'x:1', _meta: { filler } }));
  work.answer(lists);
  work.exited('a');
  work.written();
  work.after(3_000);
  const [hello] = work.written('a');
  work.member('a', { jsonrpc: '2.0', id: hello?.['id'], result: greeting() });
  expect(work.written('a')).toContainEqual({
    jsonrpc: '2.0',
    id: expect.any(Number),
    method: 'resources/subscribe',
    params: { uri: 'x:1' },
  });
});

test('F-817: a member that asks something while it starts gets the answer', () => {
  const work = two();
  work.client(request(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} }));
  work.member('a', { jsonrpc: '2.0', id: 'ping-1', method: 'ping' });
  const [asked] = work.said();
  expect(asked).toMatchObject({ method: 'ping' });
  work.client({ jsonrpc: '2.0', id: asked?.['id'], result: {} });
  expect(work.written('a')).toContainEqual({ jsonrpc: '2.0', id: 'ping-1', result: {} });
});
