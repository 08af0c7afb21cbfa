// Which calls are traced, and what is told of them.
import { expect, test } from 'vitest';

import { onlyMessageIn } from '../../shared/jsonrpc/view.ts';
import { traceRequest } from '../../shared/otlp-json.ts';
import {
  callAttributes,
  SPAN_KIND,
  spanName,
  Tracer,
  type TraceSpan,
} from '../../shared/tracing.ts';

/** The trace ids of `ids`, in turn, and spans by number. */
function tracer(ratio: number, ids: string[] = ['f'.repeat(32)]) {
  const spans: TraceSpan[] = [];
  let count = 0;
  const mint = (bytes: number): string =>
    bytes === 16 ? (ids.shift() ?? '1'.repeat(32)) : String(++count).padStart(16, '0');
  return {
    spans,
    tracer: new Tracer({ ratio, mint, now: () => 0, take: (span) => void spans.push(span) }),
  };
}

const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true, state: 'x=1' };

test('whoever began a trace decides whether a call is traced', () => {
  for (const ratio of [0, 1]) {
    const { tracer: own } = tracer(ratio);
    expect(own.begin(parent)).toEqual({
      context: { ...parent, spanId: '0000000000000001' },
      parentSpanId: parent.spanId,
    });
    expect(own.begin({ ...parent, isSampled: false })).toBeUndefined();
  }
});

test.each([
  [0, '0'.repeat(31) + '1', false],
  [1, 'f'.repeat(32), true],
  [0.5, `${'f'.repeat(19)}7${'f'.repeat(12)}`, true],
  [0.5, `${'0'.repeat(19)}8${'0'.repeat(12)}`, false],
])('of others, %d is traced by the random digits of its id: %s', (ratio, id, isTraced) => {
  const begun = tracer(ratio, [id]).tracer.begin(undefined);
  expect(begun !== undefined).toBe(isTraced);
  expect(begun?.parentSpanId).toBeUndefined();
});

const message = onlyMessageIn(
  new TextEncoder().encode(
    '{"jsonrpc":"2.0","id":"secret","method":"tools/call","params":{"name":"search","arguments":{"q":"secret"}}}',
  ),
);
if (!message) throw new Error('no message');

test('a call is told by the conventions for MCP, without what was said', () => {
  const attributes = callAttributes(message, 'files', 'process');
  expect(attributes).toEqual({
    'mcp.method.name': 'tools/call',
    'gen_ai.tool.name': 'search',
    'gen_ai.operation.name': 'execute_tool',
    'network.transport': 'pipe',
    'mcp_bridge.server': 'files',
    'mcp_bridge.hop': 'process',
  });
  expect(spanName(attributes)).toBe('tools/call search');
});

test('OTLP as JSON has hex ids, times in nanoseconds as text, and a status only for failures', () => {
  const span: TraceSpan = {
    name: 'n',
    kind: SPAN_KIND.server,
    context: parent,
    parentSpanId: undefined,
    startMs: 1_700_000_000_000.25,
    endMs: 1_700_000_000_001,
    attributes: { a: 'b"' },
    isError: true,
  };
  expect(JSON.parse(traceRequest([span], { 'service.name': 'edge' }))).toEqual({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'edge' } }] },
        scopeSpans: [
          {
            scope: { name: 'mcp-edge-bridge' },
            spans: [
              {
                traceId: parent.traceId,
                spanId: parent.spanId,
                traceState: 'x=1',
                flags: 1,
                name: 'n',
                kind: 2,
                startTimeUnixNano: '1700000000000250000',
                endTimeUnixNano: '1700000000001000000',
                attributes: [{ key: 'a', value: { stringValue: 'b"' } }],
                links: [],
                status: { code: 2 },
              },
            ],
          },
        ],
      },
    ],
  });
});
