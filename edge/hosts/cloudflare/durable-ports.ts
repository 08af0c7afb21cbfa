// The ports of the HTTP layer on Durable Objects: RPC for calls, WebSockets for what lasts.
import { waitUntil } from 'cloudflare:workers';
import type { FollowWish, Opened, Post } from '../../core/ports.ts';
import type { AccessPort } from '../../core/access-ports.ts';
import type { FleetPort, Ports, SessionPort, Socket, SocketListener } from '../../http/ports.ts';
import type { Fault } from '../../../shared/fault.ts';
import { textForm } from '../../../shared/link/forms.ts';
import { Inbox } from '../../../shared/link/inbox.ts';
import { splitFrame } from '../../../shared/link/parts.ts';
import type { Env } from './env.ts';
import { fetchedOutside, fetchedProvider } from './outside.ts';
import { answerOf, plainPost } from './plain-post.ts';
import type { SessionRpc } from './rpc.ts';
import { controlUpgrade, followUpgrade, linkUpgrade } from './upgrades.ts';

/** Ports on the actors of `env`. `watched`: told when somebody looks at what is recorded. */
export function durablePorts(env: Env, watched: () => void): Ports {
  return {
    session: (name) => sessionPort(() => env.SESSION.getByName(name)),
    fleet: fleetPort(env, watched),
    outlive: (work) => waitUntil(work),
    access: accessPort(env),
    outside: fetchedOutside,
    provider: fetchedProvider(env),
  };
}

/** A stub whose actor broke away stays broken, so each attempt takes a new one; otherwise no stream would ever come back (F-87). */
function sessionPort(stub: () => DurableObjectStub<SessionRpc>): SessionPort {
  return {
    open: (opening) => stub().open(opening),
    openWith: (opening, post) => stub().openWith(opening, withoutViews(post)),
    post: (post) =>
      stub()
        .post(...plainPost(post))
        .then(answerOf),
    serve: (opening, post) => stub().serve(opening, withoutViews(post)),
    negotiated: () => stub().negotiated(),
    alive: (probe) => stub().alive(probe),
    delivered: (stream) => stub().delivered(stream),
    end: () => stub().end(),
    follow: (stream, resumes, listener, place) =>
      follow(stub(), { stream, resumes, place }, listener),
    link: (request, dial) => stub().fetch(linkUpgrade(request, dial)),
  };
}

/** What RPC can carry of a post. */
const withoutViews = ({ said: _said, ...post }: Post): Post => post;

function fleetPort(env: Env, watched: () => void): FleetPort {
  // A stub may be used only by the request that made it.
  const stub = () => env.FLEET.getByName('fleet');
  return {
    view: () => stub().view(),
    figures: (fresh) => stub().figures(fresh),
    records: (query) => stub().records(query),
    look: (query) => {
      watched();
      return stub().look(query);
    },
    dismiss: (session) => stub().dismiss(session),
    home: (opening, actor) => stub().home(opening, actor),
    homeOf: (actor) => stub().homeOf(actor),
    expel: (runner) => stub().expel(runner),
    withdraw: (withdrawal) => stub().withdraw(withdrawal),
    policySet: (set) => stub().policySet(set),
    mayOpen: (opening) => stub().mayOpen(opening),
    link: (request, dial) => stub().fetch(controlUpgrade(request, dial)),
  };
}

/** What RPC makes of the types of a generic method is the same plain values again. */
const accessPort = (env: Env): AccessPort =>
  (async (name, input) => env.ACCESS.getByName('access').take(name, input)) as AccessPort;

async function follow(
  stub: DurableObjectStub<SessionRpc>,
  wish: FollowWish,
  listener: SocketListener,
): Promise<Opened<Socket>> {
  const response = await stub.fetch(followUpgrade(wish));
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
