// Turns access tokens, and keys that the access actor keeps, into principals. What was found is remembered for a short time, under the
// digest: so a call costs no round trip, and a grant that has ended, a key that was removed or a blocked person is refused soon after.
// That a key is nobody's is remembered too, for a shorter time: whoever repeats it asks nothing of the actor.
import { askAccess } from './context.ts';
import { findForeign, type WantedServer } from './foreign-tokens.ts';
import { scopesLeft } from './scopes-left.ts';
import { Issuers } from './issuers.ts';
import type { Ports } from '../ports.ts';
import { FamiliarKeys } from '../familiar-keys.ts';
import { ShortMemory } from '../short-memory.ts';
import { isMinted } from '../../access/minted.ts';
import { factsOfPerson, type Principal } from '../../access/principal.ts';
import type { CredentialKind, Proof } from '../../core/credential-ports.ts';
import type { SignIn } from '../../sign-in-settings.ts';
import { ADMITTED_MS } from '../../core/late-openings.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** What a client showed. */
interface ShownToken {
  readonly text: string;
  /** Its SHA-256, in hex. */
  readonly digest: string;
}

/** How long a key is taken for wrong without a question: one that was made meanwhile serves after that. */
const WRONG_MS = 5_000;

type Found = Principal | undefined | 'unreachable';

/** Under which what was found is remembered: a token is good for one server, a key for what its holder may use. The two differ whatever the server is called. */
const tokenOf = (server: ServerName, digest: string): string => `${server} ${digest}`;
const keyOf = (kind: CredentialKind, proof: Proof): string => `${kind}/${proof}`;

export class Admissions {
  readonly #known = new ShortMemory<Principal>();
  readonly #wrong = new ShortMemory<true>();
  /** What was let in here before is asked about however much that is wrong comes from its network. */
  readonly #familiar = new FamiliarKeys();

  readonly issuers = new Issuers();

  /**
   * Whose access token it is, ours or of another issuer, or whose key, of those that the access actor keeps: undefined if nobody's for
   * this server, `unreachable` if that cannot be found out. `mayAsk` false: what was never let in here is not looked up.
   */
  async of(
    ports: Pick<Ports, 'access' | 'provider'>,
    signIn: SignIn,
    wanted: WantedServer,
    shown: ShownToken,
    mayAsk = true,
  ): Promise<Found> {
    const { text, digest } = shown;
    if (isMinted('client', text)) return this.findHolder(ports, 'client', digest, mayAsk);
    return isMinted('access', text)
      ? this.find(ports, signIn, wanted.server, digest, mayAsk)
      : this.#findForeign(ports, signIn, wanted, shown, mayAsk);
  }

  /** Whose token or key it was found to be a moment ago, without a question; undefined if nothing is remembered. */
  remembered(server: ServerName, { text, digest }: ShownToken): Principal | undefined {
    const key = isMinted('client', text) ? keyOf('client', digest) : tokenOf(server, digest);
    return this.#known.get(key, Date.now());
  }

  /** Whose access token of ours it is, by its digest; see {@link Admissions.of}. */
  async find(
    ports: Pick<Ports, 'access'>,
    signIn: SignIn,
    server: ServerName,
    digest: string,
    mayAsk = true,
  ): Promise<Found> {
    return this.#askedOnce(tokenOf(server, digest), mayAsk, async () => {
      const asked = await askAccess(ports, 'validate', { token: digest, server });
      if (!asked) return 'unreachable';
      const { admission } = asked.answer;
      if (!admission) return undefined;
      const { person, client, grant, expiresAt } = admission;
      const scopes = scopesLeft(signIn, person, server, admission.scopes);
      if (scopes.length === 0) return undefined;
      return {
        ...factsOfPerson(person),
        servers: new Set([server]),
        client,
        grant,
        scopes,
        expiresAt,
      };
    });
  }

  /** Whose token of another issuer it is; see {@link Admissions.of}. */
  async #findForeign(
    ports: Pick<Ports, 'access' | 'provider'>,
    signIn: SignIn,
    wanted: WantedServer,
    { text, digest }: ShownToken,
    mayAsk: boolean,
  ): Promise<Found> {
    if (signIn.issuers.length === 0) return undefined;
    return this.#remembered(tokenOf(wanted.server, digest), mayAsk, () =>
      findForeign({ ports, signIn, issuers: this.issuers }, wanted, text),
    );
  }

  /** Whose key or token it is, of those that the access actor keeps; see {@link Admissions.of}. */
  async findHolder(
    ports: Pick<Ports, 'access'>,
    kind: CredentialKind,
    proof: Proof,
    mayAsk = true,
  ): Promise<Found> {
    const find = async (): Promise<Found> => {
      const asked = await askAccess(ports, 'holder', { kind, proof });
      if (!asked) return 'unreachable';
      const { holder } = asked.answer;
      if (!holder) return undefined;
      const { name, servers, notAfter } = holder;
      return {
        name,
        servers: servers.includes('*') ? '*' : new Set(servers),
        ...(notAfter !== null && { expiresAt: notAfter }),
      };
    };
    // The key of a machine is there before it joins, and serves at once when it has.
    const key = keyOf(kind, proof);
    return kind === 'runner'
      ? this.#remembered(key, mayAsk, find)
      : this.#askedOnce(key, mayAsk, find);
  }

  /** {@link #remembered}, also that it is nobody's: only the access actor says that, and of few does it ever say something else. */
  async #askedOnce(key: string, mayAsk: boolean, find: () => Promise<Found>): Promise<Found> {
    if (this.#wrong.get(key, Date.now())) return undefined;
    return this.#remembered(key, mayAsk, async () => {
      const found = await find();
      if (found === undefined) this.#wrong.set(key, true, Date.now() + WRONG_MS);
      return found;
    });
  }

  /** What was found under this key a moment ago, or is found now. */
  async #remembered(key: string, mayAsk: boolean, find: () => Promise<Found>): Promise<Found> {
    const known = this.#known.get(key, Date.now());
    if (known) return known;
    if (!mayAsk && !this.#familiar.has(key)) return undefined;
    const found = await find();
    if (found === 'unreachable') return found;
    if (found === undefined) {
      this.#familiar.remove(key);
      return found;
    }
    const until = Math.min(Date.now() + ADMITTED_MS, found.expiresAt ?? Infinity);
    this.#known.set(key, found, until);
    this.#familiar.add(key);
    return found;
  }
}
