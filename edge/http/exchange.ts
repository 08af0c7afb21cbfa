// One HTTP exchange of an admitted client: who it is, which server it wants, and what the edge needs to serve it.
import { nanoid } from 'nanoid';
import type { RecordedPost } from './recorded-post.ts';
import { refuse } from './refuse.ts';
import { corsHeaders } from './cors.ts';
import { signSession, verifySession } from '../access/session-id.ts';
import { Delivery, mustDial, retryAfterMs, type Delivered } from '../core/exchange.ts';
import type { Budget } from '../core/limits.ts';
import type { Opening, Post, PostAnswer } from '../core/ports.ts';
import type { Ports, SessionPort } from './ports.ts';
import type { Principal } from '../access/principal.ts';
import type { Settings } from '../settings.ts';
import type { Fault } from '../../shared/fault.ts';
import { postId, type ServerName } from '../../shared/ids.ts';
import { PROTOCOL_VERSION_HEADER } from '../../shared/mcp/headers.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';

export interface Exchange {
  readonly request: Request;
  readonly settings: Settings;
  readonly secret: string;
  readonly principal: Principal;
  readonly server: ServerName;
  readonly ports: Ports;
  /** Absent: the principal has no limits of its own. */
  readonly budget?: Budget | undefined;
  /** Absent: calls are not recorded. */
  readonly record?: RecordedPost | undefined;
}

/** A fault as the whole answer of an exchange. `allow`: the methods that a 405 names. */
export function refuseExchange(
  { request, settings }: Exchange,
  fault: Fault,
  id?: string,
  allow?: readonly string[],
): Response {
  return refuse(fault, { id, allow, headers: corsHeaders(request, settings) });
}

/** The bytes of messages count against the limits of their principal. */
export const spend = (
  { budget }: Exchange,
  messages: readonly { readonly bytes: Uint8Array }[],
): void =>
  budget?.sent(
    messages.reduce((sum, { bytes }) => sum + bytes.length, 0),
    Date.now(),
  );

/** The revision that a request names in its header. */
export const revisionOf = ({ request }: Exchange): string | undefined =>
  request.headers.get(PROTOCOL_VERSION_HEADER)?.trim();

/** Headers of every answer that is not an error. */
export const answerHeaders = ({ request, settings }: Exchange): Record<string, string> => ({
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  ...corsHeaders(request, settings),
});

/** The session a signed id names, if this principal holds it on this server with this kind of client. Wakes no actor (F-23, F-25). */
export async function findSession(
  exchange: Exchange,
  id: string,
  clientKind: ClientKind,
): Promise<SessionPort | undefined> {
  const { secret, server, principal, ports } = exchange;
  const owner = { server, principal: principal.name, clientKind, client: principal.client };
  const name = await verifySession(secret, id, owner);
  if (name === undefined) return undefined;
  if (exchange.record) await exchange.record.inSession(name);
  return ports.session(name);
}

/** Characters of a session's random name: 132 bits. */
const SESSION_NAME_LENGTH = 22;

/** Characters of the random part of a post's id: 96 bits, unique within its session. */
const POST_ID_LENGTH = 16;

/** A session that was opened: its actor, the signed id for the client, and what the actor said. */
export type OpenedSession<Answer> =
  | {
      readonly ok: true;
      readonly session: SessionPort;
      readonly sessionId: string;
      readonly answer: Answer;
    }
  | { readonly ok: false; readonly fault: Fault };

/**
 * Opens a session with `open`: with a spare if the fleet has one. One that no runner could take is refused before an actor is woken,
 * which would leave a trace on disk. `faultOf`: why the actor refused, if it did.
 */
export async function openSession<Answer>(
  { request, server, principal, secret, ports, record, budget }: Exchange,
  clientKind: ClientKind,
  open: (session: SessionPort, opening: Opening) => Promise<Answer>,
  faultOf: (answer: Answer) => Fault | undefined,
): Promise<OpenedSession<Answer>> {
  const opening = { server, principal: principal.name, clientKind };
  const limited = budget?.opening(Date.now());
  if (limited) return { ok: false, fault: limited };
  const admitted = await ports.fleet.mayOpen(opening);
  if (!admitted.ok) return admitted;
  const { afterMs, spare } = admitted.value;
  if (afterMs > 0) await sleep(afterMs);
  // Nobody reads this.
  if (request.signal.aborted) return { ok: false, fault: { fault: 'overloaded' } };
  const inActor = async (name: string, isSpare: boolean): Promise<OpenedSession<Answer>> => {
    const sessionId = await signSession(secret, { name, ...opening, client: principal.client });
    if (record) await record.inSession(name);
    const session = ports.session(name);
    const answer = await open(session, { ...opening, ...(isSpare && { isSpare }) });
    const isGone = mustDial({ ...opening, isSpare }, faultOf(answer));
    return isGone
      ? inActor(nanoid(SESSION_NAME_LENGTH), false)
      : { ok: true, session, sessionId, answer };
  };
  return inActor(spare ?? nanoid(SESSION_NAME_LENGTH), spare !== undefined);
}

/** An id for a post; the runner serves it once however often and however late it is sent. */
export const newPostId = (): string => postId(Date.now(), nanoid(POST_ID_LENGTH));

/** Asks an actor until it answers. Undefined when it could not be reached. */
export async function persistently<T extends object>(
  ask: () => Promise<T>,
): Promise<T | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch {
      const afterMs = retryAfterMs(attempt, Math.random());
      if (afterMs === undefined) return undefined;
      await sleep(afterMs);
    }
  }
}

/** Brings a message to its session with `ask`, as often as that makes sense. `signal`: its client has left. */
export async function deliver(
  delivery: Delivery,
  ask: (post: Post) => Promise<PostAnswer>,
  signal?: AbortSignal,
): Promise<Delivered> {
  let next = delivery.start();
  for (;;) {
    switch (next.do) {
      case 'ask':
        try {
          next = delivery.answered(await ask(next.post));
        } catch {
          next = delivery.broke(Math.random());
        }
        break;
      case 'wait':
        await sleep(next.ms);
        next = delivery.waited(signal?.aborted === true, newPostId());
        break;
      case 'done':
        return next;
    }
  }
}

/** Posts into a session that is open. */
export const postTo = async (session: SessionPort, post: Post): Promise<PostAnswer> =>
  (await deliver(new Delivery(post, false), (post) => session.post(post))).answer;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
