// A call's trace through edge, link and process, with the process's own span in it, as a collector gets it.
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startCollector, type CollectedSpan, type Collector } from '../fixtures/collector.ts';
import { startBridge, type Bridge } from './harness.ts';
import { askModern } from './raw-modern.ts';
import { fixture, messageOf, openSession, textOf, toolCall } from './raw-session.ts';
import { EDGE_HOST } from './edges.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const CANARY = 'canary-of-an-argument';

let collector: Collector;
let bridge: Bridge;

const serverOf = ({ url }: Collector) => ({
  command: process.execPath,
  args: [fixture('traced')],
  env: { TRACED_COLLECTOR: url },
});

beforeAll(async () => {
  collector = await startCollector();
  bridge = await startBridge({
    servers: { traced: serverOf(collector) },
    bridge: { traces: collector.url },
    settings: {
      BRIDGE_TRACES: collector.url,
      BRIDGE_TRACES_RATIO: '0',
      BRIDGE_TRACES_HEADERS: 'authorization=Bearer%20collector-key',
    },
  });
  return async () => {
    await bridge.stop();
    await collector.close();
  };
});

beforeEach(() => {
  collector.spans.length = 0;
});

/** The spans of one trace, from the client's down; each is below the one before it. */
async function chain(traceId: string, length: number): Promise<CollectedSpan[]> {
  const found = await vi.waitFor(() => {
    const spans = collector.spans.filter((span) => span.traceId === traceId);
    expect(spans).toHaveLength(length);
    return spans;
  }, PATIENCE);
  const isBelow = (span: CollectedSpan): boolean =>
    found.some(({ spanId }) => spanId === span.parentSpanId);
  const chained: CollectedSpan[] = [];
  let next = found.find((span) => !isBelow(span));
  while (next) {
    chained.push(next);
    const { spanId } = next;
    next = found.find((span) => span.parentSpanId === spanId);
  }
  return chained;
}

const EDGE = { service: 'mcp-bridge-edge', name: 'tools/call meta', isError: false };
const HOPS = [
  { ...EDGE, kind: 2, parentSpanId: 'b7ad6b7169203331' },
  { ...EDGE, kind: 3 },
  { ...EDGE, service: 'mcp-bridge-runner', kind: 3 },
  { service: 'traced-server', name: 'the tool itself', kind: 1 },
];

const told = (span: CollectedSpan): object => ({
  hop: span.attributes['mcp_bridge.hop'],
  server: span.attributes['mcp_bridge.server'],
  method: span.attributes['mcp.method.name'],
  tool: span.attributes['gen_ai.tool.name'],
});

describe('[LP29] a client that traces', () => {
  test('of 2025-11-25 sees its call in edge, link, runner and process', async () => {
    const session = await openSession(bridge, 'traced', { revision: '2025-11-25' });
    const meta = { traceparent: PARENT, tracestate: 'a=1', own: 'kept' };
    const answer = await session.post(toolCall(7, 'meta', { text: CANARY }, meta));
    const seen = JSON.parse(textOf(messageOf(answer))) as Record<string, string>;
    const spans = await chain(TRACE, 4);
    expect(spans).toMatchObject(HOPS);
    const facts = { server: 'traced', method: 'tools/call', tool: 'meta' };
    expect(spans.slice(0, 3).map((span) => told(span))).toEqual([
      { hop: 'edge', ...facts },
      { hop: 'link', ...facts },
      { hop: 'process', ...facts },
    ]);
    expect(seen).toEqual({
      own: 'kept',
      tracestate: 'a=1',
      traceparent: `00-${TRACE}-${spans[2]?.spanId}-01`,
    });
    expect(spans.slice(0, 3).map(({ traceState }) => traceState)).toEqual(['a=1', 'a=1', 'a=1']);
    for (const [index, { startMs, endMs }] of spans.slice(0, 3).entries()) {
      expect(endMs).toBeGreaterThanOrEqual(startMs);
      // Edge and runner are two programs with one clock; their times are told to a millisecond.
      expect(startMs).toBeGreaterThanOrEqual((spans[index - 1]?.startMs ?? 0) - 1);
    }
  });

  test('by HTTP headers alone does too, with its baggage', async () => {
    const session = await openSession(bridge, 'traced');
    const answer = await session.post(toolCall(1, 'meta', {}), {
      traceparent: PARENT,
      baggage: 'tenant=7',
    });
    const seen = JSON.parse(textOf(messageOf(answer))) as Record<string, string>;
    const spans = await chain(TRACE, 4);
    expect(spans).toMatchObject(HOPS);
    expect(seen).toEqual({
      baggage: 'tenant=7',
      traceparent: `00-${TRACE}-${spans[2]?.spanId}-01`,
    });
  });

  test('of 2026-07-28 does too; the context of its HTTP request is a link', async () => {
    const other = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;
    const answer = await askModern(bridge.url, 'traced', 'tools/call', {
      params: { name: 'meta', arguments: { text: CANARY } },
      meta: { traceparent: PARENT },
      headers: { traceparent: other },
    });
    expect(messageOf(answer).error).toBeUndefined();
    const spans = await chain(TRACE, 4);
    expect(spans).toMatchObject([
      { ...HOPS[0], links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }] },
      ...HOPS.slice(1),
    ]);
  });

  test('whose call fails sees at which hop', async () => {
    const session = await openSession(bridge, 'traced');
    await session.post(toolCall(1, 'nothing', {}, { traceparent: PARENT }));
    const spans = await chain(TRACE, 3);
    expect(spans.map(({ isError }) => isError)).toEqual([false, false, true]);
    expect(spans[2]?.attributes['error.type']).toBe('_OTHER');
  });
});

test('[F-634] a context that is none is not given on, and makes no trace', async () => {
  const session = await openSession(bridge, 'traced');
  const forged = [
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    `00-${TRACE}-0000000000000000-01`,
    `ff-${TRACE}-b7ad6b7169203331-01`,
    `00-${TRACE}-b7ad6b7169203331-01-more`,
    `00-${TRACE.toUpperCase()}-b7ad6b7169203331-01`,
    'x'.repeat(5_000),
  ];
  for (const traceparent of forged) {
    const answer = await session.post(toolCall(1, 'meta', {}), { traceparent });
    expect(textOf(messageOf(answer))).toBe('{}');
  }
  expect(collector.spans.filter(({ service }) => service.startsWith('mcp-bridge'))).toEqual([]);
});

test('a call that is not sampled reaches the process to the byte as it came', async () => {
  const session = await openSession(bridge, 'traced');
  const unsampled = PARENT.replace(/01$/u, '00');
  const meta = { traceparent: unsampled, own: 1 };
  const answer = await session.post(toolCall(1, 'meta', {}, meta));
  expect(JSON.parse(textOf(messageOf(answer)))).toEqual(meta);
});

test('[F-635] what a collector gets fits the protocol, and holds no argument, header, id or key', async () => {
  const session = await openSession(bridge, 'traced');
  await session.post(toolCall(1, 'meta', { text: CANARY }, { traceparent: PARENT }), {
    'x-canary': CANARY,
  });
  await chain(TRACE, 4);
  expect(collector.problems).toEqual([]);
  const all = collector.bodies.join('\n');
  for (const secret of [CANARY, session.id, 'collector-key']) expect(all).not.toContain(secret);
  const kinds = new Set(collector.headers.map(([kind]) => kind));
  expect(kinds).toContain('application/x-protobuf');
  expect(collector.headers.map(([, key]) => key)).toContain('Bearer collector-key');
  const edgeKind = EDGE_HOST === 'node' ? 'application/x-protobuf' : 'application/json';
  expect(collector.headers).toContainEqual([edgeKind, 'Bearer collector-key']);
});

test('without a collector nothing is added to what came', async () => {
  const plain = await startBridge({ servers: { traced: serverOf(collector) } });
  onTestFinished(() => plain.stop());
  const session = await openSession(plain, 'traced');
  const answer = await session.post(toolCall(1, 'meta', {}), { traceparent: PARENT });
  expect(textOf(messageOf(answer))).toBe('{}');
});
