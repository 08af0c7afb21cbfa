// Ids as they are compared: what a peer may write in several ways is one text or one number.
import { textAt } from '../../shared/jsonrpc/members.ts';
import { integerOf } from '../../shared/jsonrpc/numbers.ts';
import type { Span } from '../../shared/jsonrpc/scan.ts';

export type RequestId = string | number;

/** The id at `span` of a client's message. */
export const idIn = (line: Uint8Array, span: Span | undefined): RequestId | undefined =>
  span && (JSON.parse(textAt(line, span)) as RequestId);

/** The id or token at `span` of a process's message: what the bridge gave it is a number, in whatever spelling it comes back. */
export const numberIn = (line: Uint8Array, span: Span | undefined): number | undefined =>
  span && integerOf(textAt(line, span));
