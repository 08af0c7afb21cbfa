// Reads what a client POSTs and checks it once: guards, size, time, UTF-8, and the JSON-RPC envelope.
import { arrivedBody, headOf, readBody } from './guards/body.ts';
import { checkAccept, checkContentType } from './guards/media.ts';
import type { Post } from '../core/ports.ts';
import type { Fault } from '../../shared/fault.ts';
import { scanMessage, type Scanned } from '../../shared/jsonrpc/scan.ts';
import { compactLine } from '../../shared/jsonrpc/splice.ts';
import { viewsIn, type MessageView } from '../../shared/jsonrpc/view.ts';
import { SESSION_ID_HEADER } from '../../shared/mcp/headers.ts';
import { CLIENT_MESSAGE_BYTES } from '../../shared/limits.ts';

/** A body must be complete within this, however slowly it comes. */
const BODY_TIMEOUT_MS = 30_000;

export interface ClientMessage {
  /** One line: breaks between tokens are dropped, every other byte is as it came. */
  readonly text: string;
  /** It, if it is one message that needs no other bytes to stand on one line. */
  readonly said: MessageView | undefined;
  readonly isBatch: boolean;
  /** One, or those of the batch. */
  readonly messages: readonly MessageView[];
  /** Raw JSON text of the ids of its requests. */
  readonly requestIds: readonly string[];
  readonly method: string | undefined;
  /** Raw JSON text of the id of the request that it answers; undefined for a batch. */
  readonly answers: string | undefined;
}

export type ReadMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  /** `refused`: the refused message, or as much of its beginning as was read. */
  | { readonly ok: false; readonly fault: Fault; readonly refused?: Uint8Array };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads and checks the body of a POST. `acceptsAnswer`: the answer comes in this response, so Accept matters. */
export function readClientMessage(
  request: Request,
  acceptsAnswer: boolean,
): ReadMessage | Promise<ReadMessage> {
  // In a session it may be the answer to a question of the server.
  const wantsHead = !acceptsAnswer || request.headers.has(SESSION_ID_HEADER);
  const fault =
    checkContentType(request) ?? (acceptsAnswer ? checkAccept(request, 'post') : undefined);
  if (fault)
    return wantsHead
      ? headOf(request).then((head) => refused(fault, head))
      : refused(fault, undefined);
  const here = arrivedBody(request, CLIENT_MESSAGE_BYTES);
  return here ? checkMessage(here) : readMessage(request, wantsHead);
}

async function readMessage(request: Request, wantsHead: boolean): Promise<ReadMessage> {
  const body = await readBody(request, {
    limitBytes: CLIENT_MESSAGE_BYTES,
    timeoutMs: BODY_TIMEOUT_MS,
    wantsHead,
  });
  return body.ok ? checkMessage(body.bytes) : refused(body.fault, body.head);
}

const refused = (fault: Fault, head: Uint8Array | undefined): ReadMessage => ({
  ok: false,
  fault,
  ...(head && { refused: head }),
});

function checkMessage(bytes: Uint8Array): ReadMessage {
  const scan = scanMessage(bytes);
  if (!scan.ok) {
    const fault = scan.code === -32700 ? 'parse_error' : 'invalid_request';
    return { ok: false, fault: { fault, message: scan.reason }, refused: bytes };
  }
  return { ok: true, message: new CheckedMessage(bytes, scan) };
}

/** A message that was changed here, as a post holds it. */
export function asPosted(view: MessageView): Pick<Post, 'message' | 'said'> {
  const { line, bytes } = view;
  return { message: decoder.decode(line), said: line === bytes ? view : undefined };
}

/** A class: a literal with a getter costs as much as the scan of a small message. */
class CheckedMessage implements ClientMessage {
  readonly isBatch: boolean;
  readonly messages: readonly MessageView[];
  readonly requestIds: readonly string[];
  readonly method: string | undefined;
  readonly answers: string | undefined;
  readonly #bytes: Uint8Array;
  readonly #isCompact: boolean;

  constructor(bytes: Uint8Array, scan: Scanned) {
    this.#bytes = bytes;
    this.#isCompact = scan.compact;
    this.isBatch = scan.kind === 'batch';
    this.messages = viewsIn(bytes, scan);
    const [single] = this.isBatch ? [] : this.messages;
    this.requestIds = idsOfRequests(this.messages);
    this.method = single?.isAnswer === false ? single.method : undefined;
    this.answers = single?.isAnswer === true ? single.id : undefined;
  }

  get said(): MessageView | undefined {
    return this.isBatch || !this.#isCompact ? undefined : this.messages[0];
  }

  get text(): string {
    return decoder.decode(this.#isCompact ? this.#bytes : compactLine(this.#bytes));
  }
}

function idsOfRequests(messages: readonly MessageView[]): string[] {
  const ids: string[] = [];
  for (const { kind, id } of messages) if (kind === 'request' && id !== undefined) ids.push(id);
  return ids;
}
