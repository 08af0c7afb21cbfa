// Trace context as it travels: W3C Trace Context Level 1, in HTTP headers and, by the same names, in the `_meta` of an MCP request
// (MCP 2026-07-28, Basic, "_meta"). What comes from a peer is a claim: it is only ever given on in its own form. Pure.
import type { MessageView, Path } from './jsonrpc/view.ts';

/** A place in a trace: the span that what follows belongs to. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** Whoever began the trace records it. */
  readonly isSampled: boolean;
  /** The `tracestate` that came with it. */
  readonly state?: string | undefined;
}

const TRACEPARENT =
  /^(?!ff)([\da-f]{2})-((?!0{32})[\da-f]{32})-((?!0{16})[\da-f]{16})-([\da-f]{2})(-.*)?$/u;

/** What a vendor must give on of a `tracestate` (W3C Trace Context §3.3.1.5); a longer one is left out. */
const STATE_CHARACTERS = 512;

/** A list of members, in printable ASCII (§3.3.1). */
const STATE = /^[\u0020-\u007e]*$/u;

const SAMPLED = 1;

/** The context that a `traceparent` and its `tracestate` say; undefined if it is none. Only a version later than 00 may append to it. */
export function traceContext(parent: string, state?: string | null): TraceContext | undefined {
  const [, version, traceId, spanId, flags = '', rest] = TRACEPARENT.exec(parent) ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  if (version === '00' && rest !== undefined) return undefined;
  const isSampled = (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED;
  const context = { traceId, spanId, isSampled };
  const isKept = state && state.length <= STATE_CHARACTERS && STATE.test(state);
  return isKept ? { ...context, state } : context;
}

/** As this version of the standard writes it. */
export const traceparent = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-0${isSampled ? SAMPLED : 0}`;

/** The context that a message bears, if it has a valid one. */
export function contextIn(message: MessageView): TraceContext | undefined {
  const parent = message.string(...META, 'traceparent');
  return parent === undefined
    ? undefined
    : traceContext(parent, message.string(...META, 'tracestate'));
}

const META: Path = ['params', '_meta'];

/** JSON object. */
const OPEN = 0x7b;

/**
 * The message with this context in its `_meta`, in place of any other; `baggage` only where it has none. A message whose `params` or
 * `_meta` is no object stays as it is.
 */
export function withContext(
  message: MessageView,
  context: TraceContext,
  baggage?: string,
): MessageView {
  const { bytes } = message;
  const isObject = (...path: Path): boolean => {
    const span = message.at(...path);
    return span === undefined || bytes[span.start] === OPEN;
  };
  if (!isObject('params') || !isObject(...META)) return message;
  const { state } = context;
  const isNew = baggage !== undefined && !message.has(...META, 'baggage');
  const and = {
    traceparent: JSON.stringify(traceparent(context)),
    ...(state !== undefined && { tracestate: JSON.stringify(state) }),
    ...(isNew && { baggage: JSON.stringify(baggage) }),
  };
  const without = state === undefined ? ['tracestate'] : [];
  return message.edited(message.changes(META, { without, and }));
}
