// The two spans of a call at the edge: all of it, and what passed after its message went to its session. The context of the second goes
// on in the message. Pure.
import type { RefusalLine } from './log.ts';
import {
  callAttributes,
  SPAN_KIND,
  spanName,
  type BegunSpan,
  type Tracer,
} from '../../shared/tracing.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import {
  contextIn,
  traceContext,
  withContext,
  type TraceContext,
} from '../../shared/trace-context.ts';

/** What a `baggage` may hold (W3C Baggage §3.3.2), in printable ASCII. */
const BAGGAGE = /^[\u0020-\u007e]{1,8192}$/u;

/** The headers that may bear a context. */
export interface TraceHeaders {
  get(name: string): string | null;
}

export class TracedCall {
  readonly #tracer: Tracer;
  readonly #edge: BegunSpan;
  readonly #link: BegunSpan;
  readonly #ambient: TraceContext | undefined;
  readonly #baggage: string | undefined;
  /** All that is kept of the message, which may be large and is to be freed while its call lasts. */
  readonly #attributes: ReturnType<typeof callAttributes>;
  readonly #startMs: number;
  #postedMs: number | undefined;
  #isOver = false;

  private constructor(
    tracer: Tracer,
    { headers, message, server }: { headers: TraceHeaders; message: MessageView; server: string },
    now: number,
    begun: { edge: BegunSpan; ambient: TraceContext | undefined },
  ) {
    this.#tracer = tracer;
    this.#edge = begun.edge;
    this.#link = tracer.below(begun.edge.context);
    this.#ambient = begun.ambient;
    this.#attributes = callAttributes(message, server, 'edge');
    this.#startMs = now;
    const baggage = headers.get('baggage') ?? '';
    this.#baggage = BAGGAGE.test(baggage) ? baggage : undefined;
  }

  /**
   * Undefined if the call is not traced. The context of the message is its parent, and that of the HTTP request a link; without one in the
   * message, the request's is the parent.
   */
  static begin(
    tracer: Tracer,
    call: { headers: TraceHeaders; message: MessageView; server: string },
    now: number,
  ): TracedCall | undefined {
    const { headers, message } = call;
    const own = contextIn(message);
    const ofRequest = traceContext(headers.get('traceparent') ?? '', headers.get('tracestate'));
    const edge = tracer.begin(own ?? ofRequest);
    return edge && new TracedCall(tracer, call, now, { edge, ambient: own && ofRequest });
  }

  /** The message as it goes on: below the second span. */
  carriedBy(message: MessageView): MessageView {
    return withContext(message, this.#link.context, this.#baggage);
  }

  posted(now: number): void {
    this.#postedMs ??= now;
  }

  /** It is over; `fault` if it was refused. Only the first word counts. */
  ended(now: number, fault?: RefusalLine['fault']): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = fault === undefined ? undefined : { 'error.type': String(fault) };
    const tell = (hop: 'edge' | 'link', startMs: number): void => {
      const attributes = { ...this.#attributes, 'mcp_bridge.hop': hop, ...error };
      const isEdge = hop === 'edge';
      this.#tracer.ended({
        name: spanName(attributes),
        kind: isEdge ? SPAN_KIND.server : SPAN_KIND.client,
        ...(isEdge ? this.#edge : this.#link),
        startMs,
        endMs: now,
        attributes,
        link: isEdge ? this.#ambient : undefined,
        isError: error !== undefined,
      });
    };
    if (this.#postedMs !== undefined) tell('link', this.#postedMs);
    tell('edge', this.#startMs);
  }
}
