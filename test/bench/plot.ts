// The plot of a comparison: calls a second, and the memory of the bridge, against the number of sessions.
import { spreadOf } from './figures.ts';
import { FLOOR } from './names.ts';
import { valuesOf, type Results } from './results.ts';
import { figureSvg, type Line, type Point } from './svg-figure.ts';

/** An SVG document. */
export function plotSvg(results: Results): string {
  const names = [...new Set([...results.rounds, ...results.idle].map(({ target }) => target))];
  return figureSvg({
    panels: [
      { title: 'calls a second', lines: callLines(results, names) },
      { title: 'memory of the bridge, MiB', lines: memoryLines(results) },
    ],
    names,
    caption: captionOf(results),
  });
}

/** What a reader must know to take the figures for what they are. */
function captionOf({ startedAt, node, cpus, plan, load1 }: Results): string[] {
  const rounds = plan.rounds === 1 ? 'one round' : `medians of ${plan.rounds} rounds`;
  const [day = ''] = startedAt.split('T');
  return [
    `npm run bench, ${day}: ${cpus} cores, Node ${node}, ${rounds}, load ${load1.start.toFixed(1)} before it began. Each session has one call in flight.`,
    'Memory is resident memory of all programs of the bridge; the stdio processes behind it are not counted. Each idle session has its stream open.',
  ];
}

function callLines({ rounds, plan }: Results, names: readonly string[]): Line[] {
  return names.map((name) => ({
    name,
    points: plan.sessionCounts.flatMap((sessions): Point[] => {
      const rates = valuesOf(
        rounds,
        name,
        ({ throughput }) => throughput.find((load) => load.sessions === sessions)?.callsPerSecond,
      );
      const value = spreadOf(rates)?.median;
      return value === undefined ? [] : [{ sessions, value }];
    }),
  }));
}

/** Without the stdio processes, which are the same behind each. */
const memoryLines = ({ idle }: Results): Line[] =>
  idle
    .filter(({ target }) => target !== FLOOR)
    .map(({ target, course }) => ({
      name: target,
      points: (course?.steps ?? []).map(({ sessions, memory }) => ({
        sessions,
        value: Object.values(memory).reduce((all, { rssKiB }) => all + rssKiB / 1024, 0),
      })),
    }));
