// Where a list of pages ends.
import { expect, test } from 'vitest';

import { nextPage } from '../../shared/mcp/pages.ts';

test.each([
  ['a cursor leads on', 'b', 'a', 'b'],
  ['so does that of the first page', 'a', undefined, 'a'],
  ['none is the end', undefined, 'a', undefined],
  ['an empty one is the end', '', undefined, undefined],
  ['what is no text is the end', null, undefined, undefined],
  ['the same page again is the end', 'a', 'a', undefined],
])('%s', (_, nextCursor, asked, next) => {
  expect(nextPage(nextCursor, asked)).toBe(next);
});
