// One message cut out of a line, with the offsets a translation reads it by, and how its ids are read.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { textAt, valueAt } from '../../shared/jsonrpc/members.ts';
import { scanLine, type Envelope } from '../../shared/jsonrpc/scan.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';
import { splice } from '../../shared/jsonrpc/splice.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';

export interface Message {
  readonly kind: Envelope['kind'];
  /** Only the message; the spans below count from its start. */
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

/** The one message of a line; undefined for a batch, and for anything that is not JSON-RPC. */
export function onlyMessageIn(line: Uint8Array): Message | undefined {
  const scan = scanLine(line);
  return scan.ok && scan.kind === 'single' ? messageIn(line, scan.envelope) : undefined;
}

/** The messages of a line: one, or those of a batch; none if the line is not JSON-RPC. */
export function messagesIn(line: Uint8Array): readonly Message[] {
  const scan = scanLine(line);
  if (!scan.ok) return [];
  const envelopes = scan.kind === 'single' ? [scan.envelope] : scan.messages;
  return envelopes.map((envelope) => messageIn(line, envelope));
}

export const isAnswer = ({ kind }: Message): boolean => kind === 'result' || kind === 'error';
/** The text of a raw id, in any spelling; undefined for a number. */
export function stringOf(raw: string | undefined): string | undefined {
  const value: unknown = raw?.startsWith('"') === true ? JSON.parse(raw) : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** The progress token of a message, if it is one of the bridge's. */
export const progressTokenOf = ({ bytes, progressTokenAt }: Message): BridgeRequestId | undefined =>
  bridgeIdOf(progressTokenAt && textAt(bytes, progressTokenAt));

/** The message at `envelope`. */
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

/** The bytes of a message under another id. */
export function underId(bytes: Uint8Array, id: BridgeRequestId): Uint8Array {
  const span = valueAt(bytes, 'id');
  return span ? splice(bytes, [{ ...span, with: encoder.encode(String(id)) }]) : bytes;
}

const moved = (span: Span | undefined, by: number): Span | undefined =>
  span && { start: span.start - by, end: span.end - by };

const encoder = new TextEncoder();
