// Metrics in the Prometheus text format 0.0.4. Labels hold names and states, never ids: a label value for each session would grow
// the time series without bound.

/** One value of a metric. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** `Content-Type` of what {@link metricsText} returns. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A metric that has one value. */
export const single = (
  type: Metric['type'],
  name: string,
  help: string,
  value: number | boolean,
): Metric => ({ type, name, help, samples: [{ value: Number(value) }] });

/** Metrics of different names, each with its samples. */
export function metricsText(metrics: readonly Metric[]): string {
  let text = '';
  for (const { name, type, help, samples } of metrics) {
    text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    for (const { labels, value } of samples)
      text += `${name}${labelsText(labels ?? {})} ${numberText(value)}\n`;
  }
  return text;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

/** Prometheus spells infinity `+Inf` and `-Inf`. */
function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : `${value}`;
}
