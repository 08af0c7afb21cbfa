// The policies that count together: that of the settings, and the one that the operator set; and what a change of them ends of what is open.
// Pure.
import type { AdmittedAs, PlacedHolder, Vouched } from './ports.ts';
import type { Person } from './person-ports.ts';
import type { Judged, OperatorPolicy, ServerPolicy } from './policy.ts';

/** The policy of each server. One of the settings that says anything of a server counts there alone. */
export class Policies {
  readonly #set: OperatorPolicy | undefined;
  readonly #stored: OperatorPolicy | undefined;

  constructor(set: OperatorPolicy | undefined, stored: OperatorPolicy | undefined) {
    this.#set = set;
    this.#stored = stored;
  }

  isOf(set: OperatorPolicy | undefined, stored: OperatorPolicy | undefined): boolean {
    return this.#set === set && this.#stored === stored;
  }

  of(server: string): ServerPolicy | undefined {
    return this.#set?.of(server) ?? this.#stored?.of(server);
  }

  get scopes(): readonly string[] {
    return [...(this.#set?.scopes ?? []), ...(this.#stored?.scopes ?? [])];
  }
}

/** Characters of groups that are kept for a session. Few people have so many; whom one of the rest lets in is let in again by a new session. */
const GROUPS_CHARACTERS = 8_192;

/** As what a policy let in a person who signed in; undefined for others. */
export function admittedAs(holder: Holder): AdmittedAs | undefined {
  const { client, groups = [], scopes } = holder;
  if (scopes === undefined) return undefined;
  let room = GROUPS_CHARACTERS;
  const kept = groups.filter((group) => (room -= group.length) >= 0);
  const vouched = vouchedOf(holder);
  return {
    ...(client !== undefined && { client }),
    ...(kept.length > 0 && { groups: kept }),
    ...(kept.length < groups.length && { hasMoreGroups: true as const }),
    ...(vouched && { vouched }),
  };
}

/** Characters of what a list names a person by. Whoever has more is judged at each request alone. */
const VOUCHED_CHARACTERS = 2_048;

function vouchedOf({ identity: { issuer, subject } = {}, email }: Holder): Vouched | undefined {
  const { length } = [issuer, subject, email].join('');
  return issuer === undefined || length > VOUCHED_CHARACTERS
    ? undefined
    : { issuer, ...(subject !== undefined && { subject }), ...(email !== undefined && { email }) };
}

/** {@link admittedAs} of a session that all apps of the person use. */
export function sharedByApps(principal: Holder): AdmittedAs | undefined {
  const as = admittedAs({ ...principal, client: undefined });
  return as && { ...as, sharedByApps: true };
}

interface Holder extends Omit<Judged, 'name'> {
  readonly email?: string | undefined;
  readonly identity?: Pick<Person, 'issuer' | 'subject'> | undefined;
}

/** A policy that the operator set, or removed, in place of another. */
export class PolicyChange {
  readonly #before: Policies;
  readonly #now: Policies;

  constructor(before: Policies, now: Policies) {
    this.#before = before;
    this.#now = now;
  }

  /** Whether an open session ends: no rule lets its holder in any more. One that all apps of a person share ends if one of them is shut out that was in. */
  ends(holder: PlacedHolder): boolean {
    const [before, now] = this.#of(holder);
    const isShared = holder.as?.sharedByApps === true;
    return judgedOf(holder, now, before).some(
      (who) => !isIn(now, who) && (!isShared || isIn(before, who)),
    );
  }

  /** Whether one ends that was opened by the policy before while the change was on its way: none of its apps may be in. */
  endsLate(holder: PlacedHolder): boolean {
    const [before, now] = this.#of(holder);
    return !judgedOf(holder, now, before).some((who) => isIn(now, who));
  }

  #of({ server }: PlacedHolder): [ServerPolicy | undefined, ServerPolicy | undefined] {
    return [this.#before.of(server), this.#now.of(server)];
  }
}

/** A server without a policy is open to all that have a key or a grant for it. */
const isIn = (policy: ServerPolicy | undefined, who: Judged): boolean =>
  policy?.letsIn(who) ?? true;

/** As whom the holder of a session is judged: once, or as a person with each app that a policy names and with one that none names. */
function judgedOf(
  { principal: name, as }: PlacedHolder,
  ...policies: readonly (ServerPolicy | undefined)[]
): readonly Judged[] {
  if (!as) return [{ name }];
  const { client, groups, sharedByApps } = as;
  // Which scopes there are decides nothing here: they narrow what is done, not who is in.
  const person = { name, groups, scopes: [] };
  if (sharedByApps !== true) return [{ ...person, client }];
  const apps = new Set(policies.flatMap((policy) => policy?.apps ?? []));
  return [person, ...[...apps].map((app) => ({ ...person, client: app }))];
}
