// The dashboard and the alerts that come with the product: they ask only for what edge and runner tell, Prometheus understands each of
// their questions, and each alert is raised by what it is for.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';

import { METRICS, metricRow, type MetricKey } from '../shared/metrics.ts';
import { noPrometheus, promtool } from './fixtures/prometheus.ts';

const DEPLOY = join(import.meta.dirname, '../.github/deploy');
const RULES = join(DEPLOY, 'prometheus-rules.yaml');

const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-dashboards-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const dashboardText = readFileSync(join(DEPLOY, 'grafana-dashboard.json'), 'utf8');
const dashboard = JSON.parse(dashboardText) as Dashboard;
const { groups } = parse(readFileSync(RULES, 'utf8')) as {
  groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const questions = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [`panel ${title}`, expr]),
  ),
  ...rules.map(({ alert, expr }): [string, string] => [`alert ${alert}`, expr]),
];

/** The names of series that Prometheus has of the table, with their labels. */
const SERIES = new Map(
  (Object.keys(METRICS) as MetricKey[]).flatMap((key) => {
    const { name, type, labels = {} } = metricRow(key);
    const own = new Map<string, 'name' | readonly string[]>(Object.entries(labels));
    if (type !== 'histogram') return [[name, own] as const];
    const parts = ['_sum', '_count'].map((part) => [name + part, own] as const);
    return [...parts, [`${name}_bucket`, new Map([...own, ['le', 'name'] as const])] as const];
  }),
);

/** Each use of a metric: its name, and its matchers. */
const USE = /\b(mcp_bridge_[a-z_]+)(?:\{([^}]*)\})?/gu;
const MATCHER = /([a-z]+)(=~|!~|!=|=)"([^"]*)"/gu;

test.each(questions)('%s asks for metrics, labels and values that there are', (_, question) => {
  const uses = [...question.matchAll(USE)];
  expect(uses.length).toBeGreaterThan(0);
  const unknown = uses.flatMap(([use, name = '', matchers = '']) => {
    const labels = SERIES.get(name);
    if (!labels) return [use];
    return [...matchers.matchAll(MATCHER)].flatMap(([matcher, label = '', , value = '']) => {
      const rule = labels.get(label);
      if (rule === undefined) return [`${name}: ${matcher}`];
      const isKnown = rule === 'name' || value.split('|').every((each) => rule.includes(each));
      return isKnown ? [] : [`${name}: ${matcher}`];
    });
  });
  expect(unknown).toEqual([]);
  const grouped = [...question.matchAll(/\bby \(([a-z, ]+)\)/gu)].flatMap(([, names = '']) =>
    names.split(', '),
  );
  const known = new Set(uses.flatMap(([, name = '']) => [...(SERIES.get(name)?.keys() ?? [])]));
  expect(grouped.filter((label) => !known.has(label))).toEqual([]);
});

describe('the dashboard', () => {
  test('has panels of different ids that do not cover each other, and says what each shows', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { type, description } of panels)
      expect(type === 'row' || (description ?? '').endsWith('.')).toBe(true);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from(
        { length: w * h },
        (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`,
      ),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  /** What the compiler says of a dashboard as a value of Grafana's own type; empty if nothing. */
  function complaints(text: string): string {
    const base = join(import.meta.dirname, '../.tsc');
    mkdirSync(base, { recursive: true });
    // Below the repository, where the compiler finds the package.
    const place = mkdtempSync(join(base, 'dashboard-'));
    onTestFinished(() => rmSync(place, { recursive: true, force: true }));
    const value = text.replaceAll('"mode": "absolute"', '"mode": ThresholdsMode.Absolute');
    const source = `import { ThresholdsMode, type Dashboard } from '@grafana/schema';\nexport const dashboard: Dashboard = ${value};\n`;
    writeFileSync(join(place, 'check.ts'), source);
    const compilerOptions = {
      strict: true,
      skipLibCheck: true,
      module: 'nodenext',
      noEmit: true,
      types: [],
    };
    const config = join(place, 'tsconfig.json');
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ['check.ts'] }));
    const tsc = join(import.meta.dirname, '../node_modules/typescript/bin/tsc');
    try {
      return execFileSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
    } catch (error) {
      return (error as { readonly stdout: string }).stdout;
    }
  }

  test("is one by Grafana's own types", () => {
    expect(complaints(dashboardText)).toBe('');
    expect(complaints(dashboardText.replace('"refresh": "30s"', '"refresh": 30'))).toContain(
      "not assignable to type 'string'",
    );
  });

  test('uses only variables that it has', () => {
    const known = [
      ...dashboard.templating.list.map(({ name }) => name),
      '__rate_interval',
      '__all',
    ];
    const used = [...dashboardText.matchAll(/\$\{?([A-Za-z_]+)\}?/gu)].map(([, name]) => name);
    expect([...new Set(used)].filter((name) => !known.includes(name ?? ''))).toEqual([]);
  });

  test('shows all that is told', () => {
    const shown = new Set(
      questions.flatMap(([, question]) => [...question.matchAll(USE)].map(([, name]) => name)),
    );
    const silent = [...SERIES.keys()].filter((name) => !shown.has(name));
    // What an alert or a person asks for by name.
    expect(silent).toEqual([
      'mcp_bridge_edge_runner_spares',
      'mcp_bridge_linked',
      'mcp_bridge_draining',
      'mcp_bridge_sessions',
      'mcp_bridge_sessions_opened_total',
      'mcp_bridge_spares',
      'mcp_bridge_process_starts_total',
    ]);
  });
});

const write = (name: string, value: unknown): string => {
  const path = join(folder, name);
  // YAML reads JSON.
  writeFileSync(path, JSON.stringify(value));
  return path;
};

describe.skipIf(noPrometheus)(`Prometheus ${noPrometheus ?? ''}`, () => {
  test('understands the alerts', () => {
    expect(promtool(['check', 'rules', RULES])).toBe('');
  });

  test('understands each question of the dashboard', () => {
    const asked = questions.map(([, question], index) => ({
      record: `question:${index}`,
      expr: question.replaceAll('$__rate_interval', '5m').replaceAll('$server', '.*'),
    }));
    const path = write('questions.yaml', { groups: [{ name: 'dashboard', rules: asked }] });
    expect(promtool(['check', 'rules', path])).toBe('');
  });

  /** What is told each minute, in promtool's form: first value, and what each next one adds. */
  const TOLD: Readonly<Record<string, string>> = {
    'mcp_bridge_edge_runner_linked{runner="vm"}': '1x5 0x40',
    'mcp_bridge_links_opened_total{link="control"}': '1x5 2+1x40',
    'mcp_bridge_calls_total{server="files",hop="process",outcome="result"}': '0+9x60',
    'mcp_bridge_calls_total{server="files",hop="process",outcome="process_exited"}': '0+1x60',
    'mcp_bridge_calls_total{server="well",hop="process",outcome="result"}': '0+90x60',
    'mcp_bridge_calls_total{server="well",hop="process",outcome="error"}': '0+90x60',
    'mcp_bridge_process_starts_held_back{server="files"}': '0x5 1x40',
    'mcp_bridge_call_duration_seconds_bucket{server="files",hop="edge",le="30"}': '0+1x60',
    'mcp_bridge_call_duration_seconds_bucket{server="files",hop="edge",le="60"}': '0+9x60',
    'mcp_bridge_call_duration_seconds_bucket{server="files",hop="edge",le="+Inf"}': '0+9x60',
    'mcp_bridge_edge_runner_sessions{runner="vm"}': '195x60',
    'mcp_bridge_edge_runner_capacity_sessions{runner="vm"}': '200x60',
    'mcp_bridge_stdin_queue_bytes{server="files"}': '0x5 4000000x40',
    'mcp_bridge_refusals_total{fault="unauthorized"}': '0+120x60',
    'mcp_bridge_refusals_total{fault="internal"}': '0x20 1x40',
  };

  /** When each alert is not there yet and when it is, in minutes, and its labels. */
  const RAISED: Readonly<Record<string, readonly [number, number, Record<string, string>]>> = {
    McpBridgeNoRunner: [5, 9, { severity: 'critical' }],
    McpBridgeRunnerAway: [9, 17, { severity: 'warning', runner: 'vm' }],
    McpBridgeLinkFlaps: [5, 20, { severity: 'warning', link: 'control' }],
    McpBridgeFailedCalls: [1, 30, { severity: 'warning', server: 'files' }],
    McpBridgeServerHeldBack: [5, 10, { severity: 'critical', server: 'files' }],
    McpBridgeSlowCalls: [1, 30, { severity: 'warning', server: 'files' }],
    McpBridgeRunnerFull: [5, 15, { severity: 'warning', runner: 'vm' }],
    McpBridgeProcessDeaf: [5, 12, { severity: 'warning', server: 'files' }],
    McpBridgeUnauthorized: [1, 30, { severity: 'warning' }],
    McpBridgeInternalErrors: [15, 25, { severity: 'warning' }],
  };

  test('raises each alert for what it is for, and not before', () => {
    expect(Object.keys(RAISED)).toEqual(rules.map(({ alert }) => alert));
    const expected = rules.flatMap(({ alert, annotations }) => {
      const [before, at, labels] = RAISED[alert] ?? [0, 0, {}];
      const told = Object.entries(annotations).map(([name, text]) => [
        name,
        text.replaceAll(
          /\{\{ \$labels\.([a-z]+) \}\}/gu,
          (_, label: string) => labels[label] ?? '',
        ),
      ]);
      const raised = { exp_labels: labels, exp_annotations: Object.fromEntries(told) as object };
      return [
        { eval_time: `${before}m`, alertname: alert, exp_alerts: [] },
        { eval_time: `${at}m`, alertname: alert, exp_alerts: [raised] },
      ];
    });
    const input = Object.entries(TOLD).map(([series, values]) => ({ series, values }));
    const path = write('rules.test.yaml', {
      rule_files: [RULES],
      evaluation_interval: '1m',
      tests: [{ interval: '1m', input_series: input, alert_rule_test: expected }],
    });
    expect(promtool(['test', 'rules', path])).toBe('');
  });
});
