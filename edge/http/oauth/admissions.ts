// Turns access tokens, and keys that the access actor keeps, into principals. What the actor said is remembered for a short time, under
// the digest: so a call costs no round trip, and a grant that has ended or a key that was removed is refused soon after.
import { askAccess } from './context.ts';
import type { Ports } from '../ports.ts';
import { ShortMemory } from '../short-memory.ts';
import { sha256 } from '../../access/digest.ts';
import { isMinted } from '../../access/minted.ts';
import type { Principal } from '../../access/principal.ts';
import type { CredentialKind, Proof } from '../../core/credential-ports.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** How long an answer counts: an ended grant serves no longer. */
const REMEMBERED_MS = 30_000;

export class Admissions {
  readonly #known = new ShortMemory<Principal>();

  /** Who sent an access token, or a client's key that the access actor keeps; see {@link find}. */
  async of(
    ports: Pick<Ports, 'access'>,
    server: ServerName,
    text: string,
  ): Promise<Principal | undefined | 'unreachable'> {
    return isMinted('client', text)
      ? this.findHolder(ports, 'client', await sha256(text))
      : this.find(ports, server, text);
  }

  /** Whose token it is, for this server: undefined if nobody's, `unreachable` if that cannot be found out. */
  async find(
    ports: Pick<Ports, 'access'>,
    server: ServerName,
    token: string,
  ): Promise<Principal | undefined | 'unreachable'> {
    if (!isMinted('access', token)) return undefined;
    const digest = await sha256(token);
    const key = `${server} ${digest}`;
    const known = this.#known.get(key, Date.now());
    if (known) return known;
    const asked = await askAccess(ports, 'validate', { token: digest, server });
    if (!asked) return 'unreachable';
    const { admission } = asked.answer;
    if (!admission) return undefined;
    const { person, client, grant, scopes, expiresAt } = admission;
    const principal = {
      name: person.id,
      servers: new Set([server]),
      client,
      grant,
      scopes,
      expiresAt,
    };
    this.#known.set(key, principal, Math.min(Date.now() + REMEMBERED_MS, expiresAt));
    return principal;
  }

  /** Whose key or token it is, of those that the access actor keeps; see {@link find}. */
  async findHolder(
    ports: Pick<Ports, 'access'>,
    kind: CredentialKind,
    proof: Proof,
  ): Promise<Principal | undefined | 'unreachable'> {
    const key = `${kind} ${proof}`;
    const known = this.#known.get(key, Date.now());
    if (known) return known;
    const asked = await askAccess(ports, 'holder', { kind, proof });
    if (!asked) return 'unreachable';
    const { holder } = asked.answer;
    if (!holder) return undefined;
    const { name, servers, notAfter } = holder;
    const principal: Principal = {
      name,
      servers: servers.includes('*') ? '*' : new Set(servers),
      ...(notAfter !== null && { expiresAt: notAfter }),
    };
    this.#known.set(key, principal, Math.min(Date.now() + REMEMBERED_MS, notAfter ?? Infinity));
    return principal;
  }
}
