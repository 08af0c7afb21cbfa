// Quotas of a day: several workers count what a principal does, and the access actor adds it up.
import type { Rate } from './rates.ts';

/** What was used of a quota since that was told last. */
export interface QuotaUse {
  /** The quota, by its kind and whom it is for. */
  readonly key: string;
  readonly rate: Rate;
  readonly units: number;
}

/** When the last of what was counted of a quota is due at the permitted rate, in ms since the epoch: see {@link dueAfter}. */
export interface QuotaDue {
  readonly key: string;
  readonly dueBy: number;
}

type Step<Input, Output> = (input: Input, now: number) => Output;

export interface QuotaSteps {
  /** Adds up what was used; how it stands for all together. */
  useQuotas: Step<{ readonly used: readonly QuotaUse[] }, { readonly dues: readonly QuotaDue[] }>;
}

/** The table of quotas, a part of the access actor's. */
export interface QuotaStore {
  quotaDue(key: string): number | undefined;
  putQuotaDue(due: QuotaDue): void;
  /** Forgets those of which nothing is used any more. */
  dropQuotasBefore(now: number): void;
}
