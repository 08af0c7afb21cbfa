// A runner on a slow line: large messages arrive in the time the line needs, in both directions, while small calls of the same
// and of other sessions pass them on the same sockets (PROTOCOL.md LP3, LP23, LP24). The proxy sets the rate; the system's
// buffers before it hold megabytes, like those of a bad modem.
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test, type TestContext } from 'vitest';

import { startFaultyBridge, type FaultyBridge } from './faulty-link.ts';
import { messageOf, openSession, textOf, toolCall, type RawSession } from './raw-session.ts';
import type { Direction } from './tcp-proxy.ts';

const MIB = 1024 * 1024;

interface Slow extends FaultyBridge {
  readonly session: RawSession;
  readonly neighbour: RawSession;
}

/** Two sessions whose links share a line that is slow from now on. */
async function startSlow(
  { onTestFinished }: TestContext,
  bytesPerSecond: Partial<Record<Direction, number>>,
): Promise<Slow> {
  const faulty = await startFaultyBridge(onTestFinished);
  const session = await openSession(faulty.bridge, 'echo');
  const neighbour = await openSession(faulty.bridge, 'echo');
  for (const each of [session, neighbour]) await each.call('echo', { text: 'warm' });
  Object.assign(faulty.link.lineBytesPerSecond, bytesPerSecond);
  return { ...faulty, session, neighbour };
}

/** Times of small calls on a session, one after the other, until `work` is done; in ms, shortest first. */
async function callsBeside(work: Promise<unknown>, session: RawSession): Promise<number[]> {
  const over = new AbortController();
  void work.finally(() => over.abort()).catch(() => undefined);
  const took: number[] = [];
  while (!over.signal.aborted) {
    const askedAt = performance.now();
    const text = textOf(await session.call('echo', { text: 'small' }));
    took.push(text === 'small' ? performance.now() - askedAt : Infinity);
    await sleep(200);
  }
  return took.toSorted((a, b) => a - b);
}

/** A large message that goes over the slow line; whether it arrived whole. */
const LARGE = {
  up: async (session: RawSession, bytes: number): Promise<boolean> => {
    const text = textOf(await session.call('big', { bytes }));
    return text.length === bytes && /^x+$/u.test(text);
  },
  down: async (session: RawSession, bytes: number): Promise<boolean> => {
    const answer = session.post(toolCall('p', 'slow', { ms: 0, text: 'y'.repeat(bytes - 500) }));
    return textOf(messageOf(await answer)) === 'waited 0 ms';
  },
} satisfies Record<Direction, unknown>;

/** Of the first, as long as the window is not known, a call waits longer. */
const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0;

describe.concurrent('a slow line', { timeout: 120_000 }, () => {
  test.for([
    ['up', 1_000_000, 5_000_000],
    ['up', 200_000, 5_000_000],
    ['up', 20_000, 400_000],
    ['down', 1_000_000, 4 * MIB],
    ['down', 200_000, 4 * MIB],
    ['down', 20_000, 400_000],
  ] as const)(
    '[F-150] [LP23] %s of %i bytes a second carries %i bytes in the time it needs, and small calls pass meanwhile',
    async ([direction, bytesPerSecond, bytes], context) => {
      const { link, session, neighbour, taken } = await startSlow(context, {
        [direction]: bytesPerSecond,
      });
      const lineMs = (1_000 * bytes) / bytesPerSecond;
      const dials = link.dialledAt.length;
      const passedBefore = link.passed[direction];
      const began = performance.now();
      const arriving = LARGE[direction](session, bytes);
      const tookMs = arriving.then(() => performance.now() - began);
      const [own, others] = await Promise.all([
        callsBeside(arriving, session),
        callsBeside(arriving, neighbour),
      ]);
      const figures = {
        direction,
        bytesPerSecond,
        lineMs,
        tookMs: await tookMs,
        passed: link.passed[direction] - passedBefore,
        own: [own.length, median(own), own.at(-1)],
        others: [others.length, median(others), others.at(-1)],
        redials: link.dialledAt.length - dials,
      };
      if (process.env['FIGURES'] !== undefined) console.log(JSON.stringify(figures));
      expect(await arriving).toBe(true);
      expect(figures.redials).toBe(0);
      // What the small calls cost comes on top of parts and pings.
      expect(figures.passed).toBeLessThan(bytes * 1.2 + 20_000);
      expect(figures.tookMs).toBeLessThan(lineMs * 1.3 + 3_000);
      for (const calls of [own, others]) {
        expect(median(calls)).toBeLessThan(2_000);
        expect(calls.at(-1)).toBeLessThan(8_000);
      }
      expect(taken('big').length + taken('slow').length).toBe(1);
    },
  );

  test('[F-150] both ways at once carries both', async (context) => {
    const { link, session, neighbour } = await startSlow(context, { up: 200_000, down: 200_000 });
    const dials = link.dialledAt.length;
    const began = performance.now();
    const arrived = await Promise.all([
      LARGE.up(session, 2_000_000),
      LARGE.down(neighbour, 2_000_000),
    ]);
    expect(arrived).toEqual([true, true]);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(link.dialledAt.length).toBe(dials);
  });

  test.for(['up', 'down'] as const)(
    '[F-151] [LP18] cut in the middle of a large message %s: it goes on where it was, and runs once',
    async (direction, context) => {
      const { link, session, taken } = await startSlow(context, { [direction]: 400_000 });
      const bytes = 4_000_000;
      const before = link.passed[direction];
      const arriving = LARGE[direction](session, bytes);
      for (const cutAt of [1_000_000, 1_000_000, 1_000_000]) await link.cutAfter(direction, cutAt);
      expect(await arriving).toBe(true);
      // Each cut costs what was under way, and no more.
      expect(link.passed[direction] - before).toBeLessThan(bytes * 1.25);
      expect(taken('big').length + taken('slow').length).toBe(1);
    },
  );
});
