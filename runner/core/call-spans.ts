// The span of a call at the runner: from its arrival to its outcome. The process gets its context in the message, whatever its era. Pure.
import {
  callAttributes,
  SPAN_KIND,
  spanName,
  type OpenSpan,
  type Tracer,
  type TraceSpan,
} from '../../shared/tracing.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { contextIn, withContext } from '../../shared/trace-context.ts';
import type { CallRecord } from './session-effects.ts';

/** Outcomes that are no failure of the call. */
const FINE: ReadonlySet<CallRecord['outcome']> = new Set(['result', 'cancelled']);

export class CallSpans {
  readonly #tracer: Tracer;
  readonly #server: string;

  constructor(tracer: Tracer, server: string) {
    this.#tracer = tracer;
    this.#server = server;
  }

  /** Undefined if the request is not traced: the edge or the client decided, else the runner's own ratio. */
  begin(message: MessageView): OpenSpan | undefined {
    const begun = this.#tracer.begin(contextIn(message));
    return begun && { ...begun, attributes: callAttributes(message, this.#server, 'process') };
  }

  /** The request as the process gets it. */
  carriedBy(message: MessageView, { context }: OpenSpan): MessageView {
    return withContext(message, context);
  }
}

/** The span of a call that is over; `endMs` since the epoch. */
export function callSpan(
  { context, parentSpanId, attributes }: OpenSpan,
  { outcome, ms }: Pick<CallRecord, 'outcome' | 'ms'>,
  endMs: number,
): TraceSpan {
  const isError = !FINE.has(outcome);
  // What code an error has, only its receiver reads; the conventions have this word for what has no other.
  const type = outcome === 'error' ? '_OTHER' : outcome;
  return {
    name: spanName(attributes),
    kind: SPAN_KIND.client,
    context,
    parentSpanId,
    startMs: endMs - ms,
    endMs,
    attributes: isError ? { ...attributes, 'error.type': type } : attributes,
    isError,
  };
}
