// Which lines of what a failed process wrote are shown where there is room for a few: its message, before the calls that led there. Pure.

/** A call in a stack of Node, or of Java. */
const FRAME = /^\s+at\s/u;

/** The last lines, `most` at most, oldest first, without blank ones. Calls of a stack give way first, the outermost before all: behind a message come up to ten of them. */
export function toldLines(lines: readonly string[], most: number): readonly string[] {
  const written = lines.filter((line) => line.trim() !== '');
  let extra = written.length - most;
  const kept = written.toReversed().filter((line) => {
    const gives = extra > 0 && FRAME.test(line);
    if (gives) extra -= 1;
    return !gives;
  });
  return kept.slice(0, most).toReversed();
}
