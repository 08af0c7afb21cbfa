// Sessions that the fleet gives up: it tells their actors until they have heard. Nobody else would tell one that is linked and in use.
import { beforeEach, describe, expect, test } from 'vitest';

import { DrivenFleet } from './driven-fleet.ts';

const SESSION = 's'.repeat(22);

describe('[F-293] [R-15] a session whose principal lost its access', () => {
  let fleet: DrivenFleet;
  const told = (): string[] =>
    fleet.effects.flatMap((effect) => (effect.do === 'giveUp' ? [effect.session] : []));

  beforeEach(() => {
    fleet = new DrivenFleet();
    fleet.link('vm');
    fleet.open(SESSION);
    fleet.withdraw({ principal: 'ann' });
  });

  test('is told to its actor once when that hears it', () => {
    fleet.heard(SESSION, true);
    fleet.now = fleet.wakeAt ?? fleet.now;
    fleet.tick();
    fleet.review();
    expect(told()).toEqual([SESSION]);
  });

  test('is told again soon to an actor that broke away', () => {
    fleet.heard(SESSION, false);
    const at = fleet.wakeAt ?? Infinity;
    expect(at).toBeLessThanOrEqual(fleet.now + 1_000);
    fleet.now = at;
    fleet.tick();
    expect(told()).toEqual([SESSION, SESSION]);
  });

  test('is told again by the next life of the fleet when this one ends before it knows', () => {
    fleet.sleep();
    expect(fleet.store.reviewAt()).toBeDefined();
    fleet.review();
    expect(told()).toEqual([SESSION, SESSION]);
  });
});
