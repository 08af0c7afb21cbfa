// The MCP endpoint. A POST of a modern client goes to modern.ts; here is Streamable HTTP of the legacy revisions 2025-03-26 …
// 2025-11-25: sessions, answers as JSON or SSE, the GET stream, Last-Event-ID, DELETE (MCP 2025-11-25, Transports).
import { readClientMessage, type ClientMessage } from './client-message.ts';
import { bearsModernRevision, eraOf } from './era.ts';
import {
  answerHeaders,
  findSession,
  newPostId,
  newSession,
  postPersistently,
  refuseExchange,
  type Exchange,
} from './exchange.ts';
import { checkAccept } from './guards/media.ts';
import { refuseOf, serveModern } from './modern.ts';
import { OPENING_COMMENT, SseStream } from './sse-response.ts';
import type { PostAnswer } from '../core/relay.ts';
import type { Post, SessionPort } from './ports.ts';
import { GET_STREAM } from '../../shared/ids.ts';
import {
  LAST_EVENT_ID_HEADER,
  PROTOCOL_VERSION_HEADER,
  SESSION_ID_HEADER,
} from '../../shared/mcp/headers.ts';
import {
  ASSUMED_REVISION,
  allowsBatches,
  isLegacyRevision,
  LEGACY_REVISIONS,
  primesStreams,
} from '../../shared/mcp/revisions.ts';
import type { Fault } from '../../shared/fault.ts';
import { encodeEvent, eventId, parseEventId } from '../../shared/sse/encode.ts';

/** A GET waits this long for the runner's word on the stream before it answers 200 and lets the client wait. */
const ATTACH_WAIT_MS = 2_000;

export async function streamablePost(exchange: Exchange): Promise<Response> {
  const { request } = exchange;
  // The modern revision names no error for a client that does not say what it accepts.
  const read = await readClientMessage(request, !bearsModernRevision(request.headers));
  if (!read.ok) return refuseExchange(exchange, read.fault);
  const { message } = read;
  const era = eraOf(request.headers, message);
  switch (era.era) {
    case 'modern':
      return serveModern(exchange, era.request);
    case 'refused':
      return refuseOf(exchange, era.refusal, message.isBatch ? undefined : message.requestIds[0]);
    case 'legacy':
      return legacyPost(exchange, message);
  }
}

async function legacyPost(exchange: Exchange, message: ClientMessage): Promise<Response> {
  const fault = checkRevision(exchange) ?? checkBatch(exchange, message);
  const id = message.isBatch ? undefined : message.requestIds[0];
  if (fault) return refuseExchange(exchange, fault, id);
  if (message.method === 'initialize') return initialize(exchange, message);
  return inSession(exchange, (session) => post(exchange, session, message), id);
}

export async function streamableGet(exchange: Exchange): Promise<Response> {
  const fault = checkAccept(exchange.request, 'get') ?? checkRevision(exchange);
  if (fault) return refuseExchange(exchange, fault);
  return inSession(exchange, (session) => openStream(exchange, session));
}

export async function streamableDelete(exchange: Exchange): Promise<Response> {
  const fault = checkRevision(exchange);
  if (fault) return refuseExchange(exchange, fault);
  return inSession(exchange, async (session) =>
    (await session.end())
      ? new Response(null, { status: 204, headers: answerHeaders(exchange) })
      : refuseExchange(exchange, { fault: 'session_not_found' }),
  );
}

/** A missing session id is the client's mistake (400); every other doubt about it is the same 404 (F-23). */
async function inSession(
  exchange: Exchange,
  serve: (session: SessionPort) => Promise<Response>,
  id?: string,
): Promise<Response> {
  const sessionId = exchange.request.headers.get(SESSION_ID_HEADER);
  if (sessionId === null) return refuseExchange(exchange, { fault: 'session_required' }, id);
  const session = await findSession(exchange, sessionId, 'streamable');
  return session ? serve(session) : refuseExchange(exchange, { fault: 'session_not_found' }, id);
}

function checkRevision({ request }: Exchange): Fault | undefined {
  const revision = request.headers.get(PROTOCOL_VERSION_HEADER);
  if (revision === null || isLegacyRevision(revision)) return undefined;
  const served = LEGACY_REVISIONS.join(', ');
  return {
    fault: 'unsupported_revision',
    message: `This MCP-Protocol-Version is not served. Served: ${served}.`,
  };
}

function checkBatch({ request }: Exchange, message: ClientMessage): Fault | undefined {
  if (!message.isBatch) return undefined;
  const revision = request.headers.get(PROTOCOL_VERSION_HEADER) ?? ASSUMED_REVISION;
  if (allowsBatches(revision)) return undefined;
  return {
    fault: 'invalid_request',
    message: `Revision ${revision} has no batches; send the messages one by one.`,
  };
}

async function initialize(exchange: Exchange, message: ClientMessage): Promise<Response> {
  const { request } = exchange;
  const [id] = message.requestIds;
  if (request.headers.has(SESSION_ID_HEADER)) {
    const fault: Fault = {
      fault: 'invalid_request',
      message:
        'This session is initialized. To open another, send initialize without Mcp-Session-Id.',
    };
    return refuseExchange(exchange, fault, id);
  }
  if (id === undefined)
    return refuseExchange(exchange, {
      fault: 'invalid_request',
      message: 'initialize is a request: it needs an id.',
    });
  const { session, sessionId, opening } = await newSession(exchange, 'streamable');
  const asked = newPost(message, 'answer');
  const answer = await session.openWith(opening, asked);
  return respond(exchange, session, asked, answer, { 'Mcp-Session-Id': sessionId });
}

async function post(
  exchange: Exchange,
  session: SessionPort,
  message: ClientMessage,
): Promise<Response> {
  const wants = message.requestIds.length > 0 ? 'answer' : 'accepted';
  const asked = newPost(message, wants);
  // An answer can be followed instead, so one failed attempt is enough there.
  const answer = await postPersistently(session, asked, wants === 'answer' ? 1 : undefined);
  if (answer) return respond(exchange, session, asked, answer, {});
  // Whether the attempt that broke had reached the runner is not known.
  if (wants === 'answer')
    return follow(exchange, session, asked, { isAccepted: false, isSent: true }, {});
  return refuseExchange(exchange, {
    fault: 'internal',
    message: 'The session could not be reached. Try again.',
  });
}

function newPost(message: ClientMessage, wants: Post['wants']): Post {
  const id = newPostId();
  // Only a post with requests opens a stream; others are accepted at once (LP13).
  const stream = wants === 'answer' ? id : GET_STREAM;
  return { id, stream, wants, message: message.text, requestIds: message.requestIds };
}

function respond(
  exchange: Exchange,
  session: SessionPort,
  asked: Post,
  answer: PostAnswer,
  headers: Record<string, string>,
): Response | Promise<Response> {
  const all = { ...answerHeaders(exchange), ...headers };
  switch (answer.kind) {
    case 'answered':
      return answer.message === undefined
        ? new Response(null, { status: 202, headers: all })
        : new Response(answer.message, { headers: { ...all, 'Content-Type': 'application/json' } });
    case 'accepted':
      return new Response(null, { status: 202, headers: all });
    case 'follow':
      return follow(exchange, session, asked, answer, headers);
    case 'refused':
      return refuseExchange(
        exchange,
        answer.fault,
        asked.requestIds.length === 1 ? asked.requestIds[0] : undefined,
      );
  }
}

/** The answer as a stream. */
function follow(
  exchange: Exchange,
  session: SessionPort,
  asked: Post,
  { isAccepted, isSent }: { readonly isAccepted: boolean; readonly isSent: boolean },
  headers: Record<string, string>,
): Response {
  const { request } = exchange;
  const revision = request.headers.get(PROTOCOL_VERSION_HEADER) ?? ASSUMED_REVISION;
  const stream = new SseStream({
    session,
    signal: request.signal,
    stream: asked.stream,
    post: { id: asked.id, message: asked.message, isAccepted, isSent },
    after: 0,
    requestIds: asked.requestIds,
    isResumable: true,
    endsSession: false,
    resumes: false,
    opening: primesStreams(revision)
      ? encodeEvent({ id: eventId(asked.stream, 0), data: '' })
      : OPENING_COMMENT,
  });
  return stream.response({ ...answerHeaders(exchange), ...headers });
}

/** GET: the session's standing stream, or what a stream still holds after Last-Event-ID. */
async function openStream(exchange: Exchange, session: SessionPort): Promise<Response> {
  const { request } = exchange;
  const lastEventId = request.headers.get(LAST_EVENT_ID_HEADER);
  const cursor = lastEventId === null ? undefined : parseEventId(lastEventId);
  if (lastEventId !== null && !cursor) return refuseExchange(exchange, { fault: 'event_unknown' });
  const stream = new SseStream({
    session,
    signal: request.signal,
    stream: cursor?.stream ?? GET_STREAM,
    after: cursor?.seq ?? null,
    requestIds: [],
    isResumable: true,
    endsSession: false,
    resumes: cursor !== undefined,
    opening: OPENING_COMMENT,
  });
  const fault = await stream.refusal(ATTACH_WAIT_MS);
  return fault ? refuseExchange(exchange, fault) : stream.response(answerHeaders(exchange));
}
