// One message cut out of a line, with the offsets a translation reads it by.
import { textAt } from '../../shared/jsonrpc/members.ts';
import { integerOf } from '../../shared/jsonrpc/numbers.ts';
import { scanLine, type Envelope, type Span } from '../../shared/jsonrpc/scan.ts';

export interface Message {
  readonly kind: Envelope['kind'];
  /** The message and nothing else; the spans below count from its start. */
  readonly bytes: Uint8Array;
  /** Raw JSON text. */
  readonly id: string | undefined;
  readonly idAt: Span | undefined;
  /** Empty in answers. */
  readonly method: string;
  /** Of `params._meta` in a request, of `params` in a progress notification. */
  readonly progressTokenAt: Span | undefined;
  /** Raw JSON text of a cancelled notification's `params.requestId`. */
  readonly requestId: string | undefined;
}

export type Reading =
  | { readonly ok: true; readonly messages: readonly Message[] }
  | { readonly ok: false; readonly reason: string };

/** The messages of a line: one, or those of a batch. */
export function messagesOf(line: Uint8Array): Reading {
  const scan = scanLine(line);
  if (!scan.ok) return { ok: false, reason: scan.reason };
  const envelopes = scan.shape === 'single' ? [scan.envelope] : scan.messages;
  return { ok: true, messages: envelopes.map((envelope) => messageIn(line, envelope)) };
}

/** The number that a raw id or token stands for; what the bridge gives a process is always one, in whatever spelling it comes back. */
export const numberOf = (raw: string | undefined): number | undefined =>
  raw === undefined ? undefined : integerOf(raw);

/** The message that lies at `envelope`. */
export function messageIn(line: Uint8Array, envelope: Envelope): Message {
  const bytes = line.subarray(envelope.start, envelope.end);
  const idAt = moved(envelope.id, envelope.start);
  const requestIdAt = moved(envelope.requestId, envelope.start);
  return {
    kind: envelope.kind,
    bytes,
    id: idAt && textAt(bytes, idAt),
    idAt,
    method: envelope.method ?? '',
    progressTokenAt: moved(envelope.progressToken, envelope.start),
    requestId: requestIdAt && textAt(bytes, requestIdAt),
  };
}

const moved = (span: Span | undefined, by: number): Span | undefined =>
  span && { start: span.start - by, end: span.end - by };
