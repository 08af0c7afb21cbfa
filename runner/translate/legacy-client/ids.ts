// Ids as they are compared: what a peer may write in several ways is one text or one number.
import { textAt } from '../../../shared/jsonrpc/members.ts';
import type { Span } from '../../../shared/jsonrpc/scan.ts';

export type RequestId = string | number;

/** The id or token at `span`. */
export const idIn = (line: Uint8Array, span: Span | undefined): RequestId | undefined =>
  span && (JSON.parse(textAt(line, span)) as RequestId);
