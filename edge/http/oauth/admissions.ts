// Turns an access token into a principal. What the access actor said is remembered for a short time, under the token's digest: so a
// call costs no round trip, and a grant that has ended is refused soon after.
import { askAccess } from './context.ts';
import type { Ports } from '../ports.ts';
import { sha256 } from '../../access/digest.ts';
import { isMinted } from '../../access/minted.ts';
import type { Principal } from '../../access/principal.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** How long an answer counts: an ended grant serves no longer. */
const REMEMBERED_MS = 30_000;

/** When so many are known they are all forgotten: the busy ones are soon back. */
const KNOWN_TOKENS = 1_000;

interface Known {
  readonly principal: Principal;
  readonly until: number;
}

export class Admissions {
  readonly #known = new Map<string, Known>();

  /** Whose token it is, for this server: undefined if nobody's, `unreachable` if that cannot be found out. */
  async find(
    ports: Pick<Ports, 'access'>,
    server: ServerName,
    token: string,
  ): Promise<Principal | undefined | 'unreachable'> {
    if (!isMinted('access', token)) return undefined;
    const digest = await sha256(token);
    const key = `${server} ${digest}`;
    const known = this.#known.get(key);
    if (known && Date.now() < known.until) return known.principal;
    this.#known.delete(key);
    const asked = await askAccess(ports, 'validate', { token: digest, server });
    if (!asked) return 'unreachable';
    const { admission } = asked.answer;
    if (!admission) return undefined;
    const { person, client, grant, scopes, expiresAt } = admission;
    const principal = {
      name: person,
      servers: new Set([server]),
      client,
      grant,
      scopes,
      expiresAt,
    };
    if (this.#known.size >= KNOWN_TOKENS) this.#known.clear();
    this.#known.set(key, { principal, until: Math.min(Date.now() + REMEMBERED_MS, expiresAt) });
    return principal;
  }
}
