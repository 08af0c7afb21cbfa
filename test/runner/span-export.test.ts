// Spans on their way to a collector, and what a collector that is gone costs: nothing but its spans.
import { expect, onTestFinished, test } from 'vitest';

import { randomHex, openSpanExport } from '../../runner/span-export.ts';
import { SPAN_KIND, type TraceSpan } from '../../shared/tracing.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { startCollector } from '../fixtures/collector.ts';

const span = (): TraceSpan => ({
  name: 'tools/call x',
  kind: SPAN_KIND.client,
  context: { traceId: randomHex(16), spanId: randomHex(8), isSampled: true, state: 'a=1' },
  parentSpanId: randomHex(8),
  startMs: 1_700_000_000_000.5,
  endMs: 1_700_000_000_002,
  attributes: { 'mcp.method.name': 'tools/call' },
  link: { traceId: randomHex(16), spanId: randomHex(8), isSampled: true },
  isError: true,
});

test('a span arrives as it was, and the last ones before the program ends', async () => {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const resource = { 'service.name': 'mcp-bridge-runner' };
  const spans = await openSpanExport({ endpoint: `${collector.url}/v1/traces`, resource });
  const { context, parentSpanId, link, ...told } = span();
  spans.take({ context, parentSpanId, link, ...told });
  await spans.close();
  expect(collector.problems).toEqual([]);
  expect(collector.spans).toEqual([
    {
      traceId: context.traceId,
      spanId: context.spanId,
      parentSpanId,
      traceState: 'a=1',
      name: told.name,
      kind: 3,
      startMs: told.startMs,
      endMs: told.endMs,
      service: 'mcp-bridge-runner',
      attributes: told.attributes,
      links: [{ traceId: link?.traceId, spanId: link?.spanId }],
      isError: true,
    },
  ]);
});

test('[F-636] a collector that is gone holds up nothing, and what waits for it is bounded', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}/v1/traces`;
  const spans = await openSpanExport({ endpoint, resource: {} });
  for (let count = 0; count < 50_000; count++) spans.take(span());
  const before = performance.now();
  await spans.close();
  // It gives up after three seconds; a loaded machine is late by less than this.
  expect(performance.now() - before).toBeLessThan(30_000);
});
