// Keys of client programs: made, listed, replaced and removed without a deploy. A key is shown once, and its digest is kept.
import * as v from 'valibot';
import { nameMember, serversOfRequest } from './members.ts';
import { answered, invalid, readJson, unreachable, type AdminRequest } from './owner.ts';
import { askAccess } from '../oauth/context.ts';
import { refuse } from '../refuse.ts';
import { sha256 } from '../../access/digest.ts';
import { mintSecret } from '../../access/minted.ts';
import { isKeptName } from '../../access/principal.ts';
import { PERSON_ID } from '../../../shared/ids.ts';

const DAY_MS = 24 * 3_600_000;
const MOST_DAYS = 3_650;
const HOUR_MS = 3_600_000;
const MOST_HOURS = 168;

const DAYS_FORM = `"days" must be a whole number from 1 to ${MOST_DAYS}`;
const HOURS_FORM = `"overlapHours" must be a whole number from 0 to ${MOST_HOURS}`;

const count = (form: string, least: number, most: number) =>
  v.pipe(v.number(form), v.integer(form), v.minValue(least, form), v.maxValue(most, form));

const ADD = v.strictObject(
  {
    name: nameMember(PERSON_ID),
    servers: serversOfRequest,
    days: v.optional(count(DAYS_FORM, 1, MOST_DAYS)),
  },
  'The body must be an object of "name", "servers" and, for a key that ends by itself, "days"',
);

const ROTATE = v.strictObject(
  { overlapHours: v.optional(count(HOURS_FORM, 0, MOST_HOURS), 24) },
  'The body must be an object that may have "overlapHours"',
);

/** GET /-/api/clients */
export async function listClients({ ports }: AdminRequest): Promise<Response> {
  const asked = await askAccess(ports, 'credentials', { kind: 'client' });
  return asked ? answered({ clients: asked.answer }) : unreachable();
}

/** POST /-/api/clients */
export async function addClient({ request, settings, ports }: AdminRequest): Promise<Response> {
  const read = await readJson(request, ADD);
  if (!read.ok) return read.response;
  const { name, servers, days } = read.value;
  if (isKeptName(name) || [...settings.clients.values()].some((known) => known.name === name))
    return taken(name);
  const key = mintSecret('client');
  const asked = await askAccess(ports, 'addCredential', {
    kind: 'client',
    name,
    proof: await sha256(key),
    servers,
    notAfter: days === undefined ? null : Date.now() + days * DAY_MS,
  });
  if (!asked) return unreachable();
  switch (asked.answer.kind) {
    case 'taken':
      return taken(name);
    case 'full':
      return invalid('There is no room for another client. Remove one first.');
    case 'added':
      return answered({ name, servers, key }, 201);
  }
}

const taken = (name: string): Response =>
  invalid(`There is a client ${name} already. Give this one another name, or rotate its key.`);

/** POST /-/api/clients/{name}/rotate */
export async function rotateClient(
  { request, ports }: AdminRequest,
  name: string,
): Promise<Response> {
  const read = await readJson(request, ROTATE);
  if (!read.ok) return read.response;
  const key = mintSecret('client');
  const overlapMs = read.value.overlapHours * HOUR_MS;
  const proof = await sha256(key);
  const asked = await askAccess(ports, 'rotateCredential', {
    kind: 'client',
    name,
    proof,
    overlapMs,
  });
  if (!asked) return unreachable();
  return asked.answer.kind === 'rotated' ? answered({ name, key }) : unknown(name);
}

/** DELETE /-/api/clients/{name} */
export async function removeClient({ ports }: AdminRequest, name: string): Promise<Response> {
  const asked = await askAccess(ports, 'removeCredential', { kind: 'client', name });
  if (!asked) return unreachable();
  if (!asked.answer.isRemoved) return unknown(name);
  await ports.fleet.withdraw({ principal: name });
  return answered({ name });
}

const unknown = (name: string): Response =>
  refuse({
    fault: 'not_found',
    message: `There is no client ${name} here. Those of BRIDGE_CLIENTS are changed there.`,
  });
