// What a stream costs its worker while nothing happens.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { STREAM_KINDS } from '../../../edge/core/stream-kinds.ts';
import { SseStream } from '../../../edge/http/sse-response.ts';
import { streamOf, useBodies, type BodyReader } from '../../../edge/http/stream-body.ts';
import { LINK_GRACE_MS } from '../../../shared/link/timing.ts';

const HOUR_MS = 3_600_000;

/** A dial comes within this of the break before it. */
const REDIAL_MS = 2_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

type Follow = ConstructorParameters<typeof SseStream>[0]['session']['follow'];

const followed: Follow = async () => ({
  ok: true,
  value: { send: () => undefined, close: () => undefined },
});

/** A stream on which nothing happens. */
const standing = (requestIds: readonly string[], follow = followed): SseStream =>
  new SseStream({
    session: { follow },
    signal: new AbortController().signal,
    stream: 's',
    after: null,
    requestIds,
    kind: STREAM_KINDS.streamable,
    opening: '',
  });

/** How often a stream of an hour woke its program. */
async function wakesInAnHour(requestIds: readonly string[]): Promise<number> {
  const wakes = vi.spyOn(Date, 'now');
  const stream = standing(requestIds);
  const { body } = stream.response({});
  wakes.mockClear();
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  const count = wakes.mock.calls.length;
  await body?.cancel();
  return count;
}

/** A standing stream's body as a host without streams reads it. */
function heldBody() {
  const kept: string[] = [];
  let [count, isQuick] = [0, false];
  const note = (how: string, bytes: Uint8Array): void => {
    if (bytes.length > 0) kept.push(`${how} ${new TextDecoder().decode(bytes)}`);
  };
  const reader: BodyReader = {
    enqueue: (bytes) => note('enqueued', bytes),
    atOnce: (bytes) => {
      if (isQuick) note('at once', bytes);
      return isQuick;
    },
    close: () => undefined,
    error: () => undefined,
  };
  useBodies((source) => {
    const go = async (): Promise<void> => {
      for (;;) {
        count += 1;
        await source.pull(reader);
      }
    };
    void go();
    return new Response();
  });
  standing([]).response({});
  useBodies((source, init) => new Response(streamOf(source), init));
  return {
    kept,
    pulls: () => count,
    beat: () => vi.advanceTimersByTimeAsync(STREAM_KINDS.streamable.keepAliveMs),
    takesAtOnce: (is: boolean) => void (isQuick = is),
  };
}

test('[F-601] a stream that only stands wakes its worker for keep-alives and for nothing else', async () => {
  const keepAlives = HOUR_MS / STREAM_KINDS.streamable.keepAliveMs;
  expect(await wakesInAnHour([])).toBe(keepAlives);
  expect(await wakesInAnHour(['1'])).toBeGreaterThan(2 * keepAlives);
});

test('[F-601] streams that began at any time are kept alive together, each in its time', async () => {
  const moments = new Set<number>();
  const gaps: number[] = [];
  const bodies: ReadableStream<Uint8Array>[] = [];
  for (let n = 0; n < 20; n++) {
    let last = Date.now();
    const { body } = standing([]).response({});
    if (!body) throw new Error('no body');
    bodies.push(body);
    void (async () => {
      for await (const bytes of body) {
        if (bytes.length === 0) continue;
        moments.add(Date.now());
        gaps.push(Date.now() - last);
        last = Date.now();
      }
    })();
    await vi.advanceTimersByTimeAsync(37);
  }
  await vi.advanceTimersByTimeAsync(10 * STREAM_KINDS.streamable.keepAliveMs);
  expect(gaps.length).toBeGreaterThanOrEqual(20 * 10);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(STREAM_KINDS.streamable.keepAliveMs);
  // What begins within 740 ms lies in three slots of half a second at most.
  expect(moments.size).toBeLessThanOrEqual(3 * 11);
});

test('[F-601] a keep-alive leaves past the pull that waits, where its host can do that, and is enqueued where it cannot', async () => {
  const { kept, pulls, beat, takesAtOnce } = heldBody();
  await beat();
  expect(kept).toEqual(['enqueued : keep-alive\n\n']);
  takesAtOnce(true);
  const before = pulls();
  for (let n = 0; n < 3; n++) await beat();
  expect(kept.slice(1)).toEqual(Array.from({ length: 3 }, () => 'at once : keep-alive\n\n'));
  expect(pulls()).toBe(before);
  takesAtOnce(false);
  await beat();
  expect(kept.at(-1)).toBe('enqueued : keep-alive\n\n');
});

test('[F-1121] a standing stream is given up once its actor was away for the grace, also if each dial hangs from one keep-alive to the next', async () => {
  const hangsMs = LINK_GRACE_MS + 1_000;
  const { body } = standing([], async () => {
    await new Promise((resolve) => setTimeout(resolve, hangsMs));
    throw new Error('the actor broke off');
  }).response({});
  let isEnded = false;
  void (async () => {
    for await (const _ of body ?? []);
    isEnded = true;
  })();
  await vi.advanceTimersByTimeAsync(hangsMs + REDIAL_MS);
  expect(isEnded).toBe(false);
  await vi.advanceTimersByTimeAsync(hangsMs);
  expect(isEnded).toBe(true);
});
