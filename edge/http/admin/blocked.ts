// People who are let in no more: blocked, listed and let in again, whichever way they sign in.
import * as v from 'valibot';
import { answered, invalid, readJson, unreachable, type AdminRequest } from './owner.ts';
import { askAccess } from '../oauth/context.ts';
import { readParameters } from '../oauth/parameters.ts';
import { persistently } from '../exchange.ts';
import { refuse } from '../refuse.ts';
import { urlOf } from '../request-url.ts';
import { personId } from '../../access/person-id.ts';
import { PERSON_NAME } from '../../access/principal.ts';
import type { Person } from '../../core/person-ports.ts';

const FORM =
  'Name a person as `mcp-bridge access list` shows them ("owner", or "p-" and 22 characters), or an issuer and a subject';

const CHARACTERS = 1_000;

const text = v.pipe(v.string(FORM), v.minLength(1, FORM), v.maxLength(CHARACTERS, FORM));

const WHO = v.union(
  [
    v.strictObject({ person: v.pipe(v.string(FORM), v.regex(PERSON_NAME, FORM)) }),
    v.strictObject({ issuer: text, subject: text }),
  ],
  FORM,
);

const personOf = async (who: v.InferOutput<typeof WHO>): Promise<Person> =>
  'person' in who ? { id: who.person } : { id: await personId(who.issuer, who.subject), ...who };

/** GET /-/api/blocked: `{blocked}`. */
export async function listBlocked({ ports }: AdminRequest): Promise<Response> {
  const asked = await askAccess(ports, 'blockedPeople', {});
  if (!asked) return unreachable();
  const blocked = asked.answer.map(({ person: { id, issuer, subject, email }, since }) => ({
    person: id,
    issuer,
    subject,
    email,
    since,
  }));
  return answered({ blocked });
}

/** POST /-/api/blocked, of `{person}` or `{issuer, subject}`: `{person, ended}`, with the number of grants that ended. */
export async function blockPerson({ request, ports }: AdminRequest): Promise<Response> {
  const read = await readJson(request, WHO);
  if (!read.ok) return read.response;
  const person = await personOf(read.value);
  const asked = await askAccess(ports, 'block', { person });
  if (!asked) return unreachable();
  if (asked.answer.kind === 'full')
    return invalid('There is no room for another blocked person. Unblock one first.');
  ports.outlive(
    persistently(async () => {
      await ports.fleet.withdraw({ principal: person.id });
      return { isTold: true };
    }),
  );
  return answered({ person: person.id, ended: asked.answer.ended.length });
}

/** DELETE /-/api/blocked, with `person`, or `issuer` and `subject`, in the query: `{person}`. */
export async function unblockPerson({ request, ports }: AdminRequest): Promise<Response> {
  const { get, repeated } = readParameters(urlOf(request).search);
  const named = ['person', 'issuer', 'subject'].flatMap((name) => {
    const value = get(name);
    return value === undefined ? [] : [[name, value]];
  });
  const who = v.safeParse(WHO, Object.fromEntries(named));
  if (repeated.size > 0 || !who.success) return invalid(`${FORM}.`);
  const { id } = await personOf(who.output);
  const asked = await askAccess(ports, 'unblock', { person: id });
  if (!asked) return unreachable();
  if (asked.answer.isUnblocked) return answered({ person: id });
  return refuse({ fault: 'not_found', message: `There is no blocked person ${id} here.` });
}
