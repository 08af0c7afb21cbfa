// Workers remember for a while whom they let in. What is opened in that time by somebody who lost their access meanwhile is ended once it
// is over: nothing would close it for hours otherwise. Pure.
import type { PolicyChange } from './policies.ts';
import type { Withdrawal } from './ports.ts';

/** How long a worker lets in on what the access actor said: an ended grant serves no longer. */
export const ADMITTED_MS = 30_000;

/** An opening that was let in at the last moment is in the books by then. */
const ON_THE_WAY_MS = 5_000;

/** Withdrawals that are remembered at a time: they come from people, and a flood of them loses the oldest. */
const MOST = 1_000;

export class LateOpenings {
  readonly #withdrawn: { readonly withdrawal: Withdrawal; readonly at: number }[] = [];

  #change: { readonly change: PolicyChange; readonly at: number } | undefined;

  remember(withdrawal: Withdrawal, now: number): void {
    if (this.#withdrawn.length >= MOST) this.#withdrawn.shift();
    this.#withdrawn.push({ withdrawal, at: now + ADMITTED_MS + ON_THE_WAY_MS });
  }

  /** The last counts, as it does for whoever comes then. */
  rememberChange(change: PolicyChange, now: number): void {
    this.#change = { change, at: now + ADMITTED_MS + ON_THE_WAY_MS };
  }

  /** When {@link take} or {@link takeChange} has some. */
  get dueAt(): number | undefined {
    const [withdrawn, change] = [this.#withdrawn[0]?.at, this.#change?.at];
    return withdrawn === undefined || change === undefined
      ? (withdrawn ?? change)
      : Math.min(withdrawn, change);
  }

  /** A change of the policy that everybody knows now. */
  takeChange(now: number): PolicyChange | undefined {
    if (this.#change === undefined || this.#change.at > now) return undefined;
    const { change } = this.#change;
    this.#change = undefined;
    return change;
  }

  /** Those after which nobody is let in any more. */
  take(now: number): readonly Withdrawal[] {
    const later = this.#withdrawn.findIndex(({ at }) => at > now);
    const over = this.#withdrawn.splice(0, later < 0 ? this.#withdrawn.length : later);
    return over.map(({ withdrawal }) => withdrawal);
  }
}
