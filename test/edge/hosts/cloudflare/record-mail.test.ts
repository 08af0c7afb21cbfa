// What a worker recorded and counted reaches the fleet, also after requests whose work was cut off.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { RecordMail } from '../../../../edge/hosts/cloudflare/record-mail.ts';
import { EdgeTally } from '../../../../edge/core/tally.ts';
import type { Figure } from '../../../../shared/figures.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date', 'setTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Longer than the platform lets a request go on after its answer. */
const CUT_MS = 31_000;

const refusals = (value: number): Figure => ({ key: 'refusals', labels: ['not_found'], value });

function mailbox() {
  const told: (readonly Figure[])[] = [];
  const fleet = { isAway: false };
  const tally = new EdgeTally(() => mail.collect());
  const mail = new RecordMail({
    outlive: () => undefined,
    counted: () => tally.take(),
    tell: async (_, figures) => {
      if (fleet.isAway) throw new Error('the actor broke away');
      told.push(figures);
      return false;
    },
    untold: (figures) => tally.add(figures),
  });
  return { tally, told, fleet };
}

test('[F-587] what could not be told is told by the next request, though the wait of the last one was cut off', async () => {
  const { tally, told, fleet } = mailbox();
  fleet.isAway = true;
  tally.refused('not_found');
  await vi.advanceTimersByTimeAsync(5_000);
  expect([told, vi.getTimerCount()]).toEqual([[], 1]);
  vi.clearAllTimers();
  vi.setSystemTime(Date.now() + CUT_MS);
  fleet.isAway = false;
  tally.refused('not_found');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(told).toEqual([[refusals(2)]]);
  expect(vi.getTimerCount()).toBe(0);
});

test('[F-587] there is one wait at a time', async () => {
  const { tally, told } = mailbox();
  for (let call = 0; call < 100; call++) tally.refused('not_found');
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(told).toEqual([[refusals(100)]]);
});
