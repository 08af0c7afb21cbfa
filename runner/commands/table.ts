// Lists for a terminal: columns of text, as wide as what stands in them.

/** A line for each row; the last cell of a row is not padded. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows
    .map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** A time as a day, of `at` in ms since the epoch. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
