// How openings of one program follow each other, and give way in one that has too much to do.
import { expect, test } from 'vitest';

import {
  ASK_APART_MS,
  GIVES_WAY_MS,
  LATE_MS,
  OpeningPace,
} from '../../../edge/core/opening-pace.ts';
import { SessionOpening, type OpeningStep } from '../../../edge/core/opening.ts';

const openingOf = (principal: string, pace: OpeningPace): SessionOpening =>
  new SessionOpening({ server: 'echo', clientKind: 'streamable', principal }, pace);

/** Its turn has come, a moment after the last one's of its principal. */
const TURN = { ok: true, value: { afterMs: 10 } } as const;

/** Milliseconds that a step waits; undefined if it does something else. */
const waits = (step: OpeningStep): number | undefined => (step.do === 'wait' ? step.ms : undefined);

test('[F-1221] openings of one principal that come at once ask for their turns apart from each other, and no other waits for them', () => {
  const pace = new OpeningPace();
  const of = (principal: string) => openingOf(principal, pace).start(1_000);
  expect(of('alice')).toEqual({ do: 'ask' });
  expect([of('alice'), of('alice')].map(waits)).toEqual([ASK_APART_MS, 2 * ASK_APART_MS]);
  expect(of('bob')).toEqual({ do: 'ask' });
});

test('[F-1221] an opening that is woken late gives way, and those that do so come back apart from each other', () => {
  const pace = new OpeningPace();
  const again = [0, 100].map((now) => {
    const opening = openingOf('alice', pace);
    expect(opening.start(now)).toEqual({ do: 'ask' });
    expect(opening.admitted(TURN)).toEqual({ do: 'wait', ms: 10 });
    return { opening, ms: waits(opening.waited(false, LATE_MS + 1, 5_000)) ?? 0 };
  });
  const [first, second] = again.map(({ ms }) => ms);
  expect(first).toBeGreaterThanOrEqual(LATE_MS);
  expect(second).toBeGreaterThan(first ?? 0);
  for (const { opening } of again)
    expect(opening.waited(false, LATE_MS, 6_000)).toMatchObject({ do: 'open' });
});

test('[F-1221] one that is always late opens all the same, after some seconds, and asks once', () => {
  const pace = new OpeningPace();
  openingOf('alice', pace).start(0);
  const opening = openingOf('alice', pace);
  const lateMs = 3 * LATE_MS;
  let now = 0;
  const steps: OpeningStep[] = [];
  for (let step = opening.start(now); step.do !== 'open';) {
    steps.push(step);
    now += (waits(step) ?? 0) + lateMs;
    step = step.do === 'ask' ? opening.admitted(TURN) : opening.waited(false, lateMs, now);
  }
  expect(steps.filter((step) => step.do === 'ask')).toHaveLength(1);
  expect(now).toBeGreaterThan(GIVES_WAY_MS);
  expect(now).toBeLessThan(2 * GIVES_WAY_MS);
});

test('[F-1221] whose client has left while it gave way is not opened', () => {
  const opening = openingOf('alice', new OpeningPace());
  opening.start(0);
  opening.admitted(TURN);
  expect(opening.waited(true, 10 * LATE_MS, 0)).toMatchObject({ do: 'refuse' });
});
