// The answer of a legacy session to a POST: JSON, 202, or a stream that can be resumed (MCP 2025-11-25, Transports, "Sending Messages
// to the Server").
import type { ClientMessage } from './client-message.ts';
import type { RecordedPost } from './recorded-post.ts';
import {
  answerHeaders,
  jsonHeaders,
  newPostId,
  refuseExchange,
  revisionOf,
  type Exchange,
} from './exchange.ts';
import { largeAnswer } from './large-answer.ts';
import { prefersStream } from './guards/media.ts';
import { tracedMessage } from './traced-text.ts';
import type { SessionPort } from './ports.ts';
import { OPENING_COMMENT, SseStream } from './sse-response.ts';
import { isInPieces, type Text } from '../../shared/bytes.ts';
import type { Post, PostAnswer } from '../core/ports.ts';
import { STREAM_KINDS } from '../core/stream-kinds.ts';
import { GET_STREAM } from '../../shared/ids.ts';
import { SESSION_ID_HEADER } from '../../shared/mcp/headers.ts';
import { ASSUMED_REVISION, primesStreams } from '../../shared/mcp/revisions.ts';
import { encodeEvent, eventId } from '../../shared/sse/encode.ts';

/** When a client whose stream broke comes back: soon, as its answer may be there, but not at once, all together. */
const RETRY_MS = 1_000;

export function newPost(exchange: Exchange, message: ClientMessage, wants: Post['wants']): Post {
  const id = newPostId();
  // Only a post with requests opens a stream; others are accepted at once (LP13).
  const stream = wants === 'answer' ? id : GET_STREAM;
  const { requestIds } = message;
  return { id, stream, wants, ...tracedMessage(exchange, message), requestIds };
}

export function respond(
  exchange: Exchange,
  session: SessionPort,
  asked: Post,
  answer: PostAnswer,
  headers?: Readonly<Record<string, string>>,
): Response | Promise<Response> {
  if (exchange.record) recordAnswer(exchange.record, answer);
  switch (answer.kind) {
    case 'answered':
      return answered(exchange, session, asked, answer.message, headers);
    case 'accepted':
      return accepted(exchange, headers);
    case 'follow':
      return follow(exchange, session, asked, answer, headers);
    case 'refused':
      return refuseExchange(exchange, answer.fault, soleId(asked));
  }
}

const accepted = (
  exchange: Exchange,
  headers: Readonly<Record<string, string>> | undefined,
): Response =>
  new Response(null, { status: 202, headers: { ...answerHeaders(exchange), ...headers } });

function answered(
  exchange: Exchange,
  session: SessionPort,
  { stream }: Post,
  message: Text | undefined,
  headers: Readonly<Record<string, string>> | undefined,
): Response {
  if (message === undefined) return accepted(exchange, headers);
  const json = jsonHeaders(exchange);
  const init = { headers: headers ? { ...json, ...headers } : json };
  return isInPieces(message)
    ? largeAnswer(exchange, session, stream, message, init)
    : new Response(message, init);
}

/** A message of a legacy client is posted as this. */
export function recordPost(
  { record }: Exchange,
  { messages }: Pick<ClientMessage, 'messages'>,
  post: Post,
): void {
  record?.asks(messages);
  record?.posted(post);
}

/** What is over with this answer. A stream tells its own end, and a refusal has a line of its own. */
export function recordAnswer(record: RecordedPost, answer: PostAnswer): void {
  if (answer.kind === 'answered') record.answered(answer.message ?? '', answer.processMs);
  else if (answer.kind === 'accepted') record.ended('accepted', 0);
}

/** A batch has no id that an error could bear. */
export const soleId = ({ requestIds }: Post): string | undefined =>
  requestIds.length === 1 ? requestIds[0] : undefined;

/**
 * A client that would rather have a stream gets one at once, and one that asked for progress: it can come back for what it has not
 * seen from the first event on. All others get what costs less, JSON if the answer comes soon.
 */
export const wantsStream = ({ request }: Exchange, { messages }: ClientMessage): boolean =>
  prefersStream(request) || messages.some(({ progressTokenAt }) => progressTokenAt !== undefined);

/** How far a post got before its answer became a stream. */
interface Sending {
  readonly isAccepted: boolean;
  readonly isSent: boolean;
}

/** The answer as a stream. */
const follow = (
  exchange: Exchange,
  session: SessionPort,
  asked: Post,
  sending: Sending,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  newStream(exchange, session, asked, sending, SESSION_ID_HEADER in headers).response({
    ...answerHeaders(exchange),
    ...headers,
  });

export function newStream(
  exchange: Exchange,
  session: SessionPort,
  asked: Post,
  { isAccepted, isSent }: Sending,
  isOpening = false,
): SseStream {
  const { request } = exchange;
  const isPrimed = primesStreams(revisionOf(exchange) ?? ASSUMED_REVISION);
  const opening = isPrimed ? STREAM_KINDS.primedOpening : STREAM_KINDS.opening;
  return new SseStream({
    session,
    signal: request.signal,
    stream: asked.stream,
    post: { id: asked.id, message: asked.message, isAccepted, isSent },
    after: 0,
    requestIds: asked.requestIds,
    kind: isOpening ? opening : STREAM_KINDS.streamable,
    record: exchange.record,
    opening: isPrimed
      ? encodeEvent({ id: eventId(asked.stream, 0), data: '', retryMs: RETRY_MS })
      : OPENING_COMMENT,
  });
}
