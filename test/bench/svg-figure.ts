// Plots against the number of sessions, side by side as one SVG: panels of lines with one legend and a caption. Made by hand, so that it needs
// nothing and stays readable in light and dark.

export interface Point {
  readonly sessions: number;
  readonly value: number;
}

export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface Figure {
  readonly panels: readonly { readonly title: string; readonly lines: readonly Line[] }[];
  /** Of the lines, in the order of the legend. */
  readonly names: readonly string[];
  readonly caption: readonly string[];
}

/** Distinct on white and on black, and for most who see few colours (Okabe and Ito's). */
const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#808080',
  '#8b4513',
];

const WIDTH = 420;
const HEIGHT = 260;
const LEFT = 62;
const BOTTOM = 40;
const TOP = 34;
const RIGHT = 14;
const LEGEND_ROW = 18;
const CAPTION_ROW = 15;

/** An SVG document. */
export function figureSvg({ panels, names, caption }: Figure): string {
  const colourOf = (name: string): string => COLOURS[names.indexOf(name) % COLOURS.length] ?? '';
  const columns = panels.length;
  const legend = HEIGHT + LEGEND_ROW * Math.ceil(names.length / columns);
  const height = legend + CAPTION_ROW * (caption.length + 1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${columns * WIDTH}" height="${height}" viewBox="0 0 ${columns * WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="#808080">`,
    ...panels.map(
      ({ title, lines }, at) =>
        `<g transform="translate(${at * WIDTH} 0)">${panel(title, lines, colourOf)}</g>`,
    ),
    ...names.map((name, at) => {
      const row = Math.floor(at / columns);
      const [x, y] = [LEFT + (at % columns) * WIDTH, HEIGHT + 12 + LEGEND_ROW * row];
      return `<rect x="${x}" y="${y - 9}" width="14" height="4" fill="${colourOf(name)}"/><text x="${x + 20}" y="${y}">${escaped(name)}</text>`;
    }),
    ...caption.map(
      (words, at) =>
        `<text x="${LEFT}" y="${legend + CAPTION_ROW * (at + 1)}" font-size="11">${escaped(words)}</text>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

/** Both axes are logarithmic: sessions and rates differ by orders of magnitude. */
function panel(title: string, lines: readonly Line[], colourOf: (name: string) => string): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return '';
  const across = ticksOf(points.map(({ sessions }) => sessions));
  const up = ticksOf(points.map(({ value }) => value));
  const x = scale(across, LEFT, WIDTH - RIGHT);
  const y = scale(up, HEIGHT - BOTTOM, TOP);
  const grid = [
    ...across.map(
      (tick) =>
        `<line x1="${x(tick)}" x2="${x(tick)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#80808040"/><text x="${x(tick)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${tick}</text>`,
    ),
    ...up.map(
      (tick) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}" stroke="#80808040"/><text x="${LEFT - 6}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`,
    ),
  ];
  const drawn = lines.map(({ name, points }) => {
    const colour = colourOf(name);
    const path = points.map((point) => `${x(point.sessions)},${y(point.value)}`);
    const dots = points.map(
      (point) =>
        `<circle cx="${x(point.sessions)}" cy="${y(point.value)}" r="3" fill="${colour}"/>`,
    );
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}`;
  });
  return [
    `<text x="${LEFT}" y="${TOP - 14}" font-size="13">${title}</text>`,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">sessions</text>`,
    ...grid,
    ...drawn,
  ].join('\n');
}

/** 1, 2 and 5 times the powers of ten around the values; only the powers where there are many. */
function ticksOf(values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const powers: number[] = [];
  for (let exponent = Math.floor(Math.log10(least)); 10 ** exponent < most * 10; exponent++)
    powers.push(10 ** exponent);
  const steps = powers.flatMap((power) => [power, 2 * power, 5 * power]);
  const last = steps.findIndex((step) => step >= most);
  const first = steps.findLastIndex((step) => step <= least);
  const around = steps.slice(first, last + 1);
  return around.length <= 7 ? around : powers.slice(0, powers.findIndex((p) => p >= most) + 1);
}

function scale(ticks: readonly number[], from: number, to: number): (value: number) => number {
  const [first = 1, last = 10] = [ticks[0], ticks.at(-1)];
  const span = Math.log(last / first) || 1;
  return (value) => Math.round(10 * (from + ((to - from) * Math.log(value / first)) / span)) / 10;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
