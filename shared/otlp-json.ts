// Spans in the JSON form of OTLP (OTLP 1.x, "JSON Protobuf Encoding"), for a host that has no exporter of OpenTelemetry's own. Pure.
import type { TraceSpan } from './tracing.ts';
import type { TraceContext } from './trace-context.ts';

const ERROR_STATUS = 2;

/** Bits of `TraceSpan.flags`: sampled, as W3C says it. */
const SAMPLED = 1;

const attribute = ([key, value]: [string, string]) => ({ key, value: { stringValue: value } });

const nano = (ms: number): string => String(BigInt(Math.round(ms * 1000)) * 1000n);

const placeOf = ({ traceId, spanId, state }: TraceContext) => ({
  traceId,
  spanId,
  ...(state !== undefined && { traceState: state }),
});

/** An `ExportTraceServiceRequest`. `resource`: attributes of who tells. */
export const traceRequest = (
  spans: readonly TraceSpan[],
  resource: Readonly<Record<string, string>>,
): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: Object.entries(resource).map(attribute) },
        scopeSpans: [{ scope: { name: 'mcp-edge-bridge' }, spans: spans.map(told) }],
      },
    ],
  });

const told = ({ name, kind, context, parentSpanId, startMs, endMs, ...span }: TraceSpan) => ({
  ...placeOf(context),
  ...(parentSpanId !== undefined && { parentSpanId }),
  flags: SAMPLED,
  name,
  kind,
  startTimeUnixNano: nano(startMs),
  endTimeUnixNano: nano(endMs),
  attributes: Object.entries(span.attributes).map(attribute),
  links: span.link ? [placeOf(span.link)] : [],
  status: span.isError ? { code: ERROR_STATUS } : {},
});
