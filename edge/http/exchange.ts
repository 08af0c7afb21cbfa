// One HTTP exchange of an admitted client: who it is, which server it wants, and what the edge needs to serve it.
import { nanoid } from 'nanoid';
import { refuse } from './refuse.ts';
import { corsHeaders } from './cors.ts';
import { signSession, verifySession } from '../access/session-id.ts';
import type { PostAnswer } from '../core/relay.ts';
import type { Opening, Ports, Post, SessionPort } from './ports.ts';
import type { Principal } from '../access/principal.ts';
import type { Settings } from '../settings.ts';
import type { Fault } from '../../shared/fault.ts';
import { postId } from '../../shared/ids.ts';
import type { Transport } from '../../shared/link/control-frames.ts';

export interface Exchange {
  readonly request: Request;
  readonly settings: Settings;
  readonly secret: string;
  readonly principal: Principal;
  readonly server: string;
  readonly ports: Ports;
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

/** Headers of every answer that is not an error. */
export const answerHeaders = ({ request, settings }: Exchange): Record<string, string> => ({
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  ...corsHeaders(request, settings),
});

/** The session a signed id names, if this principal holds it on this server over this transport. Wakes no actor (F-23, F-25). */
export async function findSession(
  exchange: Exchange,
  id: string,
  transport: Transport,
): Promise<SessionPort | undefined> {
  const { secret, server, principal, ports } = exchange;
  const name = await verifySession(secret, id, { server, principal: principal.name, transport });
  return name === undefined ? undefined : ports.session(name);
}

/** Characters of a session's random name: 132 bits. */
const SESSION_NAME_LENGTH = 22;

/** Characters of the random part of a post's id: 96 bits, unique within its session. */
const POST_ID_LENGTH = 16;

export type NewSession =
  | {
      readonly ok: true;
      readonly session: SessionPort;
      readonly sessionId: string;
      readonly opening: Opening;
    }
  | { readonly ok: false; readonly fault: Fault };

/**
 * A session to be opened: its actor, the signed id for the client, and what the actor must know. One that no runner could take is
 * refused before an actor is woken, which would leave a trace on disk.
 */
export async function newSession(
  { request, server, principal, secret, ports }: Exchange,
  transport: Transport,
): Promise<NewSession> {
  const admitted = await ports.fleet.mayOpen(server, principal.name);
  if (!admitted.ok) return admitted;
  const { afterMs } = admitted.value;
  if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
  // Nobody reads this.
  if (request.signal.aborted) return { ok: false, fault: { fault: 'overloaded' } };
  const name = nanoid(SESSION_NAME_LENGTH);
  const opening = { server, principal: principal.name, transport };
  const sessionId = await signSession(secret, { name, ...opening });
  return { ok: true, session: ports.session(name), sessionId, opening };
}

/** An id for a post; the runner serves it once however often and however late it is sent. */
export const newPostId = (): string => postId(Date.now(), nanoid(POST_ID_LENGTH));

/** Attempts to hand a message to an actor that breaks away (reset, deploy); the runner drops what it has seen (LP12). */
const POST_ATTEMPTS = 5;
const RETRY_MS = 100;

/** Asks an actor until it answers. Undefined when it could not be reached. */
export async function persistently<T extends object>(
  ask: () => Promise<T>,
  attempts = POST_ATTEMPTS,
): Promise<T | undefined> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      return await ask();
    } catch {
      if (attempt < attempts)
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt * Math.random()));
    }
  }
  return undefined;
}

/** Posts until the actor answers. Undefined when it could not be reached. */
export const postPersistently = (
  session: SessionPort,
  post: Post,
  attempts?: number,
): Promise<PostAnswer | undefined> => persistently(() => session.post(post), attempts);

/** A session whose actor could not be reached. */
export const UNREACHABLE: Fault = {
  fault: 'internal',
  message: 'The session could not be reached. Try again.',
};
