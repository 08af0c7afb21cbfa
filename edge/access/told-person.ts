// What a runner is told of who calls (PROTOCOL.md LP28): what the edge proved of a principal itself, by a key, a grant or a token, and
// nothing that a client says of itself. Pure.
import { ANONYMOUS_NAME, type Principal } from './principal.ts';
import {
  FACT,
  FACT_CHARACTERS,
  jsonBytes,
  MOST_GROUPS,
  PERSON_BYTES,
  type ToldPerson,
} from '../../shared/link/person.ts';
import { PERSON_ID } from '../../shared/ids.ts';

/** Whose session it is; undefined if nobody is known. */
export const toldPerson = (principal: Principal): ToldPerson | undefined =>
  kept(ofOneApp, principal, () => told(principal));

/** The same, of a session that all apps of the person use: it says nothing of one of them. */
export const toldPersonOfAllApps = (principal: Principal): ToldPerson | undefined =>
  kept(ofAllApps, principal, () => told({ ...principal, client: undefined, scopes: undefined }));

/** Principals are asked about again with every message. */
const ofOneApp = new WeakMap<Principal, { readonly person: ToldPerson | undefined }>();
const ofAllApps = new WeakMap<Principal, { readonly person: ToldPerson | undefined }>();

function kept(
  known: typeof ofOneApp,
  principal: Principal,
  tell: () => ToldPerson | undefined,
): ToldPerson | undefined {
  const before = known.get(principal);
  if (before) return before.person;
  const person = tell();
  known.set(principal, { person });
  return person;
}

type Known = Pick<Principal, 'name' | 'email' | 'groups' | 'identity'> & {
  readonly client?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
};

/**
 * What is not in the form of a fact is left out, and what has no room: who a person is comes first, and what they are in last, so that
 * no identity provider can make a person of whom a runner cannot be told.
 */
function told({
  name: id,
  email,
  groups,
  client,
  scopes,
  identity = {},
}: Known): ToldPerson | undefined {
  if (id === ANONYMOUS_NAME || !PERSON_ID.test(id)) return undefined;
  const { issuer, subject, name } = identity;
  let person: ToldPerson = { id };
  for (const [key, value] of Object.entries({ issuer, subject, email, name, client })) {
    const more = isFact(value) ? { ...person, [key]: value } : person;
    if (jsonBytes(more) <= PERSON_BYTES - EMPTY_LISTS_BYTES) person = more;
  }
  for (const [key, values] of Object.entries({ scopes, groups })) {
    if (values) person = { ...person, [key]: fitting(person, key, values) };
  }
  return person;
}

const isFact = (value: string | undefined): value is string =>
  value !== undefined && value.length <= FACT_CHARACTERS && FACT.test(value);

/** As many as there is room for, in their order. */
function fitting(person: ToldPerson, key: string, values: readonly string[]): string[] {
  let room = PERSON_BYTES - jsonBytes({ ...person, [key]: [] }) - EMPTY_GROUPS_BYTES;
  const taken: string[] = [];
  for (const value of values) {
    if (!isFact(value)) continue;
    // And the comma.
    room -= jsonBytes(value) + 1;
    if (room < 0 || taken.length >= MOST_GROUPS) break;
    taken.push(value);
  }
  return taken;
}

/** What comes first leaves room to say that nothing of the rest is told. */
const EMPTY_GROUPS_BYTES = jsonBytes({ groups: [] });
const EMPTY_LISTS_BYTES = jsonBytes({ scopes: [], groups: [] });
