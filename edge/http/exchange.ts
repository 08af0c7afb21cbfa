// One HTTP exchange of an admitted client: who it is, which server it wants, and what the edge needs to serve it.
import { nanoid } from 'nanoid';
import type { RecordedPost } from './recorded-post.ts';
import { constantHeaders } from './constant-headers.ts';
import { refuse } from './refuse.ts';
import { corsHeaders, NO_CORS } from './cors.ts';
import { signSession, verifiedBefore, verifySession } from '../access/session-id.ts';
import { toldPerson } from '../access/told-person.ts';
import { Delivery, retryAfterMs, UNREACHABLE } from '../core/exchange.ts';
import type { Budget } from '../core/limits.ts';
import { SessionOpening } from '../core/opening.ts';
import type { OpeningPace } from '../core/opening-pace.ts';
import { admittedAs } from '../core/policies.ts';
import type { Asked } from '../core/policy-asked.ts';
import type { Rights } from '../core/policy.ts';
import type { Opening, Post, PostAnswer } from '../core/ports.ts';
import type { Ports, SessionPort } from './ports.ts';
import type { Principal } from '../access/principal.ts';
import { secretsOf, type Settings } from '../settings.ts';
import type { Fault } from '../../shared/fault.ts';
import { postId, type ServerName } from '../../shared/ids.ts';
import type { Tracer } from '../../shared/tracing.ts';
import { PROTOCOL_VERSION_HEADER } from '../../shared/mcp/headers.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';

export interface Exchange {
  readonly request: Request;
  readonly settings: Settings;
  readonly secret: string;
  readonly principal: Principal;
  readonly server: ServerName;
  readonly ports: Ports;
  /** Of openings in this program. */
  readonly pace: OpeningPace;
  /** Absent: nothing limits the principal. */
  readonly budget?: Budget | undefined;
  readonly clientKind: ClientKind;
  /** What the operator's policy lets the principal do here. Absent: it says nothing of the server. */
  readonly rights?: Rights | undefined;
  /** Whether the principal may still use the server, and do this; absent: no policy can be set while everything runs. */
  readonly mayStill?: ((asked?: Asked) => Promise<boolean>) | undefined;
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** Of a POST. */
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

/** The revision that a request names in its header. */
export const revisionOf = ({ request }: Exchange): string | undefined =>
  request.headers.get(PROTOCOL_VERSION_HEADER)?.trim();

/** To a program, and none of them depends on what it asked: made once, since each call has them. */
const TO_PROGRAMS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

const JSON_TO_PROGRAMS = constantHeaders({ ...TO_PROGRAMS, 'Content-Type': 'application/json' });

/** Headers of every answer that is not an error. */
export function answerHeaders({ request, settings }: Exchange): Readonly<Record<string, string>> {
  const cors = corsHeaders(request, settings);
  return cors === NO_CORS ? TO_PROGRAMS : { ...TO_PROGRAMS, ...cors };
}

/** The same for an answer that is one JSON body. */
export function jsonHeaders({ request, settings }: Exchange): Readonly<Record<string, string>> {
  const cors = corsHeaders(request, settings);
  return cors === NO_CORS ? JSON_TO_PROGRAMS : { ...JSON_TO_PROGRAMS, ...cors };
}

/** The session a signed id names, if this principal holds it on this server with this kind of client. Wakes no actor (F-23, F-25). */
export function findSession(
  exchange: Exchange,
  id: string,
  clientKind: ClientKind,
): SessionPort | undefined | Promise<SessionPort | undefined> {
  const { settings, server, principal } = exchange;
  const owner = { server, principal: principal.name, clientKind, client: principal.client };
  const secrets = secretsOf(settings);
  const name = verifiedBefore(secrets, id, owner);
  return name === undefined
    ? verified(exchange, Promise.all(secrets.map((secret) => verifySession(secret, id, owner))))
    : sessionOf(exchange, name);
}

async function verified(
  exchange: Exchange,
  verifying: Promise<readonly (string | undefined)[]>,
): Promise<SessionPort | undefined> {
  const name = (await verifying).find((each) => each !== undefined);
  return name === undefined ? undefined : sessionOf(exchange, name);
}

function sessionOf({ ports, record }: Exchange, name: string): SessionPort | Promise<SessionPort> {
  const noted = record?.inSession(name);
  return noted ? noted.then(() => ports.session(name)) : ports.session(name);
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
 * Opens a session with `open`, in the order of core/opening. `faultOf`: why the actor refused, if it did. When the client leaves
 * meanwhile, no session stays that nobody could name.
 */
export function openSession<Answer>(
  exchange: Exchange,
  clientKind: ClientKind,
  open: (session: SessionPort, opening: Opening) => Promise<Answer>,
  faultOf: (answer: Answer) => Fault | undefined,
): Promise<OpenedSession<Answer>> {
  const opened = openInOrder(exchange, clientKind, open, faultOf);
  // All else of a request ends when its client leaves.
  exchange.ports.outlive(opened);
  return opened;
}

async function openInOrder<Answer>(
  { request, server, principal, secret, ports, pace, record, budget, rights }: Exchange,
  clientKind: ClientKind,
  open: (session: SessionPort, opening: Opening) => Promise<Answer>,
  faultOf: (answer: Answer) => Fault | undefined,
): Promise<OpenedSession<Answer>> {
  const { name: holder, grant = principal.key } = principal;
  const mostSessions = rights?.limits?.sessions;
  const as = admittedAs(principal);
  const person = toldPerson(principal);
  const owner = { server, principal: holder, clientKind, grant, as, person, mostSessions };
  const limited = budget?.opening(Date.now());
  if (limited) return { ok: false, fault: limited };
  const order = new SessionOpening(owner, pace);
  let opened: (OpenedSession<Answer> & { readonly ok: true }) | undefined;
  let next = order.start(Date.now());
  for (;;) {
    switch (next.do) {
      case 'ask':
        next = order.admitted(await ports.fleet.mayOpen(owner));
        break;
      case 'wait':
        next = order.waited(request.signal.aborted, await lateAfter(next.ms), Date.now());
        break;
      case 'open': {
        const name = next.spare ?? nanoid(SESSION_NAME_LENGTH);
        const session = ports.session(name);
        const sessionId = await signSession(secret, { name, ...owner, client: principal.client });
        if (record) await record.inSession(name);
        const answer = await open(session, next.opening);
        opened = { ok: true, session, sessionId, answer };
        next = order.opened(faultOf(answer), request.signal.aborted);
        break;
      }
      case 'abandon':
        await opened?.session.end();
        return { ok: false, fault: UNREACHABLE };
      case 'refuse':
        return { ok: false, fault: next.fault };
      case 'done':
        return opened ?? { ok: false, fault: UNREACHABLE };
    }
  }
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

/** Posts into a session that is open, as often as that makes sense. */
export const postTo = (session: SessionPort, post: Post): Promise<PostAnswer> =>
  // Nearly every post is answered at once, and waits for nothing else on its way.
  session.post(post).catch(() => postAgain(session, post));

/** Goes on with a post whose actor broke away. */
async function postAgain(session: SessionPort, post: Post): Promise<PostAnswer> {
  const delivery = new Delivery(post, false);
  let next = delivery.broke(Math.random());
  for (;;) {
    switch (next.do) {
      case 'ask': {
        const answer = await unlessBroken(session.post(next.post));
        next = answer ? delivery.answered(answer) : delivery.broke(Math.random());
        break;
      }
      case 'wait':
        await sleep(next.ms);
        next = delivery.waited(false, newPostId());
        break;
      case 'done':
        return next.answer;
    }
  }
}

/** What an actor answers; undefined if it broke away. */
export const unlessBroken = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.then(same, nothing);

const same = <T>(value: T): T => value;
const nothing = (): undefined => undefined;

/** Waits, and resolves to the milliseconds by which that took longer. */
async function lateAfter(ms: number): Promise<number> {
  if (ms <= 0) return 0;
  const until = Date.now() + ms;
  await sleep(ms);
  return Math.max(0, Date.now() - until);
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
