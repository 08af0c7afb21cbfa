// The ports of the HTTP layer on the actors of this program.
import type { FollowWish, Opened } from '../../core/ports.ts';
import type {
  FleetPort,
  OutsidePort,
  Ports,
  SessionPort,
  Socket,
  SocketListener,
} from '../../http/ports.ts';
import { askedProvider } from './outside.ts';
import { failureOf, type LogPort } from '../../core/log.ts';
import { faultRow, type Fault } from '../../../shared/fault.ts';
import { textForm } from '../../../shared/link/forms.ts';
import { Inbox } from '../../../shared/link/inbox.ts';
import type { Actors } from './actors.ts';
import type { Entrances } from './entrances.ts';
import type { Mail } from './mail.ts';
import type { NodeSessionActor } from './session-actor.ts';
import { socketPair } from './socket-pair.ts';

export interface NodePortsOptions {
  readonly actors: Actors;
  readonly entrances: Entrances;
  readonly mail: Mail;
  readonly log: LogPort;
  readonly outside: OutsidePort;
}

export function nodePorts(options: NodePortsOptions): Ports {
  const { actors, outside } = options;
  return {
    session: (name) => sessionPort(options, () => actors.session(name)),
    fleet: fleetPort(options),
    access: async (name, input) => actors.access.take(name, input),
    outside,
    provider: askedProvider,
    // Nothing of a request ends here when its client leaves.
    outlive: () => undefined,
  };
}

/** An actor that was let go is another one when it is needed again, so each call looks for it. */
function sessionPort(options: NodePortsOptions, actor: () => NodeSessionActor): SessionPort {
  return {
    open: (opening) => actor().open(opening),
    openWith: (opening, post) => actor().openWith(opening, post),
    post: (post) => actor().post(post),
    serve: (opening, post) => actor().serve(opening, post),
    negotiated: () => actor().negotiated(),
    alive: async (probe) => actor().alive(probe),
    delivered: async (stream) => actor().delivered(stream),
    end: () => actor().end(),
    follow: (stream, resumes, listener, place) =>
      follow(options, actor(), { stream, resumes, place }, listener),
    link: async (request, dial) => {
      const entered = await actor().dial(dial, options.entrances.of(request));
      return entered.ok ? new Response(null) : refusal(entered.fault);
    },
  };
}

function fleetPort({ actors, entrances }: NodePortsOptions): FleetPort {
  return {
    view: () => actors.fleet.view(),
    home: (opening, actor) => actors.fleet.home(opening, actor),
    homeOf: (actor) => actors.fleet.homeOf(actor),
    expel: (runner) => actors.fleet.expel(runner),
    withdraw: (withdrawal) => actors.fleet.withdraw(withdrawal),
    policySet: (set) => actors.fleet.policySet(set),
    mayOpen: (opening) => actors.fleet.mayOpen(opening),
    figures: (fresh) => actors.fleet.figures(fresh),
    records: (query) => actors.fleet.records(query),
    look: (query) => actors.fleet.look(query),
    dismiss: (session) => actors.fleet.dismiss(session),
    link: async (request, dial) => {
      await actors.fleet.dial(dial, entrances.of(request));
      return new Response(null);
    },
  };
}

const refusal = (fault: Fault): Response =>
  Response.json(fault, { status: faultRow(fault.fault).status });

async function follow(
  { mail, log }: NodePortsOptions,
  actor: NodeSessionActor,
  wish: FollowWish,
  listener: SocketListener,
): Promise<Opened<Socket>> {
  const [inside, outside] = socketPair(mail);
  const inbox = new Inbox(textForm);
  const contained = (handle: () => void): void => {
    try {
      handle();
    } catch (error) {
      log({ level: 'error', message: 'a frame could not be handled', ...failureOf(error) });
    }
  };
  outside.listen({
    message: (text = '') => {
      const received = inbox.push(text);
      if (received.state === 'whole') contained(() => listener.message(received.frame));
    },
    closed: (code) => contained(() => listener.closed(code)),
  });
  const followed = await actor.followStream(wish, () => inside);
  return followed.ok ? { ok: true, value: outside } : followed;
}
