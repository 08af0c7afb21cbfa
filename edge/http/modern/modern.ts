// Serves a request of a modern client (2026-07-28): no session, one answer as JSON or SSE, and a client that leaves has cancelled.
// All requests of a principal to a server go to one actor: their own, which opens a session with a runner as needed, or a spare.
// One file above 300 lines: each kind of answer needs the same exchange, post and stream.
import {
  answerHeaders,
  jsonHeaders,
  newPostId,
  postTo,
  sleep,
  unlessBroken,
  type Exchange,
} from '../exchange.ts';
import { beginTrace } from '../traced-text.ts';
import { corsHeaders } from '../cors.ts';
import { checkMirrors, checkRequest } from './headers.ts';
import type { ModernRequest } from './request.ts';
import { refuse, refuseModern, type Refusal } from '../refuse.ts';
import { modernSessionName } from '../../access/session-id.ts';
import { toldPersonOfAllApps } from '../../access/told-person.ts';
import { recordAnswer } from '../post-answer.ts';
import { OPENING_COMMENT, SSE_HEADERS, SseStream } from '../sse-response.ts';
import { largeAnswer } from '../large-answer.ts';
import { withEdgeMeta } from './edge-meta.ts';
import { isNowhere } from '../../core/exchange.ts';
import { ModernDelivery, type ModernDelivered } from '../../core/modern-delivery.ts';
import { ModernHomes } from '../../core/modern-homes.ts';
import type { Opening, Post, PostAnswer, PostPlace } from '../../core/ports.ts';
import { sharedByApps } from '../../core/policies.ts';
import { askedBy } from '../../core/policy-asked.ts';
import { inModernWords } from '../../core/modern-words.ts';
import { STREAM_KINDS } from '../../core/stream-kinds.ts';
import type { SessionPort } from '../ports.ts';
import {
  beginningOf,
  inPieces,
  isInPieces,
  piecesOf,
  wholeText,
  type Text,
} from '../../../shared/bytes.ts';
import type { Fault } from '../../../shared/fault.ts';
import { GET_STREAM, type ActorName } from '../../../shared/ids.ts';
import { JsonCursor } from '../../../shared/jsonrpc/json-cursor.ts';
import { scanMessage } from '../../../shared/jsonrpc/scan.ts';
import { readMessages } from '../../../shared/jsonrpc/view.ts';
import { CODE, LISTEN_METHOD } from '../../../shared/mcp/modern.ts';
import { encodeEvent } from '../../../shared/sse/encode.ts';

/** Statuses the revision gives to errors whose answer has not begun (Transports, "Error Responses"). */
const STATUS_OF_CODE: ReadonlyMap<unknown, number> = new Map([
  [CODE.headerMismatch, 400],
  [CODE.missingCapability, 400],
  [CODE.unsupportedVersion, 400],
  [CODE.methodNotFound, 404],
]);

export async function serveModern(exchange: Exchange, request: ModernRequest): Promise<Response> {
  const { headers } = exchange.request;
  if (request.id === undefined) return notify(exchange, request);
  const refusal = checkRequest(headers, request);
  if (refusal) return refuseOf(exchange, refusal, request.id);
  const { secret, server, principal, ports } = exchange;
  const named = modernSessionName(secret, server, principal.name);
  const actor = typeof named === 'string' ? named : await named;
  const mostSessions = exchange.rights?.limits?.sessions;
  const as = sharedByApps(principal);
  const opening: Opening = {
    server,
    principal: principal.name,
    clientKind: 'modern',
    as,
    person: toldPersonOfAllApps(principal),
    mostSessions,
  };
  exchange.record?.asks([request.message], 'modern');
  const serving = serve(exchange, opening, {
    ...withEdgeMeta(headers, request, beginTrace(exchange, request.message)),
    requestIds: [request.id],
    isListen: request.method === LISTEN_METHOD,
    mayGoOn: mayListen(exchange, request),
    askedAt: Date.now(),
    actor,
  });
  // A client that leaves before the answer has cancelled too. Its post can be cancelled only once it has a place.
  ports.outlive(serving);
  return serving;
}

/** Whether a listener may go on with what it listens to. */
function mayListen(
  { mayStill }: Exchange,
  { method, message }: ModernRequest,
): (() => Promise<boolean>) | undefined {
  if (method !== LISTEN_METHOD || !mayStill) return undefined;
  const asked = askedBy(message);
  return () => mayStill(asked);
}

/** An error of the revision itself as the whole answer. */
export const refuseOf = (
  { request, settings }: Exchange,
  refusal: Refusal,
  id: string | undefined,
): Response => refuseModern(refusal, { id, headers: corsHeaders(request, settings) });

/** The revision defines no notification of a client over HTTP; what a client and its server agreed on goes to the server all the same (Transports, "Sending Messages"). */
async function notify(exchange: Exchange, request: ModernRequest): Promise<Response> {
  const refusal = checkMirrors(exchange.request.headers, request);
  if (refusal) return refuseOf(exchange, refusal, undefined);
  if (request.method === CANCELLED) {
    return refuseNotification(exchange, { fault: 'invalid_request', message: LEAVE_TO_CANCEL });
  }
  const { secret, server, principal, ports } = exchange;
  const actor = await modernSessionName(secret, server, principal.name);
  const post: Post = {
    id: newPostId(),
    stream: GET_STREAM,
    wants: 'accepted',
    message: lineOf(request),
    requestIds: [],
  };
  const known = homes.known(actor, server, Date.now());
  let answer = await postTo(ports.session(known ?? actor), post);
  if (isNowhere(answer) && known !== actor) {
    const home = await ports.fleet.homeOf(actor).catch(() => undefined);
    answer = await postTo(ports.session(home ?? actor), post);
  }
  if (answer.kind === 'accepted') return accepted(exchange);
  return refuseNotification(
    exchange,
    answer.kind === 'refused' ? answer.fault : { fault: 'internal' },
  );
}

const lineOf = ({ message }: ModernRequest): string => decoder.decode(message.line);

const CANCELLED = 'notifications/cancelled';

const LEAVE_TO_CANCEL =
  'Over HTTP a request is cancelled by closing its response stream, not by a notification.';

const NO_SESSION =
  'No process is running that this notification could go to. Send a request first.';

const refuseNotification = ({ request, settings }: Exchange, fault: Fault): Response =>
  refuse(
    fault.fault === 'session_not_found' ? { fault: 'invalid_request', message: NO_SESSION } : fault,
    { isModern: true, headers: corsHeaders(request, settings) },
  );

const accepted = (exchange: Exchange): Response =>
  new Response(null, { status: 202, headers: answerHeaders(exchange) });

interface Asked extends Pick<Post, 'message' | 'said'> {
  readonly requestIds: readonly [string];
  readonly isListen: boolean;
  readonly mayGoOn: (() => Promise<boolean>) | undefined;
  readonly askedAt: number;
  readonly actor: ActorName;
}

async function serve(exchange: Exchange, opening: Opening, asked: Asked): Promise<Response> {
  const { actor: own, askedAt } = asked;
  const request = { post: newPost(asked), opening, own, askedAt };
  const { record } = exchange;
  record?.posted(request.post);
  const delivered = await deliver(exchange, opening, own, new ModernDelivery(request, homes));
  record?.posted(delivered.post);
  if (record) recordAnswer(record, delivered.answer);
  return respond(exchange, asked, delivered);
}

/** Performs what core/modern-delivery decides. */
async function deliver(
  { ports, request, record }: Exchange,
  opening: Opening,
  own: ActorName,
  delivery: ModernDelivery,
): Promise<ModernDelivered> {
  let next = delivery.start(Date.now());
  for (;;) {
    switch (next.do) {
      case 'findHome': {
        const home = await ports.fleet.home(opening, own).catch(() => undefined);
        next = delivery.homed(home, Date.now());
        break;
      }
      case 'serve': {
        const noted = record?.inSession(next.actor);
        if (noted) await noted;
        const serving = ports.session(next.actor).serve(next.opening, next.post);
        const answer = await unlessBroken(serving);
        next = answer
          ? delivery.answered(answer, Date.now())
          : delivery.broke(Math.random(), Date.now());
        break;
      }
      case 'wait':
        await sleep(next.ms);
        next = delivery.waited(request.signal.aborted, newPostId(), Date.now());
        break;
      case 'done':
        return next;
    }
  }
}

const homes = new ModernHomes();

function newPost({ message, said, requestIds }: Asked): Post {
  const id = newPostId();
  return { id, stream: id, wants: 'answer', message, said, requestIds };
}

function respond(exchange: Exchange, asked: Asked, delivered: ModernDelivered): Response {
  const { answer } = delivered;
  switch (answer.kind) {
    case 'accepted':
      return accepted(exchange);
    case 'answered':
      return answer.message === undefined
        ? accepted(exchange)
        : answered(exchange, delivered, answer.message, asked.isListen);
    case 'follow':
      return follow(exchange, delivered, answer, asked);
    case 'refused':
      return refuseFault(exchange, answer.fault, asked);
  }
}

/** A listener reads a stream, however short; an error is told by its status. */
function answered(
  exchange: Exchange,
  { actor, post }: ModernDelivered,
  message: Text,
  isListen: boolean,
): Response {
  const code = errorCodeOf(message);
  const isStream = isListen && code === undefined;
  const init = isStream
    ? { headers: { ...answerHeaders(exchange), ...SSE_HEADERS } }
    : {
        status: STATUS_OF_CODE.get(code) ?? 200,
        headers: jsonHeaders(exchange),
      };
  const body = isStream
    ? inPieces([OPENING_COMMENT, ...piecesOf(encodeEvent({ data: message }))])
    : message;
  if (!isInPieces(message) || !isInPieces(body)) return new Response(wholeText(body), init);
  return largeAnswer(exchange, exchange.ports.session(actor), post.stream, body, init);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The code of an error response; undefined for a result, which is rarely more than searched. */
function errorCodeOf(message: Text): unknown {
  if (isInPieces(message)) return errorCodeIn(encoder.encode(beginningOf(message, HEAD_CHARS)));
  if (!message.includes('"error"')) return undefined;
  const read = readMessages(encoder.encode(message), (text) =>
    scanMessage(text, { tokens: Infinity }),
  );
  const [only] = read.ok && !read.isBatch ? read.messages : [];
  return only?.kind === 'error' ? only.parsed('error', 'code') : undefined;
}

/** A message in pieces is not read whole, which would hold up everybody; a server that answers with an error says so first. */
const HEAD_CHARS = 4 * 1024;

/** The same for a message of which only the beginning is there. */
function errorCodeIn(head: Uint8Array): unknown {
  const cursor = new JsonCursor(head, Infinity, Infinity);
  cursor.peek();
  if (!cursor.enter()) return undefined;
  let isInError = false;
  while (cursor.nextMember()) {
    const isCode = isInError && cursor.isKey('code');
    const isError = !isInError && cursor.isKey('error');
    cursor.peek();
    const start = cursor.at;
    if (isError && cursor.enter()) isInError = true;
    else if (!cursor.skipValue() || cursor.at === head.length) return undefined;
    else if (isCode) return JSON.parse(decoder.decode(head.subarray(start, cursor.at)));
  }
  return undefined;
}

function follow(
  exchange: Exchange,
  { actor, post, place }: ModernDelivered,
  { isAccepted, isSent }: PostAnswer & { readonly kind: 'follow' },
  { isListen, mayGoOn }: Asked,
): Response {
  const stream = new SseStream({
    session: inPlace(exchange.ports.session(actor), place),
    signal: exchange.request.signal,
    outlive: (work) => exchange.ports.outlive(work),
    stream: post.stream,
    post: { id: post.id, message: post.message, isAccepted, isSent },
    after: 0,
    requestIds: post.requestIds,
    kind: isListen ? STREAM_KINDS.listen : STREAM_KINDS.modern,
    opening: OPENING_COMMENT,
    until: isListen ? exchange.principal.expiresAt : undefined,
    mayGoOn,
    record: exchange.record,
  });
  return stream.response(answerHeaders(exchange));
}

const inPlace = (
  session: SessionPort,
  place: PostPlace | undefined,
): Pick<SessionPort, 'follow'> => ({
  follow: (stream, resumes, listener) => session.follow(stream, resumes, listener, place),
});

const refuseFault = (
  { request, settings }: Exchange,
  fault: Fault,
  { requestIds }: Asked,
): Response =>
  refuse(inModernWords(fault), {
    id: requestIds[0],
    isModern: true,
    headers: corsHeaders(request, settings),
  });
