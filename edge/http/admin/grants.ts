// Grants of people who signed in: the owner sees which app may do what, and ends it.
import { answered, invalid, unreachable, type AdminRequest } from './owner.ts';
import { askAccess, withdraw } from '../oauth/context.ts';
import { readParameters } from '../oauth/parameters.ts';
import { refuse } from '../refuse.ts';
import { urlOf } from '../request-url.ts';

/** GET /-/api/grants: `{grants}`, of one server if the query names one as `server`. */
export async function listGrants({ request, ports }: AdminRequest): Promise<Response> {
  const { get, repeated } = readParameters(urlOf(request).search);
  if (repeated.size > 0) return invalid(TWICE);
  const asked = await askAccess(ports, 'grants', { server: get('server') });
  return asked ? answered({ grants: asked.answer }) : unreachable();
}

/** DELETE /-/api/grants: `{ended}`, those that the query names by `grant`, or by `person` and `client`; all of them with `all=true`. */
export async function endGrants({ request, ports }: AdminRequest): Promise<Response> {
  const { get, repeated } = readParameters(urlOf(request).search);
  if (repeated.size > 0) return invalid(TWICE);
  const choice = { grant: get('grant'), person: get('person'), client: get('client') };
  const isChosen = Object.values(choice).some((value) => value !== undefined);
  if (isChosen === (get('all') === 'true'))
    return invalid('Name a grant, a person or a client to end, or all=true.');
  const asked = await askAccess(ports, 'end', choice);
  if (!asked) return unreachable();
  const { ended } = asked.answer;
  withdraw(ports, ended);
  return answered({ ended: ended.length });
}

/** DELETE /-/api/apps/{client}: forgets an app that registered, and ends its grants. */
export async function forgetApp({ ports }: AdminRequest, client: string): Promise<Response> {
  const asked = await askAccess(ports, 'forgetApp', { client });
  if (!asked) return unreachable();
  const { isForgotten, ended } = asked.answer;
  if (!isForgotten)
    return refuse({
      fault: 'not_found',
      message: `There is no app ${client} that registered here.`,
    });
  withdraw(ports, ended);
  return answered({ client, ended: ended.length });
}

const TWICE = 'A parameter came more than once.';
