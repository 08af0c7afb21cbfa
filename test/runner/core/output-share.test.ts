// [F-131] How much of the runner's time the output of processes takes, by a clock of the test's own.
import { expect, test } from 'vitest';
import {
  COMMON_MS,
  COMMON_MS_PER_SECOND,
  CommonShare,
  OutputShare,
  OWN_MS,
  OWN_MS_PER_SECOND,
} from '../../../runner/core/output-share.ts';

/** Lets processes work in slices of a millisecond whenever they may, for a while; gives what each has used. */
function work(shares: readonly OutputShare[], from: number, to: number): number[] {
  const used = shares.map(() => 0);
  for (let now = from; now < to; now += 1) {
    for (const [index, share] of shares.entries()) {
      if (share.restMs(now) > 0) continue;
      share.spend(1, now);
      used[index] = (used[index] ?? 0) + 1;
    }
  }
  return used;
}

test('[F-131] one that prints without end gets its start, and then a small share', () => {
  const [used = 0] = work([new OutputShare(new CommonShare())], 0, 60_000);
  const most = OWN_MS + COMMON_MS + 60 * (OWN_MS_PER_SECOND + COMMON_MS_PER_SECOND);
  expect(used).toBeGreaterThan(most * 0.8);
  expect(used).toBeLessThanOrEqual(most + 2);
});

test('[F-131] ten of them get no more together than the common share beside their own', () => {
  const common = new CommonShare();
  const shares = Array.from({ length: 10 }, () => new OutputShare(common));
  work(shares, 0, 10_000);
  const used = work(shares, 10_000, 20_000);
  const total = used.reduce((sum, each) => sum + each, 0);
  expect(total).toBeLessThanOrEqual(10 * (COMMON_MS_PER_SECOND + 10 * OWN_MS_PER_SECOND) + 20);
  expect(Math.min(...used)).toBeGreaterThan(0);
});

test('one that answers what it is asked never waits, beside a flood too', () => {
  const common = new CommonShare();
  const flood = new OutputShare(common);
  const asked = new OutputShare(common);
  let waits = 0;
  for (let now = 0; now < 20_000; now += 1) {
    if (flood.restMs(now) === 0) flood.spend(1, now);
    asked.asked();
    if (asked.restMs(now) > 0) waits += 1;
    asked.spend(0.5, now);
  }
  expect(waits).toBe(0);
});

test('large results cost nothing as long as they were asked for', () => {
  const share = new OutputShare(new CommonShare());
  for (let now = 0; now < 10_000; now += 100) {
    share.asked();
    share.spend(80, now);
    expect(share.restMs(now)).toBe(0);
  }
  for (let now = 10_000; now < 11_000; now += 100) share.spend(80, now);
  expect(share.restMs(11_000)).toBeGreaterThan(0);
});

test('who has waited as long as told may go on', () => {
  const share = new OutputShare(new CommonShare());
  for (let n = 0; n < 2 * OWN_MS; n += 1) share.spend(1, 0);
  const rest = share.restMs(0);
  expect(rest).toBeGreaterThan(0);
  expect(share.restMs(rest)).toBe(0);
});
