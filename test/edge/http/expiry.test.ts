// A stream that is open when its client's token stops to count.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { STREAM_KINDS } from '../../../edge/core/stream-kinds.ts';
import { ASK_AGAIN_MS, POLICY_COUNTS_MS } from '../../../edge/http/policies.ts';
import { SseStream } from '../../../edge/http/sse-response.ts';

const HOUR_MS = 3_600_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Whether a stream of an hour has ended, and whether its actor was let go. */
async function afterAnHour(
  kind: keyof typeof STREAM_KINDS,
  until: number | undefined,
  mayGoOn?: () => Promise<boolean>,
) {
  let isHungUp = false;
  const stream = new SseStream({
    session: {
      follow: async () => ({
        ok: true,
        value: {
          send: () => undefined,
          close: () => {
            isHungUp = true;
          },
        },
      }),
    },
    signal: new AbortController().signal,
    stream: 's',
    after: null,
    requestIds: [],
    kind: STREAM_KINDS[kind],
    opening: '',
    until,
    mayGoOn,
  });
  let isEnded = false;
  void (async () => {
    for await (const _ of stream.response({}).body ?? []);
    isEnded = true;
  })();
  await vi.advanceTimersByTimeAsync(HOUR_MS - 1);
  const early = isEnded;
  await vi.advanceTimersByTimeAsync(STREAM_KINDS[kind].keepAliveMs + 1);
  return { early, isEnded, isHungUp };
}

test.each(['streamable', 'sse', 'listen'] as const)(
  '[F-36] [F-507] a %s stream ends within a beat of its token, and not before',
  async (kind) => {
    const seen = await afterAnHour(kind, Date.now() + HOUR_MS);
    expect(seen).toEqual({ early: false, isEnded: true, isHungUp: true });
  },
);

test('[F-507] a stream of a key without an end goes on', async () => {
  expect(await afterAnHour('streamable', undefined)).toMatchObject({ isEnded: false });
});

test.each(['streamable', 'sse', 'listen'] as const)(
  '[F-532] a %s stream ends within a beat of a policy that forbids it, and not before',
  async (kind) => {
    const until = Date.now() + HOUR_MS;
    const seen = await afterAnHour(kind, undefined, async () => Date.now() < until);
    expect(seen).toEqual({ early: false, isEnded: true, isHungUp: true });
  },
);

test('[F-1040] a listener asks so often that a policy counts for it within the time that is promised for all', () => {
  expect(STREAM_KINDS.listen.keepAliveMs + ASK_AGAIN_MS).toBeLessThanOrEqual(POLICY_COUNTS_MS);
});
