// The ports of the HTTP layer on Durable Objects: RPC for calls, WebSockets for what lasts.
import { waitUntil } from 'cloudflare:workers';
import type {
  FleetPort,
  Opened,
  Ports,
  SessionPort,
  Socket,
  SocketListener,
} from '../http/ports.ts';
import type { Fault } from '../../shared/fault.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { splitFrame } from '../../shared/link/parts.ts';
import type { Env } from '../env.ts';
import type { SessionActor } from './session-actor.ts';

/** Ports on the actors of `env`. */
export function durablePorts(env: Env): Ports {
  return {
    session: (name) => sessionPort(() => env.SESSION.getByName(name)),
    fleet: fleetPort(env),
    outlive: (work) => waitUntil(work),
  };
}

/** A stub whose actor broke away stays broken: each attempt takes one of its own, or no stream would ever come back (F-87). */
function sessionPort(stub: () => DurableObjectStub<SessionActor>): SessionPort {
  return {
    open: (opening) => stub().open(opening),
    openWith: (opening, post) => stub().openWith(opening, post),
    post: (post) => stub().post(post),
    serve: (opening, post) => stub().serve(opening, post),
    negotiated: () => stub().negotiated(),
    alive: (probe) => stub().alive(probe),
    end: () => stub().end(),
    follow: (stream, resumes, listener, place) =>
      follow(stub(), textsOf({ stream, resumes, ...place }), listener),
    link: (request, dial) =>
      stub().fetch(upgrade('link', { ...dial, epoch: String(dial.epoch) }, request)),
  };
}

const textsOf = (fields: Record<string, string | boolean | number>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]));

function fleetPort(env: Env): FleetPort {
  // A stub belongs to the request that made it.
  const stub = () => env.FLEET.getByName('fleet');
  return {
    view: () => stub().view(),
    admits: (server, actor) => stub().admits(server, actor),
    mayOpen: (server, principal) => stub().mayOpen(server, principal),
    link: (request, { granted, ...dial }) =>
      stub().fetch(
        upgrade(
          'control',
          { ...dial, granted: granted === '*' ? '*' : granted.join(',') },
          request,
        ),
      ),
  };
}

/** An upgrade request of the worker's own: nothing a client sent reaches an actor but what stands in `fields`. */
function upgrade(path: string, fields: Record<string, string>, source?: Request): Request {
  const headers = new Headers({ Upgrade: 'websocket' });
  const subprotocol = source?.headers.get('Sec-WebSocket-Protocol');
  if (subprotocol) headers.set('Sec-WebSocket-Protocol', subprotocol);
  return new Request(`http://actor/${path}?${new URLSearchParams(fields).toString()}`, { headers });
}

async function follow(
  stub: DurableObjectStub<SessionActor>,
  wish: Record<string, string>,
  listener: SocketListener,
): Promise<Opened<Socket>> {
  const response = await stub.fetch(upgrade('follow', wish));
  const socket = response.webSocket;
  if (!socket) return { ok: false, fault: await response.json<Fault>() };
  const inbox = new Inbox(textForm);
  socket.addEventListener('message', ({ data }) => {
    const received = inbox.push(String(data));
    if (received.state === 'whole') listener.message(received.frame);
  });
  socket.addEventListener('close', ({ code }) => listener.closed(code));
  socket.addEventListener('error', () => listener.closed(1006));
  socket.accept();
  return { ok: true, value: asSocket(socket) };
}

const asSocket = (socket: WebSocket): Socket => ({
  send: (text) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    for (const part of splitFrame(textForm, text)) socket.send(part);
  },
  close: (code, reason) => {
    if (socket.readyState === WebSocket.OPEN) socket.close(code, reason);
  },
});
