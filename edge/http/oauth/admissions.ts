// Turns access tokens, and keys that the access actor keeps, into principals. What was found is remembered for a short time, under the
// digest: so a call costs no round trip, and a grant that has ended, a key that was removed or a blocked person is refused soon after.
import { askAccess } from './context.ts';
import { findForeign, type WantedServer } from './foreign-tokens.ts';
import { scopesLeft } from './scopes-left.ts';
import { Issuers } from './issuers.ts';
import type { Ports } from '../ports.ts';
import { ShortMemory } from '../short-memory.ts';
import { isMinted } from '../../access/minted.ts';
import type { Principal } from '../../access/principal.ts';
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

export class Admissions {
  readonly #known = new ShortMemory<Principal>();

  readonly issuers = new Issuers();

  /**
   * Whose access token it is, ours or of another issuer, or whose key, of those that the access actor keeps: undefined if nobody's for
   * this server, `unreachable` if that cannot be found out.
   */
  async of(
    ports: Pick<Ports, 'access' | 'provider'>,
    signIn: SignIn,
    wanted: WantedServer,
    shown: ShownToken,
  ): Promise<Principal | undefined | 'unreachable'> {
    const { text, digest } = shown;
    if (isMinted('client', text)) return this.findHolder(ports, 'client', digest);
    return isMinted('access', text)
      ? this.find(ports, signIn, wanted.server, digest)
      : this.#findForeign(ports, signIn, wanted, shown);
  }

  /** Whose access token of ours it is, by its digest; see {@link Admissions.of}. */
  async find(
    ports: Pick<Ports, 'access'>,
    signIn: SignIn,
    server: ServerName,
    digest: string,
  ): Promise<Principal | undefined | 'unreachable'> {
    return this.#remembered(`${server} ${digest}`, async () => {
      const asked = await askAccess(ports, 'validate', { token: digest, server });
      if (!asked) return 'unreachable';
      const { admission } = asked.answer;
      if (!admission) return undefined;
      const { person, client, grant, expiresAt } = admission;
      const scopes = scopesLeft(signIn, person, server, admission.scopes);
      if (scopes.length === 0) return undefined;
      const { id: name, email, groups, ...identity } = person;
      return {
        name,
        servers: new Set([server]),
        client,
        grant,
        scopes,
        expiresAt,
        ...(email !== undefined && { email }),
        ...(groups && { groups }),
        identity,
      };
    });
  }

  /** Whose token of another issuer it is; see {@link Admissions.of}. */
  async #findForeign(
    ports: Pick<Ports, 'access' | 'provider'>,
    signIn: SignIn,
    wanted: WantedServer,
    { text, digest }: ShownToken,
  ): Promise<Principal | undefined | 'unreachable'> {
    if (signIn.issuers.length === 0) return undefined;
    return this.#remembered(`${wanted.server} ${digest}`, () =>
      findForeign({ ports, signIn, issuers: this.issuers }, wanted, text),
    );
  }

  /** Whose key or token it is, of those that the access actor keeps; see {@link Admissions.of}. */
  async findHolder(
    ports: Pick<Ports, 'access'>,
    kind: CredentialKind,
    proof: Proof,
  ): Promise<Principal | undefined | 'unreachable'> {
    return this.#remembered(`${kind} ${proof}`, async () => {
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
    });
  }

  /** What was found under this key a moment ago, or is found now. */
  async #remembered(
    key: string,
    find: () => Promise<Principal | undefined | 'unreachable'>,
  ): Promise<Principal | undefined | 'unreachable'> {
    const known = this.#known.get(key, Date.now());
    if (known) return known;
    const found = await find();
    if (found === undefined || found === 'unreachable') return found;
    const until = Math.min(Date.now() + ADMITTED_MS, found.expiresAt ?? Infinity);
    this.#known.set(key, found, until);
    return found;
  }
}
