// A client's request as its session gets it: unchanged, or with the context of its span if it is traced.
import { asPosted, type ClientMessage } from './client-message.ts';
import type { Exchange } from './exchange.ts';
import type { Post } from '../core/ports.ts';
import { TracedCall } from '../core/traced-call.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';

/** Of a batch nothing is traced. */
export function tracedMessage(
  exchange: Exchange,
  message: ClientMessage,
): Pick<Post, 'message' | 'said'> {
  const [only] = message.messages;
  const mayBeTraced = exchange.tracer && !message.isBatch && only?.kind === 'request';
  const trace = mayBeTraced ? beginTrace(exchange, only) : undefined;
  return trace && only
    ? asPosted(trace.carriedBy(only))
    : { message: message.text, said: message.said };
}

/** The spans of a request, if it is traced; its record ends them. */
export function beginTrace(
  { tracer, request: { headers }, server, record }: Exchange,
  message: MessageView,
): TracedCall | undefined {
  const trace = tracer && TracedCall.begin(tracer, { headers, message, server }, Date.now());
  if (trace) record?.traced(trace);
  return trace;
}
