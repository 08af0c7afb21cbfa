// What edge and runner measure, in one table: names, types, units, labels and buckets; and the text in which Prometheus reads it
// (text format 0.0.4, which OpenMetrics readers take too). A label has names of servers and runners, of which there is a bound, or
// one of a list: never an id, and nothing that a client, a tool or a person is called.
import { FAULTS, SIGN_IN_ERRORS } from './fault.ts';

/** A name that an operator gave, or a list of all values. What is in no list, or one name too many, is {@link OTHER}. */
type LabelRule = 'name' | readonly string[];

interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: Readonly<Record<string, LabelRule>>;
}

/** Stands for values that have no series of their own. It is no name that a server or a runner can have. */
export const OTHER = '(other)';

/** Upper bounds of a histogram's buckets, in seconds: those that OpenTelemetry advises for MCP, and below them what a hop takes. */
export const BUCKETS: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
];

const FAULT_CODES = Object.keys(FAULTS);

/** Codes of errors that MCP 2026-07-28 itself gives to a request (shared/mcp/modern.ts). */
const ERROR_CODES = ['-32601', '-32602', '-32603', '-32020', '-32021', '-32022'];

/** Where a call is measured. Each hop counts from where it took the call to where it had its answer, with all that lies behind it. */
export const HOPS = ['edge', 'link', 'process'] as const;
export type Hop = (typeof HOPS)[number];

/** How far somebody who signs in has come. */
export const SIGN_IN_STEPS = ['registered', 'asked', 'allowed', 'redeemed', 'renewed'] as const;
export type SignInStep = (typeof SIGN_IN_STEPS)[number];

const CALL_OUTCOMES = [
  'answered',
  'accepted',
  'streamed',
  'left',
  'result',
  'error',
  'cancelled',
  ...FAULT_CODES,
];

export const METRICS = {
  // Edge and runner.
  calls: {
    name: 'mcp_bridge_calls_total',
    type: 'counter',
    help: 'Calls that are over, by server, hop and outcome. The edge (hop="edge") tells how the answer went out, or why none came, the runner (hop="process") what it was.',
    labels: { server: 'name', hop: HOPS, outcome: CALL_OUTCOMES },
  },
  callDuration: {
    name: 'mcp_bridge_call_duration_seconds',
    type: 'histogram',
    help: 'Time from where a hop took a call to where it had its answer: edge (all of it), link (from the edge to the runner and back), process (in the runner). Subscriptions are left out.',
    labels: { server: 'name', hop: HOPS },
  },
  refusals: {
    name: 'mcp_bridge_refusals_total',
    type: 'counter',
    help: 'Requests that the edge refused, or sessions that the runner could not serve, by fault.',
    labels: {
      fault: [
        ...new Set([...FAULT_CODES, ...SIGN_IN_ERRORS, 'no_sign_in', 'upgrade_required']),
        ...ERROR_CODES,
      ],
    },
  },

  // The edge.
  edgeSessions: {
    name: 'mcp_bridge_edge_sessions',
    type: 'gauge',
    help: 'Open sessions.',
  },
  edgeSessionsOpened: {
    name: 'mcp_bridge_edge_sessions_opened_total',
    type: 'counter',
    help: 'Sessions that were placed on a runner.',
    labels: { server: 'name' },
  },
  edgeSessionsEnded: {
    name: 'mcp_bridge_edge_sessions_ended_total',
    type: 'counter',
    help: 'Sessions that are over: closed by a client or a runner, or given up for a fault.',
    labels: { reason: ['closed', ...FAULT_CODES] },
  },
  edgeSignIns: {
    name: 'mcp_bridge_edge_sign_in_steps_total',
    type: 'counter',
    help: 'Steps of signing in: an app registered, a person was asked, allowed it, the app redeemed its code, or renewed its token.',
    labels: { step: SIGN_IN_STEPS },
  },
  edgeRunnerLinked: {
    name: 'mcp_bridge_edge_runner_linked',
    type: 'gauge',
    help: 'Whether the runner is connected.',
    labels: { runner: 'name' },
  },
  edgeRunnerSessions: {
    name: 'mcp_bridge_edge_runner_sessions',
    type: 'gauge',
    help: 'Sessions placed on the runner.',
    labels: { runner: 'name' },
  },
  edgeRunnerSpares: {
    name: 'mcp_bridge_edge_runner_spares',
    type: 'gauge',
    help: 'Sessions linked ahead on the runner.',
    labels: { runner: 'name' },
  },
  edgeRunnerCapacity: {
    name: 'mcp_bridge_edge_runner_capacity_sessions',
    type: 'gauge',
    help: 'Sessions the runner accepts.',
    labels: { runner: 'name' },
  },

  // The runner.
  linked: {
    name: 'mcp_bridge_linked',
    type: 'gauge',
    help: 'Whether the edge has accepted the control link.',
  },
  draining: {
    name: 'mcp_bridge_draining',
    type: 'gauge',
    help: 'Whether the runner is stopping.',
  },
  linksOpened: {
    name: 'mcp_bridge_links_opened_total',
    type: 'counter',
    help: 'Sockets to the edge that opened: the first of a link, and each after a break.',
    labels: { link: ['control', 'session'] },
  },
  sessions: {
    name: 'mcp_bridge_sessions',
    type: 'gauge',
    help: 'Sessions by server and state.',
    labels: { server: 'name', state: ['linked', 'unlinked', 'ended'] },
  },
  sessionsOpened: {
    name: 'mcp_bridge_sessions_opened_total',
    type: 'counter',
    help: 'Sessions that the edge opened on the runner.',
    labels: { server: 'name' },
  },
  spares: {
    name: 'mcp_bridge_spares',
    type: 'gauge',
    help: 'Sessions linked ahead, which no client has yet, by server and state.',
    labels: { server: 'name', state: ['dialling', 'ready', 'withdrawn'] },
  },
  processes: {
    name: 'mcp_bridge_processes',
    type: 'gauge',
    help: 'Processes by server and state.',
    labels: { server: 'name', state: ['warm', 'starting', 'running', 'exited'] },
  },
  processSessions: {
    name: 'mcp_bridge_process_sessions',
    type: 'gauge',
    help: 'Sessions at the processes of a server that they share.',
    labels: { server: 'name' },
  },
  processStarts: {
    name: 'mcp_bridge_process_starts_total',
    type: 'counter',
    help: 'Processes that were started.',
    labels: { server: 'name' },
  },
  processExits: {
    name: 'mcp_bridge_process_exits_total',
    type: 'counter',
    help: 'Processes that are gone: terminated by the runner, or by themselves.',
    labels: {
      server: 'name',
      reason: ['exited', 'signalled', 'spawn_failed', 'terminated', 'broken'],
    },
  },
  heldBack: {
    name: 'mcp_bridge_process_starts_held_back',
    type: 'gauge',
    help: 'Whether starts of the server are held back because its processes keep failing.',
    labels: { server: 'name' },
  },
  requestsInFlight: {
    name: 'mcp_bridge_requests_in_flight',
    type: 'gauge',
    help: 'Requests waiting for a process.',
    labels: { server: 'name' },
  },
  stdinQueue: {
    name: 'mcp_bridge_stdin_queue_bytes',
    type: 'gauge',
    help: 'What waits for processes that do not read their input.',
    labels: { server: 'name' },
  },
  linkQueue: {
    name: 'mcp_bridge_link_queue_bytes',
    type: 'gauge',
    help: 'What waits to be sent to the edge.',
    labels: { server: 'name' },
  },
  unacknowledged: {
    name: 'mcp_bridge_unacknowledged_bytes',
    type: 'gauge',
    help: 'Events of listening clients that these have not acknowledged, sent or not.',
    labels: { server: 'name' },
  },
} as const satisfies Record<string, MetricRow>;

export type MetricKey = keyof typeof METRICS;

/** Row of a metric, with optional members readable on every row. */
export const metricRow = (key: MetricKey): MetricRow => METRICS[key];

/** What was observed: how many in each bucket and above all of them, and their sum. */
export interface Observed {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** One value of a metric. */
export interface Sample {
  readonly value: number | Observed;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Metric extends Pick<MetricRow, 'name' | 'type' | 'help'> {
  readonly samples: readonly Sample[];
}

/** `Content-Type` of what {@link metricsText} returns. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A metric of the table with its values. */
export const metric = (key: MetricKey, samples: readonly Sample[]): Metric => ({
  ...metricRow(key),
  samples,
});

/** A metric that has one value. */
export const single = (key: MetricKey, value: number | boolean): Metric =>
  metric(key, [{ value: Number(value) }]);

/** Metrics of different names, each with its samples. */
export function metricsText(metrics: readonly Metric[]): string {
  let text = '';
  for (const { name, type, help, samples } of metrics) {
    text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    for (const { labels = {}, value } of samples)
      text +=
        typeof value === 'number'
          ? `${name}${labelsText(labels)} ${numberText(value)}\n`
          : histogramText(name, labels, value);
  }
  return text;
}

function histogramText(name: string, labels: Sample['labels'] & object, value: Observed): string {
  let [text, count] = ['', 0];
  for (const [index, bound] of [...BUCKETS, Infinity].entries()) {
    count += value.counts[index] ?? 0;
    text += `${name}_bucket${labelsText({ ...labels, le: numberText(bound) })} ${count}\n`;
  }
  const all = labelsText(labels);
  return `${text}${name}_sum${all} ${numberText(value.sum)}\n${name}_count${all} ${count}\n`;
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
