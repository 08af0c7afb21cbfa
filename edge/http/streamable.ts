// The MCP endpoint. POSTs of modern clients go to modern.ts. The rest is Streamable HTTP of the legacy revisions 2025-03-26 to
// 2025-11-25: sessions, answers as JSON or SSE, the GET stream, Last-Event-ID, DELETE (MCP 2025-11-25, Transports).
import { readClientMessage, type ClientMessage, type ReadMessage } from './client-message.ts';
import { bearsModernRevision, eraOf } from './era.ts';
import {
  answerHeaders,
  findSession,
  openSession,
  persistently,
  postTo,
  refuseExchange,
  revisionOf,
  type Exchange,
} from './exchange.ts';
import { refuseInbound } from './inbound.ts';
import { checkAccept } from './guards/media.ts';
import { checkLengths } from './modern/headers.ts';
import { endQuestion } from './refused-answer.ts';
import { newPost, newStream, respond, soleId, wantsStream, recordPost } from './post-answer.ts';
import { refuseOf, serveModern } from './modern/modern.ts';
import { OPENING_COMMENT, SseStream } from './sse-response.ts';
import { ATTACH_WAIT_MS } from '../core/client-stream.ts';
import { UNREACHABLE } from '../core/exchange.ts';
import { STREAM_KINDS } from '../core/stream-kinds.ts';
import type { Post } from '../core/ports.ts';
import type { SessionPort } from './ports.ts';
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
  isRevision,
  LEGACY_REVISIONS,
} from '../../shared/mcp/revisions.ts';
import { livenessId } from '../../shared/mcp/liveness.ts';
import type { Fault } from '../../shared/fault.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { parseEventId } from '../../shared/sse/encode.ts';

/** A promise of its own only where the body has yet to come: each that lies between a call and its answer is one turn more. */
export function streamablePost(exchange: Exchange): Response | Promise<Response> {
  const { request } = exchange;
  const tooLong = checkLengths(request.headers);
  if (tooLong) return refuseOf(exchange, tooLong, undefined);
  // The modern revision names no error for a client that does not say what it accepts.
  const reading = readClientMessage(request, !bearsModernRevision(request.headers));
  return reading instanceof Promise
    ? reading.then((read) => servePost(exchange, read))
    : servePost(exchange, reading);
}

function servePost(exchange: Exchange, read: ReadMessage): Response | Promise<Response> {
  if (!read.ok) return refuseRead(exchange, read);
  const { request } = exchange;
  const { message } = read;
  const forbidden = refuseInbound(exchange, message);
  if (forbidden) return forbidden;
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

/** A refused message may be the answer to a question of the server. */
async function refuseRead(
  exchange: Exchange,
  { fault, refused }: ReadMessage & { ok: false },
): Promise<Response> {
  const sessionId = exchange.request.headers.get(SESSION_ID_HEADER);
  if (refused && sessionId !== null) {
    const session = await findSession(exchange, sessionId, 'streamable');
    if (session) await endQuestion(session, refused, fault);
  }
  return refuseExchange(exchange, fault);
}

function legacyPost(exchange: Exchange, message: ClientMessage): Response | Promise<Response> {
  if (message.method === 'initialize') return initialize(exchange, message);
  // In a session the runner judges, by what was negotiated; outside of one there is only the header.
  const isBatchless = !allowsBatches(revisionOf(exchange) ?? ASSUMED_REVISION);
  if (message.isBatch && isBatchless && !exchange.request.headers.has(SESSION_ID_HEADER))
    return refuseExchange(exchange, { fault: 'invalid_request', message: NO_BATCHES });
  return inSession(exchange, (session) => post(exchange, session, message), message);
}

const encoder = new TextEncoder();

const NO_BATCHES = 'Batches exist in revision 2025-03-26 only; send the messages one by one.';

export async function streamableGet(exchange: Exchange): Promise<Response> {
  const refused = refuseModernMethod(exchange);
  if (refused) return refused;
  const fault = checkAccept(exchange.request, 'get');
  if (fault) return refuseExchange(exchange, fault);
  return inSession(exchange, (session) => openStream(exchange, session));
}

export async function streamableDelete(exchange: Exchange): Promise<Response> {
  const refused = refuseModernMethod(exchange);
  if (refused) return refused;
  return inSession(exchange, async (session) =>
    (await session.end())
      ? new Response(null, { status: 204, headers: answerHeaders(exchange) })
      : refuseExchange(exchange, { fault: 'session_not_found' }),
  );
}

/** A modern client has nothing to GET or DELETE (MCP 2026-07-28, Transports: 405). Headers that are no sensible text go no further. */
function refuseModernMethod(exchange: Exchange): Response | undefined {
  const { headers } = exchange.request;
  const tooLong = checkLengths(headers);
  if (tooLong) return refuseOf(exchange, tooLong, undefined);
  if (!bearsModernRevision(headers)) return undefined;
  return refuseExchange(exchange, { fault: 'method_not_allowed', message: ONLY_POST }, undefined, [
    'POST',
  ]);
}

const ONLY_POST = `This ${PROTOCOL_VERSION_HEADER} has no sessions and no GET stream. POST every request, including \`${LISTEN_METHOD}\`.`;

/**
 * A missing session id is the client's mistake (400); every other doubt about it is the same 404 (F-23). The session is asked for
 * what it negotiated only if the version header names none of ours.
 */
function inSession(
  exchange: Exchange,
  serve: (session: SessionPort) => Promise<Response>,
  message?: ClientMessage,
): Response | Promise<Response> {
  const { headers } = exchange.request;
  const id = message?.isBatch ? undefined : message?.requestIds[0];
  const sessionId = headers.get(SESSION_ID_HEADER);
  const isKnown = isLegacyRevision(revisionOf(exchange) ?? ASSUMED_REVISION);
  if (sessionId === null) {
    return refuseExchange(exchange, isKnown ? { fault: 'session_required' } : NOT_SERVED, id);
  }
  const found = findSession(exchange, sessionId, 'streamable');
  const session = found instanceof Promise ? undefined : found;
  return session && isKnown ? serve(session) : inFound(exchange, found, { serve, message, id });
}

async function inFound(
  exchange: Exchange,
  found: ReturnType<typeof findSession>,
  {
    serve,
    message,
    id,
  }: {
    readonly serve: (session: SessionPort) => Promise<Response>;
    readonly message: ClientMessage | undefined;
    readonly id: string | undefined;
  },
): Promise<Response> {
  const session = await found;
  if (!session) return refuseExchange(exchange, { fault: 'session_not_found' }, id);
  const isKnown = isLegacyRevision(revisionOf(exchange) ?? ASSUMED_REVISION);
  const fault = isKnown ? undefined : await checkRevision(exchange, session);
  if (!fault) return serve(session);
  if (message) await endQuestion(session, encoder.encode(message.text), fault);
  return refuseExchange(exchange, fault, id);
}

/**
 * A header with a revision that this bridge does not know is right if client and server agreed on just that (MCP 2025-06-18,
 * Transports, "Protocol Version Header": the one negotiated); any other is invalid or unsupported: 400. One that the bridge
 * knows passes though another was negotiated: it is neither, and the session goes on as it was negotiated.
 */
async function checkRevision(exchange: Exchange, session: SessionPort): Promise<Fault | undefined> {
  const negotiated = await persistently(() => session.negotiated());
  if (!negotiated) return UNREACHABLE;
  const { isOpen, revision } = negotiated;
  if (!isOpen) return { fault: 'session_not_found' };
  const header = revisionOf(exchange);
  const mayBe = revision === undefined && isRevision(header ?? '');
  return mayBe || header === revision ? undefined : NOT_SERVED;
}

const NOT_SERVED: Fault = {
  fault: 'unsupported_revision',
  message: `This ${PROTOCOL_VERSION_HEADER} is not supported. Send the version from the answer to initialize, or one of ${LEGACY_REVISIONS.join(', ')}.`,
};

/** A client that still sends the id of an ended session is told so (404); otherwise it would never open a new one. */
async function whyNotAgain(exchange: Exchange, sessionId: string): Promise<Fault> {
  const session = await findSession(exchange, sessionId, 'streamable');
  if (!session) return { fault: 'session_not_found' };
  const negotiated = await persistently(() => session.negotiated());
  if (!negotiated) return UNREACHABLE;
  return negotiated.isOpen
    ? { fault: 'invalid_request', message: IS_INITIALIZED }
    : { fault: 'session_not_found' };
}

/** What an `initialize` asks for, unless it is no text. */
const requestedBy = ({ messages: [initialize] }: ClientMessage): unknown =>
  initialize?.parsed('params', 'protocolVersion');

const IS_INITIALIZED = `This session is already initialized. To open another, send initialize without ${SESSION_ID_HEADER}.`;

async function initialize(exchange: Exchange, message: ClientMessage): Promise<Response> {
  const { headers } = exchange.request;
  const [id] = message.requestIds;
  const earlierId = headers.get(SESSION_ID_HEADER);
  if (earlierId !== null)
    return refuseExchange(exchange, await whyNotAgain(exchange, earlierId), id);
  const revision = revisionOf(exchange) ?? ASSUMED_REVISION;
  if (!isLegacyRevision(revision) && revision !== requestedBy(message))
    return refuseExchange(exchange, NOT_SERVED, id);
  if (id === undefined)
    return refuseExchange(exchange, {
      fault: 'invalid_request',
      message: 'initialize is a request: it needs an id.',
    });
  const asked = newPost(exchange, message, 'answer');
  recordPost(exchange, message, asked);
  const opened = await openSession(
    exchange,
    'streamable',
    (session, opening) => session.openWith(opening, asked),
    (answer) => (answer.kind === 'refused' ? answer.fault : undefined),
  );
  if (!opened.ok) return refuseExchange(exchange, opened.fault, id);
  const { session, sessionId, answer } = opened;
  return respond(exchange, session, asked, answer, { [SESSION_ID_HEADER]: sessionId });
}

function post(exchange: Exchange, session: SessionPort, message: ClientMessage): Promise<Response> {
  const probe = message.answers === undefined ? undefined : livenessId(message.answers);
  if (probe !== undefined) return answerProbe(exchange, session, probe);
  const wants = message.requestIds.length > 0 ? 'answer' : 'accepted';
  const asked = newPost(exchange, message, wants);
  recordPost(exchange, message, asked);
  if (wants === 'answer' && wantsStream(exchange, message))
    return postStream(exchange, session, asked);
  return postTo(session, asked).then((answer) => respond(exchange, session, asked, answer));
}

/** A client shows that it is there. */
async function answerProbe(
  exchange: Exchange,
  session: SessionPort,
  probe: string,
): Promise<Response> {
  await session.alive(probe);
  return new Response(null, { status: 202, headers: answerHeaders(exchange) });
}

/** The answer is a stream from the first event on. */
async function postStream(
  exchange: Exchange,
  session: SessionPort,
  asked: Post,
): Promise<Response> {
  const stream = newStream(exchange, session, asked, { isAccepted: false, isSent: false });
  const fault = await stream.refusal(ATTACH_WAIT_MS);
  return fault
    ? refuseExchange(exchange, fault, soleId(asked))
    : stream.response(answerHeaders(exchange));
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
    kind: STREAM_KINDS.streamable,
    resumes: cursor !== undefined,
    opening: OPENING_COMMENT,
    until: exchange.principal.expiresAt,
    mayGoOn: exchange.mayStill,
  });
  const fault = await stream.refusal(ATTACH_WAIT_MS);
  return fault ? refuseExchange(exchange, fault) : stream.response(answerHeaders(exchange));
}
