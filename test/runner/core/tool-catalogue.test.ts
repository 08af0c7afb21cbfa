// The tools of a session's process are known before the first list or call goes there, and what is held back reaches nobody.
import { describe, expect, test } from 'vitest';

import type { ToolGuard } from '../../../runner/core/pinned-tools.ts';
import type { ToolDefinition } from '../../../runner/core/tool-definition.ts';
import { DrivenSession, type Sent } from './driven-session.ts';

class PlayedGuard implements ToolGuard {
  readonly refusal = 'held back';
  needsList = false;
  readonly holdsBack: boolean;
  readonly lists: string[][] = [];
  readonly bad: Set<string>;

  constructor(bad: readonly string[], holdsBack = true) {
    this.bad = new Set(bad);
    this.holdsBack = holdsBack;
  }

  readonly same = (tool: ToolDefinition): ToolDefinition => tool;

  listed(tools: readonly ToolDefinition[]): void {
    this.lists.push(tools.map(({ name }) => name));
  }

  accepts(tool: ToolDefinition | undefined): boolean {
    return !this.holdsBack || (tool !== undefined && !this.bad.has(tool.name));
  }
}

type Line = { id: number; method: string; params: Record<string, unknown> };
const written = (driven: DrivenSession): Line[] =>
  driven.look().written.map((line) => JSON.parse(line) as Line);
const said = (sent: readonly Sent[]): unknown[] =>
  sent.flatMap((frame) => (frame.type === 'event' ? [JSON.parse(frame.message ?? 'null')] : []));
const call = (id: number, name: string) => ({ id, method: 'tools/call', params: { name } });
const list = (id: number) => ({ id, method: 'tools/list' });
const tools = (...names: string[]) => names.map((name) => ({ name }));

const KINDS = [
  ['streamable', (guard: ToolGuard) => DrivenSession.initialized({ guard })],
  ['sse', (guard: ToolGuard) => DrivenSession.initialized({ clientKind: 'sse', guard })],
  ['modern', (guard: ToolGuard) => DrivenSession.modern({ guard })],
] as const;

describe.each(KINDS)('[F-775] before a guard, a %s client', (kind, start) => {
  const stream = (id: string): string => (kind === 'sse' ? 'sse' : id);

  test('waits for all pages of the process’s own list, in its order', () => {
    const guard = new PlayedGuard(['b']);
    const driven = start(guard);
    driven.post('p1', call(1, 'a'), stream('p1'));
    driven.post('p2', call(2, 'b'), stream('p2'));
    driven.post('p3', list(3), stream('p3'));
    const [first, ...others] = written(driven);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ method: 'tools/list', params: {} });
    driven.line({ id: first?.id, result: { tools: tools('a'), nextCursor: 'n' } });
    const [second] = written(driven);
    expect(second).toMatchObject({ method: 'tools/list', params: { cursor: 'n' } });
    driven.line({ id: second?.id, result: { tools: tools('b') } });
    const { sent, written: lines } = driven.look();
    expect(guard.lists).toEqual([['a', 'b']]);
    expect(lines.map((line) => (JSON.parse(line) as Line).method)).toEqual([
      'tools/call',
      'tools/list',
    ]);
    expect(said(sent)).toMatchObject([{ id: 2, error: { code: 42_017, message: 'held back' } }]);
    const { id } = JSON.parse(lines[1] ?? '') as Line;
    driven.line(
      `{"jsonrpc":"2.0","id":${id},"result":{"tools":[ {"name":"a", "x":1e400},{"name":"b"},{"name":"b","Name":"c"}]}}`,
    );
    expect(driven.look().sent.map((frame) => ('message' in frame ? frame.message : ''))).toContain(
      '{"jsonrpc":"2.0","id":3,"result":{"tools":[ {"name":"a", "x":1e400}]}}',
    );
  });

  test('is judged anew when the process says that its tools have changed, or lists others', () => {
    const guard = new PlayedGuard(['late']);
    const driven = start(guard);
    driven.post('p1', call(1, 'a'), stream('p1'));
    driven.line({ id: written(driven)[0]?.id, result: { tools: tools('a') } });
    expect(written(driven)).toMatchObject([{ method: 'tools/call' }]);
    driven.post('p2', call(2, 'late'), stream('p2'));
    const { sent } = driven.look();
    expect(said(sent)).toMatchObject([
      { error: { message: expect.stringContaining('not among') } },
    ]);
    driven.line({ method: 'notifications/tools/list_changed' });
    driven.look();
    driven.post('p3', call(3, 'a'), stream('p3'));
    driven.post('p4', call(4, 'late'), stream('p4'));
    const [again] = written(driven);
    expect(again).toMatchObject({ method: 'tools/list' });
    driven.line({ id: again?.id, result: { tools: tools('a', 'late') } });
    const look = driven.look();
    expect(look.written).toHaveLength(1);
    expect(said(look.sent)).toMatchObject([{ id: 4, error: { message: 'held back' } }]);
    // Without a word of the process, a list says it.
    driven.post('p5', list(5), stream('p5'));
    guard.bad.add('a');
    driven.line({ id: written(driven)[0]?.id, result: { tools: tools('a') } });
    expect(said(driven.look().sent)).toMatchObject([{ result: { tools: [] } }]);
    driven.post('p6', call(6, 'a'), stream('p6'));
    expect(said(driven.look().sent)).toMatchObject([{ id: 6, error: { message: 'held back' } }]);
    guard.bad.clear();
    driven.post('p7', call(7, 'a'), stream('p7'));
    expect(written(driven)).toMatchObject([{ method: 'tools/call' }]);
  });

  test('gets no second outcome for a call that was cancelled while it waited', () => {
    const driven = start(new PlayedGuard([]));
    driven.post('p1', call(1, 'a'), stream('p1'));
    const [own] = written(driven);
    if (kind === 'modern') driven.receive({ type: 'cancel', stream: 'p1' });
    else
      driven.post(
        'p2',
        { method: 'notifications/cancelled', params: { requestId: 1 } },
        stream('p2'),
      );
    driven.look();
    driven.line({ id: own?.id, result: { tools: tools('a') } });
    expect(written(driven)).toEqual([]);
  });

  test.each<[string, object, string[]]>([
    ['no tools at all', { error: { code: -32601, message: 'x' } }, ['tools/list']],
    ['another error', { error: { code: -32000, message: 'x' } }, ['tools/list']],
    ['no list', { result: { tools: 7 } }, ['tools/list']],
  ])('of a process with %s may still list, and calls nothing', (_, answer, methods) => {
    const driven = start(new PlayedGuard([]));
    driven.post('p1', call(1, 'a'), stream('p1'));
    driven.post('p2', list(2), stream('p2'));
    driven.line({ id: written(driven)[0]?.id, ...answer });
    const { sent, written: lines } = driven.look();
    expect(lines.map((line) => (JSON.parse(line) as Line).method)).toEqual(methods);
    expect(said(sent)).toMatchObject([{ id: 1, error: { code: 42_017 } }]);
  });

  test('is refused nothing by a guard that only tells', () => {
    const driven = start(new PlayedGuard(['a'], false));
    driven.post('p1', call(1, 'a'), stream('p1'));
    driven.line({ id: written(driven)[0]?.id, result: { tools: tools('a') } });
    driven.post('p2', call(2, 'unknown'), stream('p2'));
    expect(written(driven).map(({ method }) => method)).toEqual(['tools/call', 'tools/call']);
  });

  test('does not wait for ever where a process lists without end', () => {
    const driven = start(new PlayedGuard([]));
    driven.post('p1', call(1, 'a'), stream('p1'));
    for (let page = 0; page < 100; page++)
      driven.line({
        id: written(driven)[0]?.id,
        result: { tools: tools('a'), nextCursor: `${page}` },
      });
    expect(written(driven)).toMatchObject([{ method: 'tools/call' }]);
  });

  test('may not let more wait than some bytes', () => {
    const driven = start(new PlayedGuard([]));
    const large = (id: number) => ({
      ...call(id, 'a'),
      params: { name: 'a', arguments: { x: 'x'.repeat(3_000_000) } },
    });
    for (const id of [1, 2, 3]) driven.post(`p${id}`, large(id), stream(`p${id}`));
    const { sent } = driven.look();
    expect(said(sent)).toMatchObject([{ id: 3, error: { data: { fault: 'overloaded' } } }]);
  });
});

test('[F-775] the list of a modern session is asked with the client’s own words about itself, and nothing private', () => {
  const driven = DrivenSession.modern({ guard: new PlayedGuard([]) });
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'mcp-edge-bridge/headers': { a: 'b' },
    progressToken: 7,
  };
  driven.post('p1', { ...call(1, 'a'), params: { name: 'a', _meta: meta } });
  expect(written(driven)[0]?.params).toEqual({
    _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' },
  });
});

test('[F-775] an answer that cannot be read ends the wait', () => {
  const driven = DrivenSession.initialized({ guard: new PlayedGuard([]) });
  driven.post('p1', call(1, 'a'));
  const [own] = written(driven);
  driven.line(`{"jsonrpc":"2.0","id":${own?.id},"result":{"tools":[`);
  driven.sleep(10_000);
  expect(said(driven.look().sent)).toMatchObject([{ id: 1, error: { code: 42_017 } }]);
});

test('[F-827] an own list that is never answered costs those who waited for it, and no others', () => {
  const driven = DrivenSession.initialized({ guard: new PlayedGuard([]) });
  driven.post('p1', call(1, 'a'));
  driven.post('p2', call(2, 'a'));
  const [own, ...others] = written(driven);
  expect(others).toEqual([]);
  // It lives, and answers whatever else it is asked.
  const live = (ms: number): void => {
    driven.sleep(ms);
    for (const { id, method } of written(driven))
      if (method === 'ping') driven.line({ id, result: {} });
  };
  live(50_000);
  driven.post('p3', call(3, 'a'));
  expect(written(driven)).toEqual([]);
  for (let turn = 0; turn < 10; turn++) live(7_000);
  driven.post('p4', call(4, 'a'));
  const [again, ...more] = written(driven);
  expect([again?.method, more]).toEqual(['tools/list', []]);
  driven.line({ id: own?.id, result: { tools: tools('old') } });
  driven.line({ id: again?.id, result: { tools: tools('a') } });
  expect(written(driven)).toMatchObject([{ method: 'tools/call' }]);
});

test('[F-826] a guard that knows nothing of the server any more gets its list before another call', () => {
  const guard = new PlayedGuard([]);
  const driven = DrivenSession.initialized({ guard });
  driven.post('p1', call(1, 'a'));
  driven.line({ id: written(driven)[0]?.id, result: { tools: tools('a') } });
  driven.look();
  guard.needsList = true;
  driven.post('p2', call(2, 'a'));
  const [own] = written(driven);
  expect(own).toMatchObject({ method: 'tools/list' });
  guard.needsList = false;
  driven.line({ id: own?.id, result: { tools: tools('a') } });
  expect(written(driven)).toMatchObject([{ method: 'tools/call' }]);
  expect(guard.lists).toHaveLength(2);
});

test('[F-828] a list that is larger than any model reads is not kept, and ends the wait', () => {
  const guard = new PlayedGuard([]);
  const driven = DrivenSession.initialized({ guard });
  driven.post('p1', call(1, 't0'));
  const page = (from: number) =>
    Array.from({ length: 30 }, (_, at) => ({
      name: `t${from + at}`,
      description: 'x'.repeat(200_000),
    }));
  for (const turn of [0, 1, 2]) {
    const [own] = written(driven);
    driven.line({ id: own?.id, result: { tools: page(turn * 30), nextCursor: `${turn}` } });
  }
  const { sent, written: lines } = driven.look();
  expect(lines).toEqual([]);
  expect(said(sent)).toMatchObject([{ id: 1, error: { code: 42_017 } }]);
  expect(guard.lists).toEqual([]);
});

test('[F-829] a list under a key that careless clients take for "tools" reaches none', () => {
  const driven = DrivenSession.initialized({ guard: new PlayedGuard([]) });
  driven.post('p1', list(1));
  driven.line({ id: written(driven)[0]?.id, result: { tools: tools('a') } });
  const [{ id } = { id: 0 }] = written(driven);
  driven.line(
    `{"jsonrpc":"2.0","id":${id},"result":{"Tools":[{"name":"x"}],"tools":[{"name":"a"}],"TOOLS":[],"x":1}}`,
  );
  expect(driven.look().sent.map((frame) => ('message' in frame ? frame.message : ''))).toEqual([
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}],"x":1}}',
  ]);
});
