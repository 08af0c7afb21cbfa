// The results of a comparison as text: figures of all rounds, their spreads, ratios within each round, and what they must be.
import { digits, NONE, spreadOf, spreadText } from './figures.ts';
import type { Hop } from './hops.ts';
import { MODERN_CLIENTS, type Load } from './measures.ts';
import { isMet, mustsOf, type Must } from './musts.ts';
import { OURS, OURS_ON_NODE } from './names.ts';
import { pairText } from './pairs-report.ts';
import type { Plan } from './plan.ts';
import {
  ratiosBetween,
  valuesOf,
  type Figure,
  type IdleResult,
  type Results,
  type RoundResult,
} from './results.ts';
import { PAYLOAD_MIB } from './scenarios/payloads.ts';
import { table } from './table.ts';

/** The report as text. */
export function reportText(results: Results): string {
  const { plan, rounds } = results;
  const figures = figuresOf(plan);
  const targets = [...new Set(rounds.map(({ target }) => target))];
  const own = [OURS, OURS_ON_NODE].filter((target) => targets.includes(target));
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
    ...own.flatMap((target) =>
      ratiosText(
        rounds,
        figures,
        target,
        targets.filter((other) => !own.includes(other)),
      ),
    ),
    ...results.pairs.flatMap((pair) => ['', `In turns of ${plan.pair.turnMs} ms`, pairText(pair)]),
    ...hopsText(rounds),
    ...idleText(results.idle),
    ...burstText(results.idle),
    ...unreadText(rounds),
    ...mustsText(mustsOf(results)),
    '',
  ].join('\n');
}

function ratiosText(
  rounds: readonly RoundResult[],
  figures: readonly Figure[],
  own: string,
  others: readonly string[],
): string[] {
  return [
    '',
    `Ratios: ${own} divided by the other, within each round`,
    table([
      ['', ...others.map((target) => `to ${target}`)],
      ...figures
        .map(({ title, of }) => [
          title,
          ...others.map((target) => spreadText(spreadOf(ratiosBetween(rounds, own, target, of)))),
        ])
        .filter(([, ...ratios]) => ratios.some((ratio) => ratio !== NONE)),
    ]),
  ];
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
    {
      title: `calls/s, ${MODERN_CLIENTS} clients of 2026-07-28`,
      of: ({ modern }) => modern?.callsPerSecond,
    },
    ...loads.map(({ count, loadOf }) => ({
      title: `p99 ms, ${count} sessions`,
      of: (round: RoundResult) => loadOf(round)?.p99Ms,
    })),
    ...PAYLOAD_MIB.map((size) => ({
      title: `a result of ${size} MiB, p50 ms`,
      of: ({ payloads }: RoundResult) => payloads?.find(({ mib }) => mib === size)?.p50Ms,
    })),
    { title: 'over a distance: call, p50 ms', of: ({ distance }) => distance?.callMs },
    { title: 'over a distance: warm open, p50 ms', of: ({ distance }) => distance?.warmOpenMs },
    {
      title: 'over a distance: first 2026-07-28 call, p50 ms',
      of: ({ distance }) => distance?.firstModernMs,
    },
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

function burstText(idle: readonly IdleResult[]): string[] {
  const rows = idle.flatMap(({ target, burst }) =>
    burst === undefined
      ? []
      : [
          [
            target,
            String(burst.sessions),
            digits(burst.p50Ms),
            digits(burst.allMs),
            `${burst.failed}${burst.reason === undefined ? '' : ` (${burst.reason.slice(0, 100)})`}`,
            `${digits(burst.neighbour.quietMs)} → ${digits(burst.neighbour.besideMs)}`,
          ],
        ],
  );
  if (rows.length === 0) return [];
  const head = ['', 'sessions', 'open p50 ms', 'all open ms', 'failed', 'neighbour, slowest ms'];
  return ['', 'Sessions that are opened at once, with small processes', table([head, ...rows])];
}

function unreadText(rounds: readonly RoundResult[]): string[] {
  const targets = [...new Set(rounds.map(({ target }) => target))];
  const rows = targets.flatMap((target) => {
    const found = rounds.flatMap((round) =>
      round.target === target && round.unread ? [round.unread] : [],
    );
    if (found.length === 0) return [];
    const cell = (of: (unread: (typeof found)[number]) => number): string =>
      spreadText(spreadOf(found.map(of)));
    const groups = Object.keys(found[0]?.addedMiB ?? {});
    return [
      [
        target,
        cell(({ allAddedMiB }) => allAddedMiB),
        groups
          .map((group) => `${group} ${cell(({ addedMiB }) => addedMiB[group] ?? 0)}`)
          .join(', '),
        cell(({ quiet }) => quiet.p99Ms),
        cell(({ beside }) => beside.p99Ms),
        cell(({ quiet, beside }) => beside.p99Ms / quiet.p99Ms),
        cell(({ beside }) => beside.reasons.length),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const head = ['', 'memory +MiB', 'of it', 'neighbour p99 ms', 'beside', 'ratio', 'its errors'];
  return ['', 'A client asks for 128 MiB and reads nothing', table([head, ...rows])];
}

function mustsText(musts: readonly Must[]): string[] {
  const rows = musts.map((must) => {
    const { what, is, bound, unit, found } = must;
    const met = isMet(must);
    return [
      what,
      found === undefined ? NONE : `${digits(found)} ${unit}`,
      `${is} ${bound} ${unit}`,
      met === undefined ? 'not measured' : met ? 'met' : 'MISSED',
    ];
  });
  return ['', 'What must be', table([['', 'found', 'must be', ''], ...rows])];
}
