// A modern client's message as the checks need it: a few members of params and _meta, as the scan noted them; the rest is not read.
import type { ClientMessage } from '../client-message.ts';
import { stringIn, type Member } from '../../../shared/jsonrpc/members.ts';
import { parsedAgain } from '../../../shared/jsonrpc/repeated.ts';
import { isLookalike } from '../../../shared/jsonrpc/scan.ts';
import type { MessageView, Path } from '../../../shared/jsonrpc/view.ts';

/** The members of one object; none if there is no object. */
export class Members {
  readonly #bytes: Uint8Array;
  readonly #members: readonly Member[];

  constructor(message: MessageView, ...path: Path) {
    this.#bytes = message.bytes;
    const members = message.members(...path);
    this.#members = Array.isArray(members) ? (members as readonly Member[]) : [...members];
  }

  has(key: string): boolean {
    return this.#members.some((member) => member.key === key);
  }

  /** Of two equal keys we read the last, but a process may read the first. */
  isRepeated(key: string): boolean {
    let count = 0;
    for (const member of this.#members) if (member.key === key) count += 1;
    return count > 1;
  }

  /** Whether there is a key that differs from this one only in case. */
  hasLookalike(key: string): boolean {
    return this.#members.some((member) => isLookalike(member.key, key));
  }

  /** Parsed; undefined if there is none. */
  get(key: string): unknown {
    const member = this.#members.findLast((member) => member.key === key);
    return (
      member && (stringIn(this.#bytes, member.value) ?? parsedAgain(this.#bytes, member.value))
    );
  }
}

export interface ModernRequest {
  readonly method: string;
  /** Raw JSON text; absent in a notification. */
  readonly id: string | undefined;
  readonly message: MessageView;
  readonly params: Members;
  readonly meta: Members;
}

/** Undefined for a batch and for a response. */
export function readModernRequest(posted: ClientMessage): ModernRequest | undefined {
  const { messages, method, requestIds } = posted;
  const [message] = messages;
  if (method === undefined || !message) return undefined;
  return {
    method,
    id: requestIds[0],
    message,
    params: new Members(message, 'params'),
    meta: new Members(message, 'params', '_meta'),
  };
}
