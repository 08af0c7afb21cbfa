// How many live streams of the console a person may have.
import { expect, test } from 'vitest';

import { OpenStreams } from '../../../edge/core/open-streams.ts';

const MOST = 20;

test('[F-843] a person has twenty at most; another has their own, and each that is over makes room', () => {
  const streams = new OpenStreams();
  const begun = Array.from({ length: MOST }, () => streams.begin('p-ann', 100, 0));
  const [first] = begun;
  if (!first) throw new Error('none was begun');
  expect(begun.every(Boolean)).toBe(true);
  expect(streams.begin('p-ann', 100, 0)).toBeUndefined();
  expect(streams.begin('p-bob', 100, 0)).toBeDefined();
  streams.over(first);
  streams.over(first);
  expect(streams.begin('p-ann', 100, 0)).toBeDefined();
  expect(streams.begin('p-ann', 100, 0)).toBeUndefined();
});

test('[F-843] one whose end nobody tells counts no longer than it could last', () => {
  const streams = new OpenStreams();
  for (let at = 0; at < MOST; at++) streams.begin('p-ann', 100, 0);
  expect(streams.begin('p-ann', 200, 99)).toBeUndefined();
  expect(streams.begin('p-ann', 200, 100)).toBeDefined();
});
