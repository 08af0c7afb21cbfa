// How calls went of late (F-649): what counts, for how long, and about how long they took.
import { expect, test } from 'vitest';

import { LONGEST_MS, RECENT_MS } from '../../../edge/core/fleet-look.ts';
import { FleetFigures } from '../../../edge/core/fleet-figures.ts';
import { quantileMs, RecentFigures } from '../../../edge/core/recent-calls.ts';
import { EdgeTally } from '../../../edge/core/tally.ts';
import { BUCKETS } from '../../../shared/metrics.ts';

const call = { server: 'files', outcome: 'answered', isListen: false, ms: 15, edgeMs: 2 } as const;

test('[F-649] calls, and those that failed, are told by server, for as long as they are recent', () => {
  const recent = new RecentFigures();
  const tally = new EdgeTally();
  for (let n = 0; n < 9; n++) tally.call(call);
  tally.failed('files', 'process_exited');
  tally.failed('gone', 'process_start_failed');
  tally.refused('unauthorized');
  recent.add(tally.take(), 1_000);
  tally.call(call);
  recent.add(tally.take(), 200_000);
  const of = (now: number) => new Map(recent.calls(now).map((each) => [each.server, each]));
  expect(of(200_000).get('files')).toMatchObject({ calls: 11, errors: 1 });
  expect(of(200_000).get('gone')).toEqual({ server: 'gone', calls: 1, errors: 1 });
  expect(of(1_000 + RECENT_MS).get('files')).toMatchObject({ calls: 1, errors: 0 });
  expect(of(200_000 + RECENT_MS).size).toBe(0);
});

test('[F-649] of what an hour of calls leaves, only the recent part is kept', () => {
  const recent = new RecentFigures();
  const tally = new EdgeTally();
  for (let second = 0; second < 3_600; second++) {
    tally.call(call);
    recent.add(tally.take(), second * 1_000);
  }
  const [files] = recent.calls(3_599_000);
  expect(files?.calls).toBeGreaterThan(285);
  expect(files?.calls).toBeLessThanOrEqual(300);
});

test('a clock that is set back leaves nothing that stays for ever', () => {
  const recent = new RecentFigures();
  const tally = new EdgeTally();
  tally.call(call);
  recent.add(tally.take(), 1_000_000);
  tally.call(call);
  recent.add(tally.take(), 5);
  expect(recent.calls(5)).toMatchObject([{ calls: 1 }]);
});

test('[F-649] what was counted before the actor slept is not recent', () => {
  const kept = [{ key: 'calls', labels: ['files', 'edge', 'answered'], value: 1_000 }];
  const figures = new FleetFigures({ figures: () => kept, keepFigures: () => undefined });
  expect(figures.recentCalls(0)).toEqual([]);
  figures.add(kept, 0);
  expect(figures.recentCalls(0)).toMatchObject([{ server: 'files', calls: 1_000 }]);
});

test('a quantile lies within its bucket, and above all buckets it is the longest time that is told', () => {
  const observed = (...ms: readonly number[]) => {
    const counts = Array.from({ length: BUCKETS.length + 1 }, () => 0);
    for (const each of ms) {
      const index = BUCKETS.findIndex((bound) => each <= bound * 1_000);
      const at = index === -1 ? BUCKETS.length : index;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return { counts, sum: 0 };
  };
  const many = observed(
    ...Array.from({ length: 90 }, () => 15),
    ...Array.from({ length: 10 }, () => 700),
  );
  expect(quantileMs(many, 0.5)).toBeGreaterThan(10);
  expect(quantileMs(many, 0.5)).toBeLessThanOrEqual(20);
  expect(quantileMs(many, 0.95)).toBeGreaterThan(500);
  expect(quantileMs(many, 0.95)).toBeLessThanOrEqual(1_000);
  expect(quantileMs(observed(400_000), 0.5)).toBe(LONGEST_MS);
  expect(quantileMs(observed(0.2), 0.5)).toBeLessThanOrEqual(1);
});
