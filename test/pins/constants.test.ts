// The constants of the link are those of PROTOCOL.md §7, both ways, and those that depend on each other do.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PROCESS_LINE_BYTES } from '../../shared/limits.ts';
import * as sizes from '../../shared/link/sizes.ts';
import * as timing from '../../shared/link/timing.ts';

/** Row by row: the quantities in the order in which the row names them. */
const ROWS: Readonly<Record<string, readonly number[]>> = {
  message: [sizes.FRAME_BYTES],
  'reassembled frame': [PROCESS_LINE_BYTES, sizes.REASSEMBLED_BYTES - PROCESS_LINE_BYTES],
  failure: [sizes.FAILURE_LINES, sizes.FAILURE_LINE_CHARS, sizes.MEMBER_OF],
  'held back': [sizes.HELD_NAMES, sizes.HELD_NAME_CHARS],
  'told processes': [
    sizes.TOLD_PROCESSES,
    sizes.TOLD_SESSIONS,
    sizes.TOLD_VIRTUAL,
    sizes.TOLD_MEMBERS,
  ],
  watched: [
    timing.WATCH_AGAIN_MS,
    timing.WATCHED_MS,
    timing.RUNNING_TOLD_MS,
    timing.RUNNING_SHOWN_MS,
  ],
  'events in a frame': [sizes.EVENTS_IN_FRAME],
  window: [sizes.START_WINDOW, sizes.MIN_WINDOW, sizes.MAX_WINDOW],
  parts: [sizes.MIN_WINDOW / 2, sizes.FRAME_BYTES, sizes.START_WINDOW],
  queue: [timing.QUEUE_MS, sizes.QUEUE_BYTES],
  'messages under way': [sizes.MESSAGES_UNDER_WAY],
  upwards: [sizes.UPWARD_BYTES],
  'offline queue': [sizes.OFFLINE_QUEUE],
  credit: [sizes.CREDIT_BYTES, sizes.CREDIT_EVENTS],
  stall: [timing.STALL_MS],
  dialling: [
    timing.DIAL_SILENCE_MS,
    timing.DIAL_MS,
    timing.REFUSAL_BODY_MS,
    timing.LONGEST_RETRY_AFTER_MS,
  ],
  'dial wait': [timing.DIAL_WAIT_MS],
  hello: [timing.HELLO_WAIT_MS],
  yield: [timing.YIELD_WAIT_MS],
  spares: [sizes.SPARES, sizes.SPARES_DIALLED, timing.SPARE_AGAIN_MS],
  backoff: [
    timing.BACKOFF_BASE_MS,
    timing.SESSION_BACKOFF_CAP_MS,
    timing.CONTROL_BACKOFF_CAP_MS,
    timing.GRACE_BACKOFF_CAP_MS,
  ],
  ping: [timing.PING_MS, timing.PONG_MS, timing.LOOK_MS, timing.LISTEN_LOOK_MS],
  'in use': [timing.IN_USE_MS],
  'resting ping': [timing.RESTING_PING_MS, 100 * timing.RESTING_SPREAD],
  grace: [timing.LINK_GRACE_MS],
  replay: [timing.WINDOW_MS, sizes.WINDOW_EVENTS, sizes.WINDOW_BYTES],
  confirmation: [timing.CONFIRM_MS],
  return: [timing.SSE_RETURN_MS, timing.MODERN_RETURN_MS],
  told: [timing.UNTOLD_RETURN_MS],
  'accepted delay': [timing.ACCEPT_DELAY_MS],
  'short answer': [timing.JSON_WAIT_MS],
  'follow wait': [timing.FOLLOW_WAIT_MS],
  delivery: [timing.DELIVERY_DELAY_MS],
  'owed ids': [sizes.OWED_IDS],
  'last word': [timing.LAST_WORD_MS, timing.SLOW_WORD_MS],
  reopening: timing.REOPEN_AFTER_MS.slice(1),
  'end wait': [timing.END_WAIT_MS],
  farewell: [timing.FAREWELL_MS, timing.DRAIN_FAREWELL_MS],
  'posts remembered': [2 * sizes.POST_TABLE_IDS],
};

/** Constants that follow from those of a row, or are said in it in words. */
const DERIVED: readonly string[] = [
  'LISTEN_BEATS',
  'REOPEN_AFTER_MS',
  'WINDOW_STEPS',
  'SILENCE_MS',
  'RESTING_SPREAD',
  'RESTING_SILENCE_MS',
];

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  KiB: 1_024,
  MiB: 1_024 ** 2,
};

/** The quantities of a text, in milliseconds, bytes or numbers. Dates are none, nor what stands between parentheses about clients. */
const quantities = (text: string): number[] =>
  [...text.matchAll(/(?<![\d-])(\d[\d,]*(?:\.\d+)?)(?![\d-]*-\d)(?: (ms|s|min|KiB|MiB)\b)?/gu)].map(
    ([, digits = '', unit]) =>
      Number(digits.replaceAll(',', '')) * (unit === undefined ? 1 : (UNITS[unit] ?? 1)),
  );

/** The rows of §7: constant and value. */
function rows(): Map<string, string> {
  const text = readFileSync(new URL('../../shared/link/PROTOCOL.md', import.meta.url), 'utf8');
  const section = text.split('## 7. Constants')[1]?.split('\n## ')[0] ?? '';
  const found = section.matchAll(/^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$/gmu);
  const all = [...found].map(([, constant = '', value = '']) => [constant, value] as const);
  return new Map(all.filter(([constant]) => constant !== 'constant'));
}

describe('constants of PROTOCOL.md §7', () => {
  test('are these, no more and no less', () => {
    expect([...rows().keys()]).toEqual(Object.keys(ROWS));
  });

  test.each(Object.entries(ROWS))('%s', (constant, values) => {
    expect(quantities(rows().get(constant) ?? '')).toEqual(values);
  });

  test('are all that the code names', () => {
    const source = readFileSync(new URL(import.meta.url), 'utf8');
    const named = new Set(
      [...source.matchAll(/\b(?:sizes|timing)\.([A-Z_]+)/gu)].map(([, n]) => n),
    );
    const unnamed = [...Object.keys(sizes), ...Object.keys(timing)].filter(
      (name) => !named.has(name) && !DERIVED.includes(name),
    );
    expect(unnamed).toEqual([]);
  });
});

describe('constants that depend on each other', () => {
  test('[LP4] a half-open socket in use is found within 25 s on both sides', () => {
    const { PING_MS, PONG_MS, LOOK_MS } = timing;
    expect(PING_MS + PONG_MS).toBeLessThanOrEqual(25_000);
    expect(LOOK_MS + PONG_MS).toBeLessThanOrEqual(25_000);
  });

  test('[LP4] a call keeps its link in use, and a link that rests is not idle to a proxy', () => {
    const { IN_USE_MS, LOOK_MS, RESTING_PING_MS } = timing;
    expect(2 * LOOK_MS).toBeLessThan(IN_USE_MS);
    expect(RESTING_PING_MS).toBeLessThan(60_000);
  });

  test('[R-7] a session link dials again twice within the grace, even into a network that swallows the first', () => {
    const { DIAL_SILENCE_MS, LINK_GRACE_MS, SESSION_BACKOFF_CAP_MS } = timing;
    expect(2 * (DIAL_SILENCE_MS + SESSION_BACKOFF_CAP_MS)).toBeLessThan(LINK_GRACE_MS);
  });

  test('[LP5] what a refusal said is read before its dial counts as silent', () => {
    expect(timing.REFUSAL_BODY_MS).toBeLessThan(timing.DIAL_SILENCE_MS);
  });

  test('[LP13] a post is accepted before its answer is given up as a short one', () => {
    expect(timing.ACCEPT_DELAY_MS).toBeLessThan(timing.JSON_WAIT_MS);
  });

  test('[LP22] a request that meets a session that ends comes back until that end is over', () => {
    const lastAfterMs = timing.REOPEN_AFTER_MS.reduce((sum, afterMs) => sum + afterMs, 0);
    expect(lastAfterMs).toBeGreaterThan(timing.LAST_WORD_MS);
  });

  test('a standing listen heeds a whole number of beats', () => {
    expect(Number.isInteger(timing.LISTEN_BEATS)).toBe(true);
  });

  test('[LP18] a runner does not take workers for dead before the edge has given up', () => {
    expect(timing.CONFIRM_MS).toBeLessThan(timing.LINK_GRACE_MS);
    expect(timing.LINK_GRACE_MS).toBeLessThan(timing.WINDOW_MS);
  });

  test('a runner tries to tell a session’s end for as long as the edge waits for its last word', () => {
    expect(timing.FAREWELL_MS).toBeGreaterThanOrEqual(timing.SLOW_WORD_MS);
  });

  test('a window is at least two parts, and a part no larger than a message', () => {
    expect(sizes.MIN_WINDOW / 2).toBeGreaterThanOrEqual(sizes.MIN_WINDOW / sizes.WINDOW_STEPS);
    expect(sizes.START_WINDOW).toBeLessThanOrEqual(sizes.FRAME_BYTES);
  });
});
