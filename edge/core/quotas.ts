// The rules of quotas of a day. What workers count they tell the access actor now and then, which adds it up and says how it stands for
// all of them: so a deploy, or a worker that begins anew, forgives nobody what was used. Pure.
import type { QuotaDue, QuotaSteps, QuotaStore, QuotaUse } from './quota-ports.ts';
import { dueAfter, type Rate } from './rates.ts';

export class Quotas implements QuotaSteps {
  readonly #store: QuotaStore;
  readonly #kept: (now: number) => void;

  /** `kept`: something was kept that has to be swept one day. */
  constructor(store: QuotaStore, kept: (now: number) => void) {
    this.#store = store;
    this.#kept = kept;
  }

  readonly useQuotas: QuotaSteps['useQuotas'] = ({ used }, now) => {
    const dues = used.map((use) => this.#add(use, now));
    if (dues.length > 0) this.#kept(now);
    return { dues };
  };

  sweep(now: number): void {
    this.#store.dropQuotasBefore(now);
  }

  #add({ key, rate, units }: QuotaUse, now: number): QuotaDue {
    const due = { key, dueBy: dueAfter(this.#store.quotaDue(key), rate, now, units) };
    this.#store.putQuotaDue(due);
    return due;
  }
}

/** What is used is told this often, and before that when so much of the quota was used. */
const TELL_MS = 10_000;
const TELL_SHARE = 0.01;

/** How exact the first of them is. */
const LOOK_MS = 1_000;

/** Quotas that are remembered; the one that was told longest ago is forgotten first, and told anew. */
const QUOTAS = 10_000;

interface Counted {
  readonly rate: Rate;
  units: number;
  tellAt: number;
}

/** What one worker has counted of quotas and not told yet. */
export class UntoldUse {
  readonly #counted = new Map<string, Counted>();
  /** Those of which something is untold, and can wait. */
  readonly #untold = new Set<string>();
  /** Those that are to be told at once. */
  readonly #ripe = new Set<string>();
  /** When those that wait were looked through last: they may be many, and each request asks what is to be told. */
  #lookedAt = -Infinity;

  add(key: string, rate: Rate, units: number): void {
    const { units: before, tellAt } = this.#counted.get(key) ?? { units: 0, tellAt: 0 };
    const counted = { rate, units: before + units, tellAt };
    this.#counted.set(key, counted);
    const isRipe = tellAt === 0 || counted.units >= rate.count * TELL_SHARE;
    (isRipe ? this.#ripe : this.#untold).add(key);
    if (this.#counted.size <= QUOTAS) return;
    for (const oldest of this.#counted.keys()) {
      this.#counted.delete(oldest);
      this.#untold.delete(oldest);
      this.#ripe.delete(oldest);
      return;
    }
  }

  /** What is to be told now; it counts as told. Empty: nothing. */
  take(now: number): readonly QuotaUse[] {
    this.#ripen(now);
    const used: QuotaUse[] = [];
    for (const key of this.#ripe) {
      const counted = this.#counted.get(key);
      if (!counted) continue;
      const { rate, units } = counted;
      used.push({ key, rate, units });
      this.#counted.delete(key);
      this.#counted.set(key, { rate, units: 0, tellAt: now + TELL_MS });
      this.#untold.delete(key);
    }
    this.#ripe.clear();
    return used;
  }

  #ripen(now: number): void {
    // The wall clock may be set back meanwhile.
    if (Math.abs(now - this.#lookedAt) < LOOK_MS) return;
    this.#lookedAt = now;
    for (const key of this.#untold)
      if ((this.#counted.get(key)?.tellAt ?? 0) <= now) this.#ripe.add(key);
  }

  /** It could not be told. */
  giveBack(used: readonly QuotaUse[]): void {
    for (const { key, rate, units } of used) this.add(key, rate, units);
  }
}
