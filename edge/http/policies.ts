// The policy that counts now: that of the settings, and beside it the one that the operator set and the access actor keeps. What the
// actor said counts for a short time, so that a call costs no round trip, and a policy that was set bites everywhere soon after.
import { askAccess } from './oauth/context.ts';
import type { Ports } from './ports.ts';
import { Policies } from '../core/policies.ts';
import type { OperatorPolicy } from '../core/policy.ts';
import { readKeptPolicy } from '../policy-variable.ts';
import type { Settings } from '../settings.ts';
import type { Fault } from '../../shared/fault.ts';

/** How long an answer of the actor counts. It is asked again before, behind the request that found it old. */
export const POLICY_COUNTS_MS = 30_000;
/** How old an answer may be for a listener, which asks at each beat of its stream. */
export const ASK_AGAIN_MS = 15_000;

/** What the actor keeps; `unreadable`: nobody knows what it was to forbid. */
interface Stored {
  readonly version: number;
  readonly policy: OperatorPolicy | 'unreadable' | undefined;
}

const NOTHING: Stored = { version: 0, policy: undefined };

/** The policies, or why they cannot be told: then nothing is served. */
export type FoundPolicies = Policies | { readonly fault: Fault };

const NONE = new Policies(undefined, undefined);

const UNREADABLE: Fault = {
  fault: 'not_configured',
  message:
    'The policy that is kept here cannot be read by this version of the edge, so nothing is served. Set it anew with `mcp-bridge policy set`.',
};

/** What one isolate or program remembers of the policy. */
export class PolicyMemory {
  #stored = NOTHING;
  #askedAt = 0;
  #countsUntil = 0;
  #askAt = 0;
  #found: Policies = NONE;

  /** The policies that count now; at once, unless the access actor must be asked. `isCurrent`: it is asked rather than remembered long. */
  find(
    settings: Pick<Settings, 'policy' | 'signIn'>,
    ports: Pick<Ports, 'access' | 'outlive'>,
    isCurrent = false,
  ): FoundPolicies | Promise<FoundPolicies> {
    const { policy, signIn } = settings;
    // Without an owner nobody can set one.
    const isKept = signIn !== undefined && signIn.ownerKeys.size > 0;
    if (policy === undefined && !isKept) return NONE;
    if (policy === 'broken') return { fault: { fault: 'not_configured' } };
    if (!isKept) return this.#beside(policy);
    const now = Date.now();
    // A clock that was set back would keep it for as long.
    if (now < this.#askedAt || now >= this.#countsUntil) return this.#asked(policy, ports);
    if (now >= this.#askAt && isCurrent) return this.#asked(policy, ports);
    if (now >= this.#askAt) {
      this.#askAt = now + ASK_AGAIN_MS;
      ports.outlive(this.#ask(ports));
    }
    return this.#beside(policy);
  }

  /** A policy was set here: what is remembered is old. */
  forget(): void {
    this.#countsUntil = 0;
  }

  async #asked(
    set: OperatorPolicy | undefined,
    ports: Pick<Ports, 'access'>,
  ): Promise<FoundPolicies> {
    if (!(await this.#ask(ports))) return { fault: { fault: 'sign_in_unavailable' } };
    return this.#beside(set);
  }

  /** No request waits for what another one asked: hosts end what belongs to one when its client leaves. */
  async #ask(ports: Pick<Ports, 'access'>): Promise<boolean> {
    const askedAt = Date.now();
    const asked = await askAccess(ports, 'policy', { known: this.#stored.version });
    if (!asked) return false;
    const { version, text } = asked.answer;
    // An answer that was overtaken by a later one is no news.
    if (version < this.#stored.version) return true;
    if (text !== undefined) this.#stored = { version, policy: readKeptPolicy(text) };
    this.#askedAt = askedAt;
    this.#countsUntil = askedAt + POLICY_COUNTS_MS;
    this.#askAt = askedAt + ASK_AGAIN_MS;
    return true;
  }

  #beside(set: OperatorPolicy | undefined): FoundPolicies {
    const { policy } = this.#stored;
    if (policy === 'unreadable') return { fault: UNREADABLE };
    if (!this.#found.isOf(set, policy)) this.#found = new Policies(set, policy);
    return this.#found;
  }
}
