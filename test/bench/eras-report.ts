// The results of a run over the eras: the figures of each pair, and the factor that translation costs.
import { spreadOf, spreadText } from './figures.ts';
import type { EraPair } from './eras.ts';
import type { Load } from './measures.ts';
import { headText } from './report.ts';
import { ratiosBetween, valuesOf, type Figure, type Results, type RoundResult } from './results.ts';
import { table } from './table.ts';

const NOTE = `Clients left, server right of the arrow. A legacy client has a process to itself. All modern clients are one principal (anonymous):
they share one actor and one process of the server, so their figures compare with each other only, not with a legacy client's.
"Pass": nothing is translated; a modern client's requests still go by the runner's table of calls, for they share a process.`;

/** The report as text. */
export function erasText(results: Results, pairs: readonly EraPair[]): string {
  const { plan, rounds } = results;
  const figures = [1, ...plan.sessionCounts].flatMap(figuresAt);
  const names = pairs.flatMap(({ pass, translated }) => [pass, translated]);
  const row = (title: string, columns: readonly (readonly (number | undefined)[])[]): string[] => [
    title,
    ...columns.map((values) => spreadText(spreadOf(values))),
  ];
  return [
    headText(results),
    '',
    NOTE,
    '',
    'Figures: median [min..max] over the rounds',
    table([
      [
        '',
        ...pairs.flatMap(({ pass, translated }) => [`${pass}, pass`, `${translated}, translated`]),
      ],
      ...[opening, ...figures].map(({ title, of }) =>
        row(
          title,
          names.map((name) => valuesOf(rounds, name, of)),
        ),
      ),
    ]),
    '',
    'Ratios: translated divided by pass, within each round',
    table([
      ['', ...pairs.map(({ client }) => `${client} client`)],
      ...[opening, ...figures].map(({ title, of }) =>
        row(
          title,
          pairs.map(({ pass, translated }) => ratiosBetween(rounds, translated, pass, of)),
        ),
      ),
    ]),
    '',
  ].join('\n');
}

const opening: Figure = {
  title: 'open to first tools/list, p50 ms',
  of: ({ opening }) => opening?.p50Ms,
};

/** One client's are from the latency phase. */
function figuresAt(clients: number): Figure[] {
  const figure = (title: string, of: (load: Load) => number | undefined): Figure => ({
    title: `${clients} in flight: ${title}`,
    of: (round) => {
      const load = loadOf(round, clients);
      return load && of(load);
    },
  });
  return [
    figure('p50 ms', ({ p50Ms }) => p50Ms),
    figure('p99 ms', ({ p99Ms }) => p99Ms),
    figure('calls/s', ({ callsPerSecond }) => callsPerSecond),
    figure('CPU µs/call, edge', ({ cpuUs }) => cpuUs.groups['edge']),
    figure('CPU µs/call, runner', ({ cpuUs }) => cpuUs.groups['runner']),
    figure('CPU µs/call, stdio processes', ({ cpuUs }) => cpuUs.processes),
    figure('CPU µs/call, this client', ({ cpuUs }) => cpuUs.client),
  ];
}

const loadOf = ({ latency, throughput }: RoundResult, clients: number): Load | undefined =>
  clients === 1 ? latency : throughput.find(({ sessions }) => sessions === clients);
