// What very many sessions of one shared server cost, as a table and as a plot.
import { digits } from './figures.ts';
import type { SharedPoint, SharedResults } from './shared.ts';
import { figureSvg, type Line } from './svg-figure.ts';
import { table } from './table.ts';

const NOTE = `Sessions of one server whose processes they share; each tenth has its GET stream open. Memory is resident memory, MiB: that of the
processes counts what they share once for each. Calls come at a fixed rate from all sessions in turn, and are timed from their request on.`;

/** The rows of the table: what is shown of a point. */
const ROWS: readonly (readonly [string, (point: SharedPoint) => number])[] = [
  ['edge, MiB', ({ edgeMiB }) => edgeMiB],
  ['runner, MiB', ({ runnerMiB }) => runnerMiB],
  ['processes, MiB', ({ processesMiB }) => processesMiB],
  ['processes', ({ processes }) => processes],
  [
    'edge and runner, KiB a session',
    ({ edgeMiB, runnerMiB, sessions }) => ((edgeMiB + runnerMiB) * 1024) / sessions,
  ],
  ['opened a second', ({ openedPerSecond }) => openedPerSecond],
  ['opening p99, ms', ({ openP99Ms }) => openP99Ms],
  ['opening, CPU of the edge, ms', ({ openEdgeCpuMs }) => openEdgeCpuMs],
  ['opening, CPU of the runner, ms', ({ openRunnerCpuMs }) => openRunnerCpuMs],
  ['calls', ({ calls }) => calls],
  ['call p50, ms', ({ p50Ms }) => p50Ms],
  ['call p99, ms', ({ p99Ms }) => p99Ms],
  ['call max, ms', ({ maxMs }) => maxMs],
  ['errors', ({ errors }) => errors],
  ['load1', ({ load1 }) => load1],
];

const isCount = (title: string): boolean => ['processes', 'calls', 'errors'].includes(title);

/** The report as text. */
export function sharedText({ points, files, failure }: SharedResults): string {
  const reasons = points.flatMap(({ sessions, reasons }) =>
    reasons.map((reason) => `${sessions} sessions: ${reason}`),
  );
  return [
    NOTE,
    table([
      ['sessions', ...points.map(({ sessions }) => String(sessions))],
      ...ROWS.map(([title, of]) => [
        title,
        ...points.map((point) => (isCount(title) ? String(of(point)) : digits(of(point)))),
      ]),
    ]),
    `A program may have ${files} files open here. With one connection a client, the edge needs two for each session, and a third for a stream.`,
    ...(reasons.length > 0 ? [reasons.join('\n')] : []),
    ...(failure === undefined ? [] : [`It ended early: ${failure}`]),
  ].join('\n\n');
}

/** Where a run was, for the caption. */
export interface SharedRun {
  readonly startedAt: string;
  readonly node: string;
  readonly cpus: number;
  readonly load1: { readonly start: number; readonly end: number };
}

/** An SVG document. */
export function sharedSvg({ points }: SharedResults, run: SharedRun): string {
  const line = (name: string, of: (point: SharedPoint) => number): Line => ({
    name,
    points: points.map((point) => ({ sessions: point.sessions, value: of(point) })),
  });
  const panels = [
    {
      title: 'resident memory, MiB',
      lines: [
        line('edge', ({ edgeMiB }) => edgeMiB),
        line('runner', ({ runnerMiB }) => runnerMiB),
        line('processes together', ({ processesMiB }) => processesMiB),
      ],
    },
    {
      title: 'a call, ms',
      lines: [line('p50', ({ p50Ms }) => p50Ms), line('p99', ({ p99Ms }) => p99Ms)],
    },
    {
      title: 'processes, and sessions opened a second',
      lines: [
        line('number of processes', ({ processes }) => processes),
        line('sessions opened a second', ({ openedPerSecond }) => openedPerSecond),
      ],
    },
  ];
  const [day = ''] = run.startedAt.split('T');
  return figureSvg({
    panels,
    names: panels.flatMap(({ lines }) => lines.map(({ name }) => name)),
    caption: [
      `npm run bench -- --shared, ${day}: ${run.cpus} cores, Node ${run.node}, load ${run.load1.start.toFixed(1)} before it began, ${run.load1.end.toFixed(1)} at the end.`,
      'Edge on Node and runner on one machine with the clients. Sessions of 200 principals at one server with "sharing": "server".',
    ],
  });
}
