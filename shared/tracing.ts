// Which calls are traced, and the spans that are told of them, by OpenTelemetry's conventions for MCP. A span has only what stands
// here: names of methods, tools and servers, times and outcomes. Pure: ids are minted and spans taken by the host.
import type { MessageView } from './jsonrpc/view.ts';
import type { Hop } from './metrics.ts';
import { toldOf } from './mcp/told.ts';
import type { TraceContext } from './trace-context.ts';

/** As OTLP numbers them (`Span.SpanKind`). */
export const SPAN_KIND = { server: 2, client: 3 } as const;

/** A span that is over. */
export interface TraceSpan extends OpenSpan {
  readonly name: string;
  readonly kind: (typeof SPAN_KIND)[keyof typeof SPAN_KIND];
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  /** Another context that it came with. */
  readonly link?: TraceContext | undefined;
  /** It failed. */
  readonly isError: boolean;
}

/** The place of a span that has begun. */
export interface BegunSpan {
  readonly context: TraceContext;
  readonly parentSpanId: string | undefined;
}

/** A span that has begun. */
export interface OpenSpan extends BegunSpan {
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TracerOptions {
  /** Of the calls that nobody has begun a trace for, the part that is traced: 0 to 1. */
  readonly ratio: number;
  /** So many random bytes, as hex. */
  readonly mint: (bytes: number) => string;
  /** The wall clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes what is over; never throws. */
  readonly take: (span: TraceSpan) => void;
}

/** Last digits of a trace id that decide. They are random (W3C Trace Context Level 2, "random-trace-id"), and exact as a number. */
const RANDOM_DIGITS = 13;

export class Tracer {
  readonly #options: TracerOptions;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /**
   * A span below `parent`, or the first of a new trace. Undefined if it is not traced: whoever began the trace decides, else the ratio,
   * by the id, so that all who see the id decide alike.
   */
  begin(parent: TraceContext | undefined): BegunSpan | undefined {
    const { mint } = this.#options;
    if (parent) return parent.isSampled ? this.below(parent) : undefined;
    const traceId = this.#newTrace();
    if (traceId === undefined) return undefined;
    return { context: { traceId, spanId: mint(8), isSampled: true }, parentSpanId: undefined };
  }

  /** A span below one that is traced. */
  below({ traceId, spanId, state }: TraceContext): BegunSpan {
    const context = { traceId, spanId: this.#options.mint(8), isSampled: true, state };
    return { context, parentSpanId: spanId };
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#options.now();
  }

  ended(span: TraceSpan): void {
    this.#options.take(span);
  }

  #newTrace(): string | undefined {
    const { ratio, mint } = this.#options;
    if (ratio <= 0) return undefined;
    const traceId = mint(16);
    const share = Number.parseInt(traceId.slice(-RANDOM_DIGITS), 16) / 16 ** RANDOM_DIGITS;
    return share < ratio ? traceId : undefined;
  }
}

/** What a call is named, and told of it at any hop. */
export function callAttributes(
  message: MessageView,
  server: string,
  hop: Hop,
): Readonly<Record<string, string>> {
  const { method, tool } = toldOf(message);
  return {
    'mcp.method.name': method,
    ...(tool !== undefined && {
      'gen_ai.tool.name': tool,
      'gen_ai.operation.name': 'execute_tool',
    }),
    'network.transport': hop === 'process' ? 'pipe' : 'tcp',
    'mcp_bridge.server': server,
    'mcp_bridge.hop': hop,
  };
}

/** `{method} {tool}`, as the conventions name a span. */
export const spanName = (attributes: Readonly<Record<string, string>>): string =>
  [attributes['mcp.method.name'], attributes['gen_ai.tool.name']].filter(Boolean).join(' ');
