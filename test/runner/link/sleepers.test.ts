// Links of a runner that all lost the edge, on a clock that is turned by hand: the first that reaches it wakes the others.
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';

import type { Connection, ConnectionListener } from '../../../runner/link/connect.ts';
import { KeptLink } from '../../../runner/link/kept-link.ts';
import { Sleepers } from '../../../runner/link/sleepers.ts';
import { CLOSE } from '../../../shared/link/close-codes.ts';

const LINKS = 1_000;

/** Links sleep up to a minute. */
const LONGEST_SLEEP_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

/** An edge that is out of reach until it `isUp`, and links to it that are woken together. */
function outage(count: number) {
  const edge = { isUp: false, opened: 0, dials: 0 };
  const sleepers = new Sleepers();
  const connect = (_options: unknown, listener: ConnectionListener): Connection => {
    edge.dials += 1;
    const far: Connection = {
      isOpen: false,
      bytesRead: undefined,
      send: () => undefined,
      close: (code, reason) => listener.closed(code, reason),
      terminate: () => listener.closed(1006, ''),
    };
    queueMicrotask(() => {
      if (edge.isUp) return listener.opened();
      listener.failed(new Error('out of reach'));
      listener.closed(1006, '');
    });
    return far;
  };
  const links = Array.from(
    { length: count },
    () =>
      new KeptLink({
        dialOptions: async () => ({ url: 'ws://edge.test/', token: 't', connect }),
        opened: () => {
          edge.opened += 1;
          sleepers.edgeReached();
        },
        frame: () => undefined,
        ended: () => 'relink',
        failed: (error) => expect.unreachable(String(error)),
        backoffCapMs: () => LONGEST_SLEEP_MS,
        sleepers,
      }),
  );
  for (const link of links) link.start();
  onTestFinished(() => {
    for (const link of links) link.stop(CLOSE.done, 'the test is over');
  });
  return { edge, links };
}

test('[F-898] of thousands that sleep, the first to reach the edge wakes the others, and each is woken once', async () => {
  const { edge } = outage(LINKS);
  // Until they sleep long.
  await vi.advanceTimersByTimeAsync(3 * LONGEST_SLEEP_MS);
  edge.isUp = true;
  const timers = vi.spyOn(globalThis, 'setTimeout');
  await vi.waitUntil(() => edge.opened > 0, { timeout: LONGEST_SLEEP_MS, interval: 10 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(edge.opened).toBe(LINKS);
  // What a dial needs, what it sleeps anew, and no more for how many others there are.
  expect(timers.mock.calls.length).toBeLessThan(10 * LINKS);
});

test('[F-898] one that was stopped in its sleep is not woken', async () => {
  const { edge, links } = outage(2);
  await vi.advanceTimersByTimeAsync(3 * LONGEST_SLEEP_MS);
  links[0]?.stop(CLOSE.done, 'over');
  edge.isUp = true;
  const { dials } = edge;
  await vi.advanceTimersByTimeAsync(3 * LONGEST_SLEEP_MS);
  expect([edge.opened, edge.dials - dials]).toEqual([1, 1]);
});
