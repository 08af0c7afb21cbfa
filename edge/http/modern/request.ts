// A modern client's message as the checks need it: a few members of params and _meta, found by their bytes; the rest is not
// read.
import type { ClientMessage } from '../client-message.ts';
import { membersOf, textAt, valueAt, type Member } from '../../../shared/jsonrpc/members.ts';
import { isLookalike } from '../../../shared/jsonrpc/scan.ts';
import type { Span } from '../../../shared/jsonrpc/span.ts';

/** The members of one object; none if there is no object. */
export class Members {
  readonly #bytes: Uint8Array;
  readonly #members: readonly Member[];

  constructor(bytes: Uint8Array, span: Span | undefined) {
    this.#bytes = bytes;
    this.#members = span ? [...membersOf(bytes, span)] : [];
  }

  has(key: string): boolean {
    return this.#members.some((member) => member.key === key);
  }

  /** Of two equal keys we read the last, but a process may read the first. */
  isRepeated(key: string): boolean {
    return this.#members.filter((member) => member.key === key).length > 1;
  }

  /** Whether there is a key that differs from this one only in case. */
  hasLookalike(key: string): boolean {
    return this.#members.some((member) => isLookalike(member.key, key));
  }

  /** Parsed; undefined if there is none. */
  get(key: string): unknown {
    const member = this.#members.findLast((member) => member.key === key);
    return member && (JSON.parse(textAt(this.#bytes, member.value)) as unknown);
  }
}

export interface ModernRequest {
  readonly method: string;
  /** Raw JSON text; absent in a notification. */
  readonly id: string | undefined;
  readonly text: string;
  /** {@link text} in UTF-8. */
  readonly bytes: Uint8Array;
  readonly params: Members;
  readonly meta: Members;
}

const encoder = new TextEncoder();

/** Undefined for a batch and for a response. */
export function readModernRequest(message: ClientMessage): ModernRequest | undefined {
  const { text, method, requestIds } = message;
  if (method === undefined) return undefined;
  const bytes = encoder.encode(text);
  return {
    method,
    id: requestIds[0],
    text,
    bytes,
    params: new Members(bytes, valueAt(bytes, 'params')),
    meta: new Members(bytes, valueAt(bytes, 'params', '_meta')),
  };
}
