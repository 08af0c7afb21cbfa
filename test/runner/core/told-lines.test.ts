// The few lines of a failed process that people are shown, F-1190.
import { expect, test } from 'vitest';

import { toldLines } from '../../../runner/core/told-lines.ts';

const FRAMES = Array.from(
  { length: 7 },
  (_, at) => `    at call${at} (file:///srv/main.js:${at}:1)`,
);
const MESSAGE = 'Error: GITHUB_TOKEN is required';
const CRASH = [
  'file:///srv/main.js:2',
  '  throw',
  '  ^',
  '',
  MESSAGE,
  ...FRAMES,
  '',
  'Node.js v24',
];

test.each([
  [12, [...CRASH.slice(0, 3), MESSAGE, ...FRAMES, 'Node.js v24']],
  [8, [...CRASH.slice(0, 3), MESSAGE, ...FRAMES.slice(0, 3), 'Node.js v24']],
  [5, [...CRASH.slice(0, 3), MESSAGE, 'Node.js v24']],
  [2, [MESSAGE, 'Node.js v24']],
])(
  '[F-1190] in %i lines the message of a crash stands before the calls behind it',
  (most, shown) => {
    expect(toldLines(CRASH, most)).toEqual(shown);
  },
);

test('[F-1190] of other lines the last are shown', () => {
  expect(toldLines(['one', 'two', 'at last'], 2)).toEqual(['two', 'at last']);
  expect(toldLines([], 2)).toEqual([]);
  expect(toldLines(FRAMES, 2)).toEqual(FRAMES.slice(0, 2));
});
