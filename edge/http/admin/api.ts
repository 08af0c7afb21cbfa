// The operator's API: which path leads where. All of it asks for the owner's key, but for the one call with which a machine joins.
import { blockPerson, listBlocked, unblockPerson } from './blocked.ts';
import { addClient, listClients, removeClient, rotateClient } from './clients.ts';
import { endGrants, forgetApp, listGrants } from './grants.ts';
import { join } from './join.ts';
import { asOwner, type AdminRequest } from './owner.ts';
import { checkPolicy, removePolicy, setPolicy, showPolicy } from './policy.ts';
import { inviteRunner, listRunners, removeRunner } from './runners.ts';
import { readRecord } from './record.ts';
import { refuse } from '../refuse.ts';
import { urlOf } from '../request-url.ts';

/** `name`: what a path names after its collection. */
type Handle = (context: AdminRequest, name: string) => Promise<Response>;
type Methods = Readonly<Record<string, Handle>>;

const COLLECTIONS: Readonly<Record<string, Methods>> = {
  blocked: { GET: listBlocked, POST: blockPerson, DELETE: unblockPerson },
  clients: { GET: listClients, POST: addClient },
  grants: { GET: listGrants, DELETE: endGrants },
  runners: { GET: listRunners, POST: inviteRunner },
  record: { GET: readRecord },
  policy: { GET: showPolicy, POST: setPolicy, DELETE: removePolicy },
};

const MEMBERS: Readonly<Record<string, Methods>> = {
  apps: { DELETE: forgetApp },
  clients: { DELETE: removeClient },
  runners: { DELETE: removeRunner },
  policy: { POST: checkPolicy },
};

const ACTIONS: Readonly<Record<string, Methods>> = {
  'clients rotate': { POST: rotateClient },
};

const PATH = /^\/-\/api\/([a-z]+)(?:\/([\w.@-]{1,64})(?:\/([a-z]+))?)?$/u;

/** The answer of the operator's API, or undefined if the path is of none. */
export function adminAnswer(context: AdminRequest): Promise<Response> | undefined {
  if (context.signIn.ownerKeys.size === 0) return undefined;
  const { pathname } = urlOf(context.request);
  if (pathname === '/-/join') return byMethod(context, { POST: join }, '');
  const [, collection = '', name = '', action] = PATH.exec(pathname) ?? [];
  const methods = methodsOf(collection, name, action);
  return methods && asOwner(context, () => byMethod(context, methods, name));
}

function methodsOf(
  collection: string,
  name: string,
  action: string | undefined,
): Methods | undefined {
  if (action !== undefined) return own(ACTIONS, `${collection} ${action}`);
  return own(name === '' ? COLLECTIONS : MEMBERS, collection);
}

const own = <Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

async function byMethod(context: AdminRequest, methods: Methods, name: string): Promise<Response> {
  const handle = own(methods, context.request.method);
  return handle
    ? handle(context, name)
    : refuse({ fault: 'method_not_allowed' }, { allow: Object.keys(methods) });
}
