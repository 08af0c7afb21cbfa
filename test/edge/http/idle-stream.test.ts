// What a stream costs its worker while nothing happens.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { STREAM_KINDS } from '../../../edge/core/stream-kinds.ts';
import { SseStream } from '../../../edge/http/sse-response.ts';

const HOUR_MS = 3_600_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** How often a stream of an hour woke its program. */
async function wakesInAnHour(requestIds: readonly string[]): Promise<number> {
  const wakes = vi.spyOn(Date, 'now');
  const stream = new SseStream({
    session: {
      follow: async () => ({
        ok: true,
        value: { send: () => undefined, close: () => undefined },
      }),
    },
    signal: new AbortController().signal,
    stream: 's',
    after: null,
    requestIds,
    kind: STREAM_KINDS.streamable,
    opening: '',
  });
  const { body } = stream.response({});
  wakes.mockClear();
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  const count = wakes.mock.calls.length;
  await body?.cancel();
  return count;
}

test('[F-601] a stream that only stands wakes its worker for keep-alives and for nothing else', async () => {
  const keepAlives = HOUR_MS / STREAM_KINDS.streamable.keepAliveMs;
  expect(await wakesInAnHour([])).toBe(keepAlives);
  expect(await wakesInAnHour(['1'])).toBeGreaterThan(2 * keepAlives);
});
