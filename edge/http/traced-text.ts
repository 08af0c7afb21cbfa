// A client's request as its session gets it: unchanged, or with the context of its span if it is traced.
import type { ClientMessage } from './client-message.ts';
import type { Exchange } from './exchange.ts';
import { TracedCall } from '../core/traced-call.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Of a batch nothing is traced. */
export function tracedText(exchange: Exchange, message: ClientMessage): string {
  const [only] = message.messages;
  if (!exchange.tracer || message.isBatch || only?.kind !== 'request') return message.text;
  const trace = beginTrace(exchange, only);
  return trace ? decoder.decode(trace.carriedBy(only).line) : message.text;
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
