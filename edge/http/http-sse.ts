// HTTP+SSE of revision 2024-11-05: one stream a session, whose first event names the URL to POST to; the session ends with
// the stream (MCP 2024-11-05, Transports, "HTTP with SSE").
import { readClientMessage } from './client-message.ts';
import { corsHeaders } from './cors.ts';
import {
  findSession,
  newPostId,
  newSession,
  postPersistently,
  refuseExchange,
  type Exchange,
} from './exchange.ts';
import { checkAccept } from './guards/media.ts';
import { urlOf } from './request-url.ts';
import { SseStream } from './sse-response.ts';
import { SSE_STREAM } from '../../shared/ids.ts';
import { encodeEvent } from '../../shared/sse/encode.ts';

/** GET /{server}/sse */
export async function openSse(exchange: Exchange): Promise<Response> {
  const { request, server, settings } = exchange;
  const fault = checkAccept(request, 'get');
  if (fault) return refuseExchange(exchange, fault);
  const { session, sessionId, opening } = await newSession(exchange, 'sse');
  const opened = await session.open(opening);
  if (!opened.ok) return refuseExchange(exchange, opened.fault);
  const stream = new SseStream({
    session,
    signal: request.signal,
    stream: SSE_STREAM,
    after: null,
    requestIds: [],
    isResumable: false,
    endsSession: true,
    resumes: false,
    opening: encodeEvent({ event: 'endpoint', data: `/${server}/message?sessionId=${sessionId}` }),
  });
  return stream.response(corsHeaders(request, settings));
}

/** POST /{server}/message?sessionId=… : 202 once the runner has it; the answer comes on the stream. */
export async function postMessage(exchange: Exchange): Promise<Response> {
  const { request, settings } = exchange;
  const sessionId = urlOf(request).searchParams.get('sessionId');
  if (sessionId === null) {
    return refuseExchange(exchange, {
      fault: 'session_required',
      message:
        'The sessionId parameter is missing. Open the SSE stream and POST to the URL its endpoint event names.',
    });
  }
  const read = await readClientMessage(request, false);
  if (!read.ok) return refuseExchange(exchange, read.fault);
  const { text, requestIds, isBatch } = read.message;
  const id = isBatch ? undefined : requestIds[0];
  // After the body, so that the refusal of a foreign id and of an ended one are the same to the byte (F-23).
  const session = await findSession(exchange, sessionId, 'sse');
  if (!session) return refuseExchange(exchange, { fault: 'session_not_found' }, id);
  if (isBatch) {
    return refuseExchange(exchange, {
      fault: 'invalid_request',
      message: 'Revision 2024-11-05 has no batches here; send the messages one by one.',
    });
  }
  const post = {
    id: newPostId(),
    stream: SSE_STREAM,
    message: text,
    wants: 'accepted' as const,
    requestIds,
  };
  const answer = await postPersistently(session, post);
  if (answer?.kind === 'accepted') {
    return new Response('Accepted', { status: 202, headers: corsHeaders(request, settings) });
  }
  return refuseExchange(
    exchange,
    answer?.kind === 'refused' ? answer.fault : { fault: 'internal' },
    id,
  );
}
