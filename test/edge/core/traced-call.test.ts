// The spans of a call at the edge: what they are below, and when they are told.
import { expect, test } from 'vitest';

import { TracedCall } from '../../../edge/core/traced-call.ts';
import { onlyMessageIn } from '../../../shared/jsonrpc/view.ts';
import { Tracer, type TraceSpan } from '../../../shared/tracing.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;

const decoder = new TextDecoder();

function begun(headers: Record<string, string>, meta = '{}') {
  const spans: TraceSpan[] = [];
  let count = 0;
  const mint = (bytes: number): string => String(++count).padStart(bytes * 2, '0');
  const tracer = new Tracer({
    ratio: 0,
    mint,
    now: () => 0,
    take: (span) => void spans.push(span),
  });
  const bytes = new TextEncoder().encode(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":${meta}}}`,
  );
  const message = onlyMessageIn(bytes);
  if (!message) throw new Error('no message');
  const get = (name: string): string | null => headers[name] ?? null;
  const call = TracedCall.begin(tracer, { headers: { get }, message, server: 'files' }, 10);
  const sent = call && decoder.decode(call.carriedBy(message).bytes);
  return { call, spans, sent, free: () => void bytes.fill(0) };
}

test('a call that was answered has two spans, the second from when it was sent', () => {
  const { call, spans, sent } = begun({ traceparent: PARENT });
  call?.posted(12);
  // Sent again, after a break.
  call?.posted(15);
  call?.ended(20);
  call?.ended(30, 'runner_lost');
  expect(spans.map(({ startMs, endMs, isError }) => [startMs, endMs, isError])).toEqual([
    [12, 20, false],
    [10, 20, false],
  ]);
  const [link, edge] = spans;
  expect(edge).toMatchObject({ kind: 2, parentSpanId: 'b7ad6b7169203331', link: undefined });
  expect(link).toMatchObject({ kind: 3, parentSpanId: edge?.context.spanId });
  expect(sent).toContain(`"traceparent":"00-${TRACE}-${link?.context.spanId}-01"`);
});

test('[F-586] nothing of a message is kept but what its spans tell: it is not read again when they end', () => {
  const { call, spans, free } = begun({ traceparent: PARENT });
  free();
  call?.posted(12);
  call?.ended(20);
  expect(spans.map(({ name, attributes }) => [name, attributes['mcp_bridge.hop']])).toEqual([
    ['tools/call x', 'link'],
    ['tools/call x', 'edge'],
  ]);
});

test('one that was refused before it was sent has one, with its fault', () => {
  const { call, spans } = begun({ traceparent: PARENT });
  call?.ended(11, 'forbidden');
  expect(spans).toMatchObject([
    { isError: true, attributes: { 'error.type': 'forbidden', 'mcp_bridge.hop': 'edge' } },
  ]);
});

test('the context of the message is the parent, and that of the request a link', () => {
  const other = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`;
  const { call, spans } = begun({ traceparent: other }, `{"traceparent":"${PARENT}"}`);
  call?.ended(11);
  expect(spans).toMatchObject([
    { parentSpanId: 'b7ad6b7169203331', link: { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) } },
  ]);
});

test.each([
  ['unsampled', { traceparent: PARENT.replace(/01$/u, '00') }],
  ['none, with a ratio of 0', {}],
])('a context that is %s makes no spans', (_, headers) => {
  expect(begun(headers).call).toBeUndefined();
});

test.each([
  ['tenant=7', true],
  ['x'.repeat(8_192), true],
  ['x'.repeat(8_193), false],
  ['a=\u00e4', false],
  ['', false],
])('[F-634] a baggage of %s goes on: %s', (baggage, isKept) => {
  const { sent } = begun({ traceparent: PARENT, baggage });
  expect(sent?.includes('"baggage"')).toBe(isKept);
});
