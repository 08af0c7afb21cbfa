// [F-131] When output that is no message is too much.
import { describe, expect, test } from 'vitest';
import {
  LINE_COST_BYTES,
  looksLikeMessage,
  NOISE_BYTES,
  NOISE_FORGIVEN_MS,
  NOISE_MS,
  NoiseBudget,
} from '../../../runner/core/noise-budget.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('[F-131] bytes and lines count, also empty ones', () => {
  const long = new NoiseBudget();
  expect(long.isTooMuch(NOISE_BYTES, 0, 0)).toBe(false);
  expect(long.isTooMuch(NOISE_BYTES / 10, 0, NOISE_MS)).toBe(true);
  const tiny = new NoiseBudget();
  expect(tiny.isTooMuch(0, NOISE_BYTES / LINE_COST_BYTES, 0)).toBe(false);
  expect(tiny.isTooMuch(0, NOISE_BYTES / LINE_COST_BYTES / 10, NOISE_MS)).toBe(true);
});

test('[F-131] however much it is, a moment of it is no flood', () => {
  const budget = new NoiseBudget();
  for (let now = 0; now < NOISE_MS; now += 100) {
    expect(budget.isTooMuch(NOISE_BYTES, 1_000_000, now)).toBe(false);
  }
  budget.clear();
  expect(budget.isTooMuch(2 * NOISE_BYTES, 0, NOISE_MS)).toBe(false);
  expect(budget.isTooMuch(2 * NOISE_BYTES, 0, 2 * NOISE_MS)).toBe(true);
});

test('[F-131] a message, or time, forgives', () => {
  const budget = new NoiseBudget();
  budget.isTooMuch(NOISE_BYTES, 0, 0);
  expect(budget.isTooMuch(NOISE_BYTES / 2, 0, NOISE_FORGIVEN_MS / 2)).toBe(false);
  expect(budget.isTooMuch(1, 0, NOISE_FORGIVEN_MS / 2)).toBe(true);
  budget.clear();
  expect(budget.isTooMuch(NOISE_BYTES, 0, NOISE_FORGIVEN_MS)).toBe(false);
});

test('[F-131] a log on stdout, fifty lines a second for a day, is none', () => {
  const budget = new NoiseBudget();
  const verdicts = new Set<boolean>();
  for (let second = 0; second < 86_400; second += 1) {
    verdicts.add(budget.isTooMuch(50 * 120, 50, second * 1_000));
  }
  expect([...verdicts]).toEqual([false]);
});

describe('what looks like a message', () => {
  const padding = 'x'.repeat(100_000);
  test.each([
    ['as SDKs write it', '{"jsonrpc":"2.0","id":1,"result":{}}', true],
    ['behind other text', '\u001b[0m {"id":1, "jsonrpc" : "2.0"}', true],
    ['at the end of a long line', `{"result":"${padding}","jsonrpc":"2.0"}`, true],
    ['an empty object', '{}', false],
    ['text', 'Listening on stdio', false],
    ['quotes only', '"'.repeat(5_000), false],
    ['a beginning', '{"jsonrp', false],
  ])('%s', (_title, line, expected) => {
    expect(looksLikeMessage(bytes(line))).toBe(expected);
  });
});
