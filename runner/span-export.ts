// Sends spans to a collector with OpenTelemetry's own exporter: OTLP over HTTP, as protobuf, in batches, again after a failure. Its
// packages are loaded only here, so that a program that traces nothing does not have them. Headers, certificates and time limits are
// set as for any program that uses it (`OTEL_EXPORTER_OTLP_HEADERS` and its like).
import { randomBytes } from 'node:crypto';
import type { Link, SpanContext } from '@opentelemetry/api';
import { SPAN_KIND, type TraceSpan } from '../shared/tracing.ts';
import type { TraceContext } from '../shared/trace-context.ts';

export interface SpanExportOptions {
  /** See `TraceSettings`. */
  readonly endpoint: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Attributes of who tells, such as `service.name`. */
  readonly resource: Readonly<Record<string, string>>;
}

export interface SpanExport {
  /** Never throws, and waits for nothing. */
  take(span: TraceSpan): void;
  /** Sends what is left, within some seconds. */
  close(): Promise<void>;
}

/** Who looks for a call that has just been made finds it. */
const COLLECT_MS = 1_000;

/** A stop does not wait longer for a collector. */
const CLOSE_MS = 3_000;

export const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex');

export async function openSpanExport({
  endpoint,
  headers,
  resource: attributes,
}: SpanExportOptions): Promise<SpanExport> {
  const [api, { OTLPTraceExporter }, sdk, { resourceFromAttributes }, { TraceState }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/core'),
    ]);
  const exporter = new OTLPTraceExporter({ url: endpoint, ...(headers && { headers }) });
  const processor = new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: COLLECT_MS });
  const resource = resourceFromAttributes(attributes);
  const contextOf = ({ traceId, spanId, state }: TraceContext): SpanContext => ({
    traceId,
    spanId,
    traceFlags: api.TraceFlags.SAMPLED,
    ...(state !== undefined && { traceState: new TraceState(state) }),
  });
  const take = ({ context, parentSpanId, startMs, endMs, link, ...span }: TraceSpan): void => {
    const own = contextOf(context);
    const links: Link[] = link ? [{ context: contextOf(link) }] : [];
    processor.onEnd({
      name: span.name,
      kind: span.kind === SPAN_KIND.server ? api.SpanKind.SERVER : api.SpanKind.CLIENT,
      spanContext: () => own,
      ...(parentSpanId !== undefined && {
        parentSpanContext: { ...own, spanId: parentSpanId },
      }),
      startTime: highResolution(startMs),
      endTime: highResolution(endMs),
      duration: highResolution(endMs - startMs),
      status: { code: span.isError ? api.SpanStatusCode.ERROR : api.SpanStatusCode.UNSET },
      attributes: { ...span.attributes },
      links,
      events: [],
      ended: true,
      resource,
      instrumentationScope: { name: 'mcp-edge-bridge' },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    });
  };
  return {
    take,
    async close() {
      const late = new Promise<void>((resolve) => {
        setTimeout(resolve, CLOSE_MS).unref();
      });
      await Promise.race([processor.shutdown().catch(() => undefined), late]);
    },
  };
}

/** Seconds and nanoseconds. */
function highResolution(ms: number): [number, number] {
  const seconds = Math.trunc(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
