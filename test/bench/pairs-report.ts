// What a call costs beside a bare prototype, as a table.
import { medianBetween, spreadOf, spreadText } from './figures.ts';
import { cpuOf, type Pair, type PairSide } from './pairs.ts';
import { table } from './table.ts';

/** The report as text. */
export function pairText(pair: Pair): string {
  const { ours, floor } = pair;
  const groups = [...new Set([ours, floor].flatMap(({ turns }) => Object.keys(turns[0] ?? {})))];
  const row = (title: string, of: (turn: Readonly<Record<string, number>>) => number) => [
    title,
    ...[ours, floor].map((side) => cell(side, of)),
    spreadText(medianBetween(ours.turns.map((turn, at) => of(turn) / of(floor.turns[at] ?? {})))),
  ];
  return table([
    ['CPU µs/call', ours.name, floor.name, 'ratio [95 % certain]'],
    ...groups.map((group) => row(group, (turn) => turn[group] ?? Number.NaN)),
    row('all', cpuOf),
    [
      'p50 ms',
      ...[ours, floor].map(({ p50Ms }) => spreadText(spreadOf(p50Ms))),
      spreadText(medianBetween(ours.p50Ms.map((ms, at) => ms / (floor.p50Ms[at] ?? Number.NaN)))),
    ],
  ]);
}

const cell = ({ turns }: PairSide, of: (turn: Readonly<Record<string, number>>) => number) =>
  spreadText(spreadOf(turns.map(of)));
