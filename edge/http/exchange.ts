// One HTTP exchange of a client that was let in: who it is, which server it wants, and the edge's means to serve it.
import { refuse } from './refuse.ts';
import { corsHeaders } from './cors.ts';
import { verifySession } from './session-id.ts';
import type { PostAnswer } from '../core/relay.ts';
import type { Ports, Post, SessionPort } from './ports.ts';
import type { Principal, Settings } from '../settings.ts';
import type { Fault } from '../../shared/fault.ts';
import type { Transport } from '../../shared/link/control-frames.ts';

export interface Exchange {
  readonly request: Request;
  readonly settings: Settings;
  readonly secret: string;
  readonly principal: Principal;
  readonly server: string;
  readonly ports: Ports;
}

/** A fault as the whole answer of an exchange. */
export function refuseExchange(
  { request, settings }: Exchange,
  fault: Fault,
  id?: string,
): Response {
  return refuse(fault, { id, headers: corsHeaders(request, settings) });
}

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

/** Attempts to hand a message to an actor that breaks away (reset, deploy); the runner drops what it has seen (LP12). */
const POST_ATTEMPTS = 5;
const RETRY_MS = 100;

/** Posts until the actor answers. Undefined when it could not be reached. */
export async function postPersistently(
  session: SessionPort,
  post: Post,
  attempts = POST_ATTEMPTS,
): Promise<PostAnswer | undefined> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      return await session.post(post);
    } catch {
      if (attempt < attempts)
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt * Math.random()));
    }
  }
  return undefined;
}
