// Counts what metrics.ts names: totals and histograms by label, added to where something happens, sent on as differences, and kept.
// The number of series is bounded here, whatever is counted. Pure.
import {
  BUCKETS,
  metric,
  METRICS,
  metricRow,
  OTHER,
  type Hop,
  type Metric,
  type MetricKey,
  type Observed,
} from './metrics.ts';

/** The metrics that are counted; gauges are looked up when somebody asks. */
export type CountedKey = {
  [Key in MetricKey]: (typeof METRICS)[Key]['type'] extends 'gauge' ? never : Key;
}[MetricKey];

/** Names of servers or runners that have series of their own in one metric. */
const MOST_NAMES = 512;

/** Between the values of a key; no label has it. */
const BETWEEN = '\n';

/** A total that only grows. */
export class Total {
  value = 0;
}

export class Histogram {
  readonly counts: number[] = Array.from({ length: BUCKETS.length + 1 }, () => 0);
  sum = 0;

  /** In seconds. */
  observe(value: number): void {
    let index = 0;
    while (index < BUCKETS.length && value > (BUCKETS[index] ?? Infinity)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }
}

/** One series and what came to it. Plain values, to be sent or kept as JSON. */
export interface Figure {
  /** Of {@link METRICS}, if this version knows it. */
  readonly key: string;
  /** The values of its labels, in their order. */
  readonly labels: readonly string[];
  readonly value: number | Observed;
}

interface Family<Value> {
  readonly rules: readonly (readonly [name: string, rule: 'name' | readonly string[]])[];
  readonly series: Map<string, { readonly labels: readonly string[]; readonly value: Value }>;
  readonly names: Set<string>;
}

const isCounted = (key: string): key is CountedKey =>
  Object.hasOwn(METRICS, key) && metricRow(key as MetricKey).type !== 'gauge';

export class Figures {
  readonly #totals = new Map<CountedKey, Family<Total>>();
  readonly #histograms = new Map<CountedKey, Family<Histogram>>();

  /** The series of these labels: for who counts often, and keeps it. */
  total(key: CountedKey, ...labels: readonly string[]): Total {
    return seriesOf(familyOf(this.#totals, key), labels, () => new Total());
  }

  histogram(key: CountedKey, ...labels: readonly string[]): Histogram {
    return seriesOf(familyOf(this.#histograms, key), labels, () => new Histogram());
  }

  count(key: CountedKey, ...labels: readonly string[]): void {
    this.total(key, ...labels).value += 1;
  }

  /** Adds what was counted elsewhere, or kept. What this version does not know is left out. */
  add(figures: readonly Figure[]): void {
    for (const { key, labels, value } of figures) {
      if (!isCounted(key) || labels.length !== rulesOf(key).length) continue;
      const isHistogram = metricRow(key).type === 'histogram';
      if (typeof value === 'number') {
        if (!isHistogram) this.total(key, ...labels).value += value;
      } else if (isHistogram && value.counts.length === BUCKETS.length + 1) {
        const own = this.histogram(key, ...labels);
        for (const [index, count] of value.counts.entries())
          own.counts[index] = (own.counts[index] ?? 0) + count;
        own.sum += value.sum;
      }
    }
  }

  /** All that was counted. */
  all(): Figure[] {
    return [...this.#read(false)];
  }

  /** What was counted since this was asked last; who keeps a series goes on counting in it. */
  take(): Figure[] {
    return [...this.#read(true)];
  }

  /** The metrics of these keys, for the text. */
  metrics(keys: readonly CountedKey[]): Metric[] {
    const all = Map.groupBy(this.#read(false), ({ key }) => key);
    return keys.map((key) => {
      const names = rulesOf(key).map(([name]) => name);
      const samples = (all.get(key) ?? []).map(({ labels, value }) => ({
        labels: Object.fromEntries(names.map((name, index) => [name, labels[index] ?? ''])),
        value,
      }));
      return metric(key, samples);
    });
  }

  *#read(isTaken: boolean): Generator<Figure> {
    for (const [key, { series }] of this.#totals)
      for (const { labels, value } of series.values()) {
        if (value.value === 0) continue;
        yield { key, labels, value: value.value };
        if (isTaken) value.value = 0;
      }
    for (const [key, { series }] of this.#histograms)
      for (const { labels, value } of series.values()) {
        if (value.counts.every((count) => count === 0)) continue;
        yield { key, labels, value: { counts: [...value.counts], sum: value.sum } };
        if (!isTaken) continue;
        value.counts.fill(0);
        value.sum = 0;
      }
  }
}

const rulesOf = (key: CountedKey) => Object.entries(metricRow(key).labels ?? {});

function familyOf<Value>(families: Map<CountedKey, Family<Value>>, key: CountedKey): Family<Value> {
  let family = families.get(key);
  if (!family) {
    family = { rules: rulesOf(key), series: new Map(), names: new Set() };
    families.set(key, family);
  }
  return family;
}

function seriesOf<Value>(
  { rules, series, names }: Family<Value>,
  asked: readonly string[],
  make: () => Value,
): Value {
  const known = series.get(asked.join(BETWEEN));
  if (known) return known.value;
  const labels = rules.map(([, rule], index) => fitted(rule, asked[index] ?? '', names));
  const id = labels.join(BETWEEN);
  let one = series.get(id);
  if (!one) {
    one = { labels, value: make() };
    series.set(id, one);
  }
  return one.value;
}

function fitted(rule: 'name' | readonly string[], value: string, names: Set<string>): string {
  if (rule !== 'name') return rule.includes(value) ? value : OTHER;
  if (names.size >= MOST_NAMES && !names.has(value)) return OTHER;
  names.add(value);
  return value;
}

/** What is counted of the calls of each server at one hop. Looked up by the server's name alone, since each call comes here. */
export class CallFigures {
  readonly #figures: Figures;
  readonly #hop: Hop;
  readonly #servers = new Map<string, ServerCalls>();

  constructor(figures: Figures, hop: Hop) {
    this.#figures = figures;
    this.#hop = hop;
  }

  of(server: string): ServerCalls {
    let calls = this.#servers.get(server);
    if (!calls) {
      calls = new ServerCalls(this.#figures, server, this.#hop);
      if (this.#servers.size >= MOST_NAMES) this.#servers.clear();
      this.#servers.set(server, calls);
    }
    return calls;
  }
}

export class ServerCalls {
  readonly #figures: Figures;
  readonly #server: string;
  readonly #hop: Hop;
  readonly #outcomes = new Map<string, Total>();
  #duration: Histogram | undefined;

  constructor(figures: Figures, server: string, hop: Hop) {
    this.#figures = figures;
    this.#server = server;
    this.#hop = hop;
  }

  /** How a call ended: one of the outcomes of {@link METRICS}. */
  ended(outcome: string): void {
    let total = this.#outcomes.get(outcome);
    if (!total) {
      total = this.#figures.total('calls', this.#server, this.#hop, outcome);
      this.#outcomes.set(outcome, total);
    }
    total.value += 1;
  }

  took(ms: number): void {
    this.#duration ??= this.#figures.histogram('callDuration', this.#server, this.#hop);
    this.#duration.observe(ms / 1000);
  }
}
