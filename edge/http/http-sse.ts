// HTTP+SSE of revision 2024-11-05: one stream for each session. Its first event names the URL to POST to, and the session ends
// with the stream (MCP 2024-11-05, Transports, "HTTP with SSE").
import { readClientMessage } from './client-message.ts';
import { corsHeaders } from './cors.ts';
import {
  answerHeaders,
  findSession,
  newPostId,
  openSession,
  postTo,
  refuseExchange,
  type Exchange,
} from './exchange.ts';
import { refuseInbound } from './inbound.ts';
import { checkAccept } from './guards/media.ts';
import { urlOf, type RequestUrl } from './request-url.ts';
import { endQuestion } from './refused-answer.ts';
import { recordAnswer, recordPost } from './post-answer.ts';
import { SseStream } from './sse-response.ts';
import { tracedMessage } from './traced-text.ts';
import { STREAM_KINDS } from '../core/stream-kinds.ts';
import { SERVER_NAME, SSE_STREAM, type ServerName } from '../../shared/ids.ts';
import { encodeEvent } from '../../shared/sse/encode.ts';

/** The parameters of the URL to POST to. */
const SESSION_PARAMETER = 'sessionId';
const SERVER_PARAMETER = 'server';

/**
 * The URL to POST to, as a reference without a path: every client keeps or loses the path of the SSE URL in its own way, and a
 * proxy may have taken a prefix off it, but all of them reach one of the paths of {@link serverOfMessage}.
 */
const endpointOf = (server: ServerName, sessionId: string): string =>
  `?${SESSION_PARAMETER}=${sessionId}&${SERVER_PARAMETER}=${server}`;

/** Whether a request names the session that its message is for, as no request for a stream does. */
export const isMessage = ({ searchParams }: Pick<RequestUrl, 'searchParams'>): boolean =>
  searchParams.has(SESSION_PARAMETER);

/**
 * The server that a message at the URL of an `endpoint` event is for, or undefined if that is not what came. A client that
 * resolves the reference by RFC 3986 §5.2 posts to the SSE URL; one that resolves it against a base, or by RFC 2396, to the folder
 * of the SSE URL or to the root; one that joins texts, to any of them with another slash.
 */
export function serverOfMessage(url: RequestUrl): string | undefined {
  if (url.search === '') return undefined;
  const { pathname, searchParams } = url;
  const server = searchParams.get(SERVER_PARAMETER);
  if (server === null || !SERVER_NAME.test(server) || !isMessage({ searchParams }))
    return undefined;
  const path = pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
  const isPath = ['', `/${server}`, `/${server}/sse`, `/${server}/message`].includes(path);
  return isPath ? server : undefined;
}

/** GET /{server}/sse */
export async function openSse(exchange: Exchange): Promise<Response> {
  const { request, server, settings } = exchange;
  const fault = checkAccept(request, 'get');
  if (fault) return refuseExchange(exchange, fault);
  const made = await openSession(
    exchange,
    'sse',
    (session, opening) => session.open(opening),
    (opened) => (opened.ok ? undefined : opened.fault),
  );
  if (!made.ok) return refuseExchange(exchange, made.fault);
  const { session, sessionId, answer } = made;
  if (!answer.ok) return refuseExchange(exchange, answer.fault);
  const stream = new SseStream({
    session,
    signal: request.signal,
    outlive: (work) => exchange.ports.outlive(work),
    stream: SSE_STREAM,
    after: null,
    requestIds: [],
    kind: STREAM_KINDS.sse,
    opening: encodeEvent({ event: 'endpoint', data: endpointOf(server, sessionId) }),
    until: exchange.principal.expiresAt,
    mayGoOn: exchange.mayStill,
  });
  return stream.response(corsHeaders(request, settings));
}

/** POST to the URL of the `endpoint` event, or to /{server}/message?sessionId=… : 202 once the runner has it; the answer comes on the stream. */
export async function postMessage(exchange: Exchange): Promise<Response> {
  const { request } = exchange;
  const sessionId = urlOf(request).searchParams.get(SESSION_PARAMETER);
  if (sessionId === null) {
    return refuseExchange(exchange, {
      fault: 'session_required',
      message:
        'The sessionId parameter is missing. Open the SSE stream and POST to the URL in its endpoint event.',
    });
  }
  const read = await readClientMessage(request, false);
  if (!read.ok) {
    const { fault, refused } = read;
    const asked = refused && (await findSession(exchange, sessionId, 'sse'));
    if (asked) await endQuestion(asked, refused, fault, SSE_STREAM);
    return refuseExchange(exchange, fault);
  }
  const { requestIds, isBatch, messages } = read.message;
  const forbidden = refuseInbound(exchange, read.message);
  if (forbidden) return forbidden;
  const id = isBatch ? undefined : requestIds[0];
  // After the body, so that the refusal of a foreign id and of an ended one are the same to the byte (F-23).
  const session = await findSession(exchange, sessionId, 'sse');
  if (!session) return refuseExchange(exchange, { fault: 'session_not_found' }, id);
  if (isBatch) {
    return refuseExchange(exchange, {
      fault: 'invalid_request',
      message: 'HTTP+SSE takes no batches here; send the messages one by one.',
    });
  }
  const post = {
    id: newPostId(),
    stream: SSE_STREAM,
    ...tracedMessage(exchange, read.message),
    wants: 'accepted' as const,
    requestIds,
  };
  recordPost(exchange, { messages }, post);
  const answer = await postTo(session, post);
  if (exchange.record) recordAnswer(exchange.record, answer);
  if (answer.kind === 'accepted') {
    return new Response('Accepted', { status: 202, headers: answerHeaders(exchange) });
  }
  return refuseExchange(
    exchange,
    answer.kind === 'refused' ? answer.fault : { fault: 'internal' },
    id,
  );
}
