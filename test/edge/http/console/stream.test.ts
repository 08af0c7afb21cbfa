// How often the stream of a page of the console looks at the fleet (F-654).
import { expect, test } from 'vitest';

import { lookAgainMs } from '../../../../edge/http/console/stream.ts';

const DAY_MS = 24 * 3_600_000;

/** Looks of a page at which nothing changed for so long. */
function looksIn(ms: number): number {
  let looks = 0;
  for (let at = 0; at < ms; at += lookAgainMs(at)) looks += 1;
  return looks;
}

test('[F-654] a page that is open all day, with nothing to show, asks for a third of what Workers Free has in a day', () => {
  expect(looksIn(DAY_MS)).toBeLessThan(100_000 / 3);
});

test('[F-654] while something changes, it looks more than twice a second', () => {
  expect(looksIn(10_000)).toBeGreaterThan(20);
});
