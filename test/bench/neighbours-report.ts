// What neighbours saw of adversaries, as a table.
import { digits, NONE } from './figures.ts';
import type { NeighbourResult, Seen } from './neighbours.ts';
import { table } from './table.ts';

/** The aim: a neighbour's p99 stays below this many times its quiet one, without an error. */
const AIM = 3;

const figureOf = (seen: Seen | undefined, of: (seen: Seen) => number): string =>
  seen ? digits(of(seen)) : NONE;

const p99Ratio = ({ quiet, beside }: NeighbourResult): number =>
  quiet && beside ? beside.p99Ms / quiet.p99Ms : Number.NaN;

const isMissed = (result: NeighbourResult): boolean =>
  result.failure !== undefined || !(p99Ratio(result) < AIM) || (result.beside?.errors ?? 0) > 0;

/** The report as text. */
export function neighboursText(results: readonly NeighbourResult[]): string {
  const missed = results.filter(isMissed);
  return [
    'A neighbour alone, then beside each adversary: its calls in ms, its errors; the most memory of runner and edge, MiB.',
    '',
    table([
      [
        '',
        'p50 alone',
        'beside',
        'p99 alone',
        'beside',
        'p99 ratio',
        'max',
        'errors alone',
        'beside',
        'slowest open alone',
        'beside',
        'runner MiB alone',
        'beside',
        'edge MiB alone',
        'beside',
      ],
      ...results.map((result) => row(result)),
    ]),
    '',
    ...results.flatMap(({ adversary, failure, quiet, beside }) =>
      [failure, ...(quiet?.reasons ?? []), ...(beside?.reasons ?? [])]
        .filter((words) => words !== undefined)
        .map((words) => `${adversary}: ${words.slice(0, 300)}`),
    ),
    missed.length === 0
      ? `All ${results.length} below ${AIM}x at p99, without an error.`
      : `${missed.length} of ${results.length} with an error or not below ${AIM}x at p99: ${missed.map(({ adversary }) => adversary).join(', ')}`,
  ].join('\n');
}

function row(result: NeighbourResult): string[] {
  const { kind, adversary, quiet, beside } = result;
  const both = (of: (seen: Seen) => number): string[] => [
    figureOf(quiet, of),
    figureOf(beside, of),
  ];
  return [
    `${kind}: ${adversary}`,
    ...both(({ p50Ms }) => p50Ms),
    ...both(({ p99Ms }) => p99Ms),
    digits(p99Ratio(result)),
    figureOf(beside, ({ maxMs }) => maxMs),
    ...both(({ errors }) => errors),
    ...both(({ slowestOpenMs }) => slowestOpenMs),
    ...both(({ runnerMiB }) => runnerMiB),
    ...both(({ edgeMiB }) => edgeMiB),
  ];
}
