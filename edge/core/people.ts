// The rules of people at the access actor: who is blocked, and what a block ends.
import type { EndedGrant, PersonSteps, PersonStore } from './person-ports.ts';

/** People that may be blocked at a time: they are blocked by hand. */
const BLOCKED = 1_000;

export class People implements PersonSteps {
  readonly #store: PersonStore;
  readonly #endGrants: (person: string) => readonly EndedGrant[];

  /** `endGrants`: ends all grants of a person. */
  constructor(store: PersonStore, endGrants: (person: string) => readonly EndedGrant[]) {
    this.#store = store;
    this.#endGrants = endGrants;
  }

  readonly block: PersonSteps['block'] = ({ person }, now) => {
    const store = this.#store;
    const before = store.blockedPerson(person.id);
    if (!before && store.countBlocked() >= BLOCKED) return { kind: 'full' };
    const known = { ...store.person(person.id), ...before?.person, ...person };
    store.putBlocked({ person: known, since: before?.since ?? now });
    return { kind: 'blocked', ended: this.#endGrants(person.id) };
  };

  readonly unblock: PersonSteps['unblock'] = ({ person }) => {
    const isUnblocked = this.#store.blockedPerson(person) !== undefined;
    this.#store.removeBlocked(person);
    return { isUnblocked };
  };

  readonly blockedPeople: PersonSteps['blockedPeople'] = () => this.#store.blockedPeople();

  readonly standing: PersonSteps['standing'] = ({ person }) => ({
    isBlocked: this.#store.blockedPerson(person) !== undefined,
  });
}
