// The rules of keys that are kept by the access actor: how many a name has, how one replaces another, and how a machine becomes a runner.
import type { AccessLimits } from './access-limits.ts';
import type {
  CredentialRow,
  CredentialSteps,
  CredentialStore,
  CredentialView,
} from './credential-ports.ts';

/** Names of a kind. */
const NAMES = 1_000;

/** The one that counts, and the one before it while machines change over. */
const KEYS_OF_NAME = 2;

/** Somebody copies the code from one window to another. */
const INVITATION_MS = 10 * 60_000;

/** A code has 256 bits: whoever is wrong more often does not mistype. */
const TRIES = 5;

/** Tries left of a code that was used. It stays for as long as it would have served, for the machine that used it. */
const SPENT = 0;

const INVITATIONS = 100;

/** After a machine joined again under its name, its old key serves for so long. */
const OVERLAP_MS = 24 * 3_600_000;

/** That a key is used is written down so often. */
const NOTED_MS = 3_600_000;

const ALL_SERVERS = '*';

export class Credentials implements CredentialSteps {
  readonly #store: CredentialStore;
  readonly #limits: AccessLimits;

  constructor(store: CredentialStore, limits: AccessLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  readonly addCredential: CredentialSteps['addCredential'] = (wish, now) => {
    const store = this.#store;
    const { kind, name, proof, servers, notAfter } = wish;
    if (store.credentialsOf(kind, name).length > 0) return { kind: 'taken' };
    if (store.countNames(kind) >= NAMES) return { kind: 'full' };
    store.putCredential({ kind, name, proof, servers, createdAt: now, usedAt: 0, notAfter });
    return { kind: 'added' };
  };

  readonly rotateCredential: CredentialSteps['rotateCredential'] = (wish, now) => {
    const { kind, name, proof, overlapMs } = wish;
    const newest = this.#store.credentialsOf(kind, name).at(-1);
    if (!newest) return { kind: 'unknown' };
    this.#replace({ ...newest, proof, createdAt: now, usedAt: 0, notAfter: null }, now + overlapMs);
    return { kind: 'rotated' };
  };

  readonly removeCredential: CredentialSteps['removeCredential'] = ({ kind, name }) => {
    const isRemoved = this.#store.credentialsOf(kind, name).length > 0;
    this.#store.removeCredentials(kind, name);
    if (kind === 'runner') this.#store.removeInvitationsFor(name);
    return { isRemoved };
  };

  readonly credentials: CredentialSteps['credentials'] = ({ kind }) => {
    const views = new Map<string, CredentialView>();
    for (const { name, servers, createdAt, usedAt, notAfter } of this.#store.credentialsOf(kind)) {
      const keys = [...(views.get(name)?.keys ?? []), { createdAt, usedAt, notAfter }];
      views.set(name, { name, servers, keys });
    }
    return [...views.values()];
  };

  readonly holder: CredentialSteps['holder'] = ({ kind, proof }, now) => {
    const row = this.#store.credential(kind, proof);
    if (!row || isOver(row, now)) return { holder: undefined };
    if (now - row.usedAt >= NOTED_MS) this.#store.putCredential({ ...row, usedAt: now });
    const { name, servers, notAfter } = row;
    return { holder: { name, servers, notAfter } };
  };

  readonly boundServers: CredentialSteps['boundServers'] = (_wish, now) => {
    const living = this.#store.credentialsOf('runner').filter((row) => !isOver(row, now));
    const named = new Set(living.flatMap(({ servers }) => servers));
    named.delete(ALL_SERVERS);
    return [...named];
  };

  readonly invite: CredentialSteps['invite'] = (invitation, now) => {
    const store = this.#store;
    store.dropInvitationsBefore(now);
    store.removeInvitationsFor(invitation.runner);
    if (store.countInvitations() >= INVITATIONS) return { kind: 'full' };
    const until = now + INVITATION_MS;
    store.putInvitation({ ...invitation, until, tries: TRIES });
    return { kind: 'invited', until };
  };

  readonly join: CredentialSteps['join'] = ({ id, code, proof, from }, now) => {
    const limited = this.#limits.check('join', from, now);
    if (limited) return limited;
    const store = this.#store;
    const invitation = store.invitation(id);
    const isRight = invitation?.code === code && now < invitation.until;
    if (!invitation || !isRight) {
      this.#limits.count('join', from, now);
      if (invitation) this.#mistaken(invitation.id, now);
      return { kind: 'refused' };
    }
    const { runner: name, servers } = invitation;
    if (invitation.tries === SPENT) {
      // The machine that spent it asks again: the answer was lost on its way.
      const isIts = store.credential('runner', proof)?.name === name;
      return isIts ? { kind: 'joined', runner: name, servers } : { kind: 'refused' };
    }
    store.putInvitation({ ...invitation, tries: SPENT });
    const row: CredentialRow = {
      kind: 'runner',
      name,
      proof,
      servers,
      createdAt: now,
      usedAt: 0,
      notAfter: null,
    };
    this.#replace(row, now + OVERLAP_MS);
    return { kind: 'joined', runner: name, servers };
  };

  /** Forgets what counts no more. */
  sweep(now: number): void {
    this.#store.dropCredentialsBefore(now);
    this.#store.dropInvitationsBefore(now);
  }

  #mistaken(id: string, now: number): void {
    const invitation = this.#store.invitation(id);
    if (!invitation) return;
    if (invitation.tries > 1 && now < invitation.until)
      this.#store.putInvitation({ ...invitation, tries: invitation.tries - 1 });
    else this.#store.removeInvitation(id);
  }

  /** The new key counts at once; those before it until `until`, and only the last of them. All have what the new one opens. */
  #replace(row: CredentialRow, until: number): void {
    const { kind, name, servers } = row;
    const older = this.#store
      .credentialsOf(kind, name)
      .filter(({ proof }) => proof !== row.proof)
      .slice(1 - KEYS_OF_NAME);
    this.#store.removeCredentials(kind, name);
    for (const old of older) {
      const notAfter = Math.min(old.notAfter ?? until, until);
      this.#store.putCredential({ ...old, servers, notAfter });
    }
    this.#store.putCredential(row);
  }
}

const isOver = ({ notAfter }: CredentialRow, now: number): boolean =>
  notAfter !== null && now >= notAfter;
