// What a run found: figures of all rounds, their spreads, ratios within each round, as a plain table.
import { digits, NONE, spreadOf, spreadText } from './figures.ts';
import type { Hop } from './hops.ts';
import type { IdleCourse, Load, Opening } from './measures.ts';
import type { Plan } from './plan.ts';

/** One target in one round. */
export interface RoundResult {
  readonly round: number;
  readonly target: string;
  /** Load of the machine when the target was started. */
  readonly load1: number;
  readonly opening?: Opening;
  readonly warmOpening?: Opening;
  readonly latency?: Load;
  readonly throughput: readonly Load[];
  readonly hops: readonly Hop[];
  readonly failures: readonly string[];
}

export interface IdleResult {
  readonly target: string;
  readonly course?: IdleCourse;
  readonly failure?: string;
}

/** A whole run. */
export interface Results {
  readonly startedAt: string;
  readonly node: string;
  readonly cpus: number;
  readonly plan: Plan;
  readonly load1: { readonly start: number; end: number };
  /** Targets that were left out, and why. */
  readonly skipped: Readonly<Record<string, string>>;
  readonly rounds: RoundResult[];
  readonly idle: IdleResult[];
}

/** A figure a target has in each round; undefined in a round without it. */
export interface Figure {
  readonly title: string;
  readonly of: (round: RoundResult) => number | undefined;
}

export const OURS = 'mcp-edge-bridge';
export const FLOOR = 'no bridge';

/** The report as text. */
export function reportText(results: Results): string {
  const { plan, rounds } = results;
  const figures = figuresOf(plan);
  const targets = [...new Set(rounds.map(({ target }) => target))];
  const others = targets.filter((target) => target !== OURS);
  return [
    headText(results),
    '',
    'Figures: median [min..max] over the rounds',
    table([
      ['', ...targets],
      ...figures.map(({ title, of }) => [
        title,
        ...targets.map((target) => spreadText(spreadOf(valuesOf(rounds, target, of)))),
      ]),
    ]),
    '',
    `Ratios: ${OURS} divided by the other, within each round`,
    table([
      ['', ...others.map((target) => `to ${target}`)],
      ...figures
        .map(({ title, of }) => [
          title,
          ...others.map((target) => spreadText(spreadOf(ratiosBetween(rounds, OURS, target, of)))),
        ])
        .filter(([, ...ratios]) => ratios.some((ratio) => ratio !== NONE)),
    ]),
    ...hopsText(rounds),
    ...idleText(results.idle),
    '',
  ].join('\n');
}

/** When and where, what was left out, and whether all answers were right. */
export function headText(results: Results): string {
  const { startedAt, node, cpus, load1, plan, skipped } = results;
  return [
    `${startedAt}  Node ${node}  ${cpus} CPUs  load1 ${load1.start} at the start, ${load1.end} at the end  ${plan.rounds} rounds`,
    ...Object.entries(skipped).map(([target, reason]) => `left out: ${target}: ${reason}`),
    ...problemsIn(results),
  ].join('\n');
}

function figuresOf(plan: Plan): Figure[] {
  const loads = plan.sessionCounts.map((count) => {
    const loadOf = ({ throughput }: RoundResult): Load | undefined =>
      throughput.find(({ sessions }) => sessions === count);
    return { count, loadOf };
  });
  return [
    { title: 'open a session, p50 ms', of: ({ opening }) => opening?.p50Ms },
    {
      // Those without processes started ahead open as they do.
      title: 'open, warm where there is such, p50 ms',
      of: ({ opening, warmOpening }) => (warmOpening ?? opening)?.p50Ms,
    },
    { title: 'call, 1 client, p50 ms', of: ({ latency }) => latency?.p50Ms },
    { title: 'call, 1 client, p99 ms', of: ({ latency }) => latency?.p99Ms },
    ...loads.map(({ count, loadOf }) => ({
      title: `calls/s, ${count} sessions`,
      of: (round: RoundResult) => loadOf(round)?.callsPerSecond,
    })),
    ...loads.map(({ count, loadOf }) => ({
      title: `p99 ms, ${count} sessions`,
      of: (round: RoundResult) => loadOf(round)?.p99Ms,
    })),
    ...loads.flatMap(({ count, loadOf }) => [
      cpuFigure(count, 'bridge', (round) => loadOf(round)?.cpuUs.bridge),
      cpuFigure(count, 'of it edge', (round) => loadOf(round)?.cpuUs.groups['edge']),
      cpuFigure(count, 'of it runner', (round) => loadOf(round)?.cpuUs.groups['runner']),
      cpuFigure(count, 'stdio processes', (round) => loadOf(round)?.cpuUs.processes),
      cpuFigure(count, 'this client', (round) => loadOf(round)?.cpuUs.client),
    ]),
  ];
}

const cpuFigure = (count: number, whose: string, of: Figure['of']): Figure => ({
  title: `CPU µs/call, ${count} sessions: ${whose}`,
  of,
});

/** A target's figure, round by round. */
export const valuesOf = (
  rounds: readonly RoundResult[],
  target: string,
  of: Figure['of'],
): (number | undefined)[] => rounds.filter((round) => round.target === target).map(of);

/** A figure of `target` divided by that of `base`, in each round of the base. */
export function ratiosBetween(
  rounds: readonly RoundResult[],
  target: string,
  base: string,
  of: Figure['of'],
): (number | undefined)[] {
  return rounds
    .filter((round) => round.target === base)
    .map((other) => {
      const own = rounds.find((round) => round.target === target && round.round === other.round);
      const [above, below] = [own && of(own), of(other)];
      return above !== undefined && below !== undefined && below > 0 ? above / below : undefined;
    });
}

/** Answers that were not right, and phases that failed. Nothing here is the good case. */
function problemsIn({ rounds, idle }: Results): string[] {
  const loads = rounds.flatMap(({ round, target, latency, throughput }) =>
    [latency, ...throughput]
      .filter((load) => load !== undefined)
      .map((load) => ({ round, target, load })),
  );
  const calls = loads.reduce((sum, { load }) => sum + load.calls, 0);
  const bad = loads.filter(({ load }) => load.wrong + load.lost + load.refused > 0);
  return [
    bad.length === 0
      ? `all ${calls} answers right: none wrong, lost or refused`
      : `${calls} answers right; others:`,
    ...bad.map(
      ({ round, target, load }) =>
        `  ${target}, round ${round}, ${load.sessions} sessions: ${load.wrong} wrong, ${load.lost} lost, ${load.refused} refused. ${load.reasons.join(' | ')}`,
    ),
    ...rounds.flatMap(({ round, target, failures }) =>
      failures.map((failure) => `FAILED: ${target}, round ${round}: ${failure}`),
    ),
    ...idle.flatMap(({ target, failure }) =>
      failure === undefined ? [] : [`FAILED: ${target}, idle: ${failure}`],
    ),
  ];
}

function hopsText(rounds: readonly RoundResult[]): string[] {
  const hops = rounds.flatMap((round) => round.hops);
  const names = [...new Set(hops.map(({ name }) => name))];
  if (names.length === 0) return [];
  const rows = names.map((name) => {
    const same = hops.filter((hop) => hop.name === name);
    const cell = (of: (hop: Hop) => number | undefined): string =>
      spreadText(spreadOf(same.map(of)));
    return [
      name,
      cell(({ p50Ms }) => p50Ms),
      cell(({ cpuUs }) => cpuUs.groups['edge']),
      cell(({ cpuUs }) => cpuUs.groups['runner']),
      cell(({ cpuUs }) => cpuUs.processes),
      same[0]?.adds ?? '',
    ];
  });
  const head = ['', 'p50 ms', 'edge µs', 'runner µs', 'process µs', 'adds to the row above'];
  return ['', 'Hop by hop: one client, one request after another', table([head, ...rows])];
}

function idleText(idle: readonly IdleResult[]): string[] {
  const rows = idle.flatMap(({ target, course }) =>
    course === undefined
      ? []
      : course.steps.flatMap((step) =>
          Object.entries(step.memory).map(([group, memory]) => {
            const base = course.base[group] ?? memory;
            const each = (now: number, before: number): string =>
              digits((now - before) / step.sessions);
            return [
              `${target}, ${group}`,
              String(step.sessions),
              `${digits(base.rssKiB / 1024)} → ${digits(memory.rssKiB / 1024)}`,
              each(memory.rssKiB, base.rssKiB),
              each(memory.pssKiB, base.pssKiB),
              digits(step.cpuPercent[group] ?? Number.NaN),
              digits(step.openAllMs / step.sessions),
              step === course.steps.at(-1) ? `${course.answered} of ${step.sessions}` : '',
            ];
          }),
        ),
  );
  if (rows.length === 0) return [];
  const head = [
    '',
    'sessions',
    'RSS MiB, base → now',
    'RSS KiB/session',
    'PSS KiB/session',
    'CPU %',
    'open ms each',
    'answer after',
  ];
  return [
    '',
    'Idle sessions, GET stream open: the bridge without its stdio processes',
    table([head, ...rows]),
  ];
}

/** Columns of text, the first to the left, the others to the right but for long words. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
