// Workers remember for a while whom they let in. What is opened in that time by somebody who lost their access meanwhile is ended once it
// is over: nothing would close it for hours otherwise. Pure.
import type { OpenedChange } from './let-in.ts';
import type { Withdrawal } from './ports.ts';

/** How long a worker lets in on what the access actor said: an ended grant serves no longer. */
export const ADMITTED_MS = 30_000;

/** An opening that was let in at the last moment is in the books by then. */
const ON_THE_WAY_MS = 5_000;

/** Withdrawals that are remembered at a time: they come from people, and a flood of them loses the oldest. */
const MOST = 1_000;

/** When everybody knows of a change that is made now. */
export const knownAt = (now: number): number => now + ADMITTED_MS + ON_THE_WAY_MS;

/** Changes that not every worker knows yet, kept through the next deploy: it ends the fleet's memory, and may come within seconds. */
interface LateNote {
  readonly until: number;
  /** Whom settings before these let in, as texts. */
  readonly letIn: readonly string[];
}

/** More deploys than are made before everybody knows of the first. */
const MOST_TEXTS = 4;

export const lateNoteIn = (text: string | undefined): LateNote | undefined =>
  text === undefined ? undefined : (JSON.parse(text) as LateNote);

/** The note once something changed; `letIn`: whom the settings let in until now, if that is what changed. */
export function lateNoteAfter(before: string | undefined, now: number, letIn?: string): string {
  const texts = [...(lateNoteIn(before)?.letIn ?? []), ...(letIn === undefined ? [] : [letIn])];
  const note: LateNote = { until: knownAt(now), letIn: texts.slice(-MOST_TEXTS) };
  return JSON.stringify(note);
}

/** What changed: a policy, or whom the settings let in. */
export type ChangeOf = 'policy' | 'letIn';

export class LateOpenings {
  readonly #withdrawn: { readonly withdrawal: Withdrawal; readonly at: number }[] = [];

  readonly #changes = new Map<ChangeOf, { readonly change: OpenedChange; readonly at: number }>();

  remember(withdrawal: Withdrawal, now: number): void {
    if (this.#withdrawn.length >= MOST) this.#withdrawn.shift();
    this.#withdrawn.push({ withdrawal, at: knownAt(now) });
  }

  /** The last of its kind counts, as it does for whoever comes then. `at`: when everybody knows it. */
  rememberChange(of: ChangeOf, change: OpenedChange, at: number): void {
    this.#changes.set(of, { change, at });
  }

  get hasChanges(): boolean {
    return this.#changes.size > 0;
  }

  /** When {@link take} or {@link takeChange} has some. */
  get dueAt(): number | undefined {
    const due = [this.#withdrawn[0], ...this.#changes.values()].flatMap((each) => each?.at ?? []);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** A change that everybody knows now. */
  takeChange(of: ChangeOf, now: number): OpenedChange | undefined {
    const known = this.#changes.get(of);
    if (known === undefined || known.at > now) return undefined;
    this.#changes.delete(of);
    return known.change;
  }

  /** Those after which nobody is let in any more. */
  take(now: number): readonly Withdrawal[] {
    const later = this.#withdrawn.findIndex(({ at }) => at > now);
    const over = this.#withdrawn.splice(0, later < 0 ? this.#withdrawn.length : later);
    return over.map(({ withdrawal }) => withdrawal);
  }
}
