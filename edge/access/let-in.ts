// Whom the settings let in, as a text that the fleet keeps, and what of what is open a deploy with other settings ends: what was opened by
// somebody who is let in no more, or not to that server, or not with all that they had. Pure.
import { allowedTo, isNarrowed, type AllowEntry } from './allow-list.ts';
import { ANONYMOUS_NAME, PERSON_NAME, type Grants } from './principal.ts';
import type { LetIn, OpenedChange } from '../core/let-in.ts';
import type { Person } from '../core/person-ports.ts';
import type { PlacedHolder, SessionRow } from '../core/ports.ts';
import type { SignIn } from '../sign-in-settings.ts';

/** A name of BRIDGE_CLIENTS. */
interface NamedKeys {
  /** Digests. */
  readonly keys: readonly string[];
  readonly servers: readonly string[] | '*';
}

type Names = Readonly<Record<string, NamedKeys>>;

/** Of the settings what decides who is let in. */
export interface LettingIn {
  readonly clients: Grants;
  readonly clientAuth: 'keys' | 'none';
  readonly signIn?: SignIn | undefined;
}

/** Of the text that is kept. */
interface Kept {
  readonly names: Names;
  /** Whoever vouches for people, and whom of them they let in. */
  readonly people?: {
    readonly owner: boolean;
    readonly vouching: readonly (readonly [string, readonly KeptEntry[]])[];
    /** The first of these signs people in. Absent in texts of older versions, which did not say. */
    readonly provider?: boolean;
  };
}

interface KeptEntry extends Omit<AllowEntry, 'servers'> {
  readonly servers: readonly string[] | '*';
}

export class LetInBySettings implements LetIn {
  readonly text: string;
  readonly #settings: LettingIn;
  readonly #names: Names;

  constructor(settings: LettingIn) {
    this.#settings = settings;
    this.#names = namesOf(settings.clients);
    this.text = JSON.stringify({ names: this.#names, ...rest(settings) });
  }

  changeFrom(before: string): OpenedChange {
    const { names, people } = JSON.parse(before) as Kept;
    const { people: now } = JSON.parse(this.text) as Kept;
    const areSamePeople = listsOf(people) === listsOf(now);
    const isOut = (row: SessionRow): boolean =>
      !(areSamePeople && row.as?.hasMoreGroups === true) && this.#isOut(row, names);
    const vouchingBefore = (people?.vouching ?? []).map(([issuer, allow], at) => ({
      issuer,
      allow: allow.map(entryOf),
      isProvider: at === 0 && people?.provider !== false,
    }));
    const { signIn } = this.#settings;
    const hasLess = (row: SessionRow): boolean =>
      !areSamePeople && signIn !== undefined && areRightsLess(vouchingBefore, signIn, row);
    return {
      ends: (row) => isOut(row) || this.#hasLostKey(row, names) || hasLess(row),
      // By which scopes it was opened meanwhile, the old or the new, nobody can tell: the client opens another.
      endsLate: (row) => isOut(row) || hasLess(row),
    };
  }

  /** Nothing in the settings lets the holder in to the server, or not with the key that opened the session. */
  #isOut(row: SessionRow, names: Names): boolean {
    const { principal, server, grant } = row;
    const { clientAuth, signIn } = this.#settings;
    if (principal === ANONYMOUS_NAME) return clientAuth !== 'none';
    if (PERSON_NAME.test(principal)) return !signIn || !isLetIn(signIn, row);
    const [before, now] = [own(names, principal), own(this.#names, principal)];
    // Without sign-in no keys count but those of the settings. With it, the access actor may know the name.
    if (!before) return !signIn && !now;
    if (!now) return true;
    const isServed = now.servers === '*' || now.servers.includes(server);
    return !isServed || (grant !== undefined && lostOf(before, now).includes(grant));
  }

  /** What all keys of a name use ends with one of them: nobody can tell whose requests are on their way in it. */
  #hasLostKey({ principal, grant }: SessionRow, names: Names): boolean {
    const [before, now] = [own(names, principal), own(this.#names, principal)];
    return grant === undefined && before && now ? lostOf(before, now).length > 0 : false;
  }
}

const own = (names: Names, name: string): NamedKeys | undefined =>
  Object.hasOwn(names, name) ? names[name] : undefined;

const lostOf = (before: NamedKeys, now: NamedKeys): readonly string[] =>
  before.keys.filter((key) => !now.keys.includes(key));

function namesOf(clients: Grants): Names {
  const names = new Map<string, NamedKeys>();
  for (const [digest, { name, servers }] of clients) {
    const keys = [...(names.get(name)?.keys ?? []), digest];
    names.set(name, { keys, servers: servers === '*' ? '*' : [...servers] });
  }
  return Object.fromEntries(names);
}

const rest = ({ clientAuth, signIn }: LettingIn) => ({
  clientAuth,
  ...(signIn && {
    people: {
      owner: signIn.ownerKeys.size > 0,
      vouching: vouchingOf(signIn).map(({ issuer, allow }) => [issuer, allow.map(listed)]),
      provider: signIn.provider !== undefined,
    },
  }),
});

const listsOf = (people: Kept['people']): string =>
  JSON.stringify(people && [people.owner, people.vouching]);

const listed = ({ servers, ...entry }: AllowEntry) => ({
  ...entry,
  servers: servers === '*' ? '*' : [...servers],
});

const entryOf = ({ servers, ...entry }: KeptEntry): AllowEntry => ({
  ...entry,
  servers: servers === '*' ? '*' : new Set(servers),
});

/** Whoever vouches for people: the provider, and the issuers whose tokens count. */
const vouchingOf = ({ provider, issuers }: SignIn): readonly Vouching[] => [
  ...(provider ? [{ ...provider, isProvider: true }] : []),
  ...issuers.map((issuer) => ({ ...issuer, isProvider: false })),
];

/** Of a person, by what was known when the session was opened. */
function isLetIn(signIn: SignIn, { principal, server, as }: PlacedHolder): boolean {
  if (principal === 'owner') return signIn.ownerKeys.size > 0;
  const person = personOf({ principal, as });
  // Opened before this was kept: nobody can tell.
  if (!person) return true;
  return vouchingOf(signIn).some(
    ({ issuer, allow }) => issuer === person.issuer && allowedTo(person, allow, server),
  );
}

/** As what a list judges the holder of a session; undefined: nobody can tell. */
function personOf({ principal, as }: Pick<PlacedHolder, 'principal' | 'as'>): Person | undefined {
  return as?.vouched && { id: principal, ...as.vouched, groups: as.groups };
}

interface Vouching extends Pick<NonNullable<SignIn['provider']>, 'issuer' | 'allow'> {
  /** It signs people in; any other one has its tokens accepted. The same issuer may do both, by a list each. */
  readonly isProvider: boolean;
}

/**
 * Whether a person may do less with the server than when the session was opened: an entry of a list names other scopes. What was asked
 * for with a scope that is gone would go on otherwise. Nobody can tell by which list of the issuer the session was opened, so each is
 * compared with what has come of it; of one that lets the person in no more, with the other, which does.
 */
function areRightsLess(
  before: readonly Vouching[],
  signIn: SignIn,
  { principal, server, as }: PlacedHolder,
): boolean {
  const person = personOf({ principal, as });
  if (!person) return false;
  const rightsBy = (vouching: readonly Vouching[]) =>
    vouching.flatMap(({ issuer, allow, isProvider }) => {
      const allowed = issuer === person.issuer ? allowedTo(person, allow, server) : undefined;
      return allowed ? [{ allowed, isProvider }] : [];
    });
  const now = rightsBy(vouchingOf(signIn));
  return rightsBy(before).some(({ allowed, isProvider }) => {
    const has = now.find((each) => each.isProvider === isProvider) ?? now[0];
    return has !== undefined && isNarrowed(allowed, has.allowed);
  });
}
