// Runners: machines are invited, listed and removed without a deploy. A machine brings its own key with the code that is made here.
import * as v from 'valibot';
import { nameMember, serversOfRequest } from './members.ts';
import { answered, invalid, readJson, unreachable, type AdminRequest } from './owner.ts';
import { askAccess } from '../oauth/context.ts';
import { refuse } from '../refuse.ts';
import { sha256 } from '../../access/digest.ts';
import { invitationOf, mintInvitation } from '../../access/minted.ts';
import { RUNNER_NAME } from '../../../shared/ids.ts';
import { VERSION } from '../../../shared/version.ts';

const INVITE = v.strictObject(
  { name: nameMember(RUNNER_NAME), servers: serversOfRequest },
  'The body must be an object of "name" and "servers"',
);

/** GET /-/api/runners: the edge's version, those that joined, and what each runner is doing. */
export async function listRunners({ ports }: AdminRequest): Promise<Response> {
  const asked = await askAccess(ports, 'credentials', { kind: 'runner' });
  if (!asked) return unreachable();
  const { runners } = await ports.fleet.view();
  return answered({ version: VERSION, runners: asked.answer, linked: runners });
}

/** POST /-/api/runners */
export async function inviteRunner({ request, settings, ports }: AdminRequest): Promise<Response> {
  const read = await readJson(request, INVITE);
  if (!read.ok) return read.response;
  const { name, servers } = read.value;
  if ([...settings.runners.values()].some((known) => known.name === name))
    return invalid(`BRIDGE_RUNNERS has a runner ${name} already. Give this one another name.`);
  const code = mintInvitation();
  const asked = await askAccess(ports, 'invite', {
    id: invitationOf(code) ?? '',
    code: await sha256(code),
    runner: name,
    servers,
  });
  if (!asked) return unreachable();
  if (asked.answer.kind === 'full')
    return invalid('Too many machines are invited. Wait until some have joined, or ten minutes.');
  return answered({ name, servers, code, until: asked.answer.until }, 201);
}

/** DELETE /-/api/runners/{name} */
export async function removeRunner({ ports }: AdminRequest, name: string): Promise<Response> {
  const asked = await askAccess(ports, 'removeCredential', { kind: 'runner', name });
  if (!asked) return unreachable();
  if (!asked.answer.isRemoved)
    return refuse({
      fault: 'not_found',
      message: `No runner ${name} has joined here. Those of BRIDGE_RUNNERS are changed there.`,
    });
  await ports.fleet.expel(name);
  return answered({ name });
}
