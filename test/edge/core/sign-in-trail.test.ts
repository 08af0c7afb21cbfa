// The trail of a sign-in, and the first step that is missing (F-645).
import { describe, expect, test } from 'vitest';

import type { LogLine, SignInStepLine } from '../../../edge/core/log.ts';
import type { KeptLine } from '../../../edge/core/record.ts';
import { missingStep, SignInTrails, STEP_WORDS } from '../../../edge/core/sign-in-trail.ts';

const MINUTE = 60_000;

const step = (
  name: SignInStepLine['step'],
  time: number,
  facts: Partial<SignInStepLine> = {},
): KeptLine => ({
  at: time,
  time,
  line: { level: 'info', message: 'sign-in step', step: name, visitor: 'v1', ...facts },
});

const call = (principal: string, server: string, time: number): KeptLine => ({
  at: time,
  time,
  line: { level: 'info', message: 'call', principal, server, ms: 1, edgeMs: 1 } as LogLine,
});

const APP = { app: 'app-1', name: 'App' };

describe('[F-645] a trail', () => {
  test('goes from what a network read to the first call, whoever reads and allows', () => {
    const trails = new SignInTrails();
    trails.take([
      step('found', 1),
      step('found', 2),
      step('registered', 3, APP),
      // A person's browser is in another network.
      step('asked', 4, { ...APP, visitor: 'v2', server: 'files' }),
      step('allowed', 5, { ...APP, visitor: 'v2', principal: 'owner' }),
      step('redeemed', 6, { app: 'app-1', server: 'files', principal: 'owner' }),
      call('ann', 'files', 7),
      call('owner', 'mail', 8),
    ]);
    const [trail] = trails.all;
    expect(trails.all).toHaveLength(1);
    expect(trail).toMatchObject({
      app: 'App',
      server: 'files',
      person: 'owner',
      steps: { found: 2, registered: 3 },
    });
    expect(trail && missingStep(trail)).toBe('used');
    trails.take([call('owner', 'files', 9)]);
    expect(trails.all.map(missingStep)).toEqual([undefined]);
    expect(trails.stuck(60 * MINUTE)).toEqual([]);
  });

  test.each([
    [[step('found', 1)], 'registered'],
    [[step('found', 1), step('registered', 2, APP)], 'asked'],
    [[step('asked', 2, APP)], 'allowed'],
    [[step('asked', 2, APP), step('allowed', 3, APP)], 'redeemed'],
    [[step('asked', 2, APP), step('redeemed', 3, APP)], 'used'],
  ] as const)('%# that stops names the step that never came', (lines, missing) => {
    const trails = new SignInTrails();
    trails.take(lines);
    expect(trails.stuck(1_000)).toEqual([]);
    expect(trails.stuck(2 * MINUTE)).toMatchObject([{ missing: STEP_WORDS[missing].missing }]);
  });

  test('apps of one network are told apart, and what was read long ago belongs to none', () => {
    const trails = new SignInTrails();
    trails.take([
      step('found', 1),
      step('registered', 2, APP),
      step('found', 3),
      step('registered', 30 * MINUTE, { app: 'app-2', name: 'Late' }),
    ]);
    expect(trails.all.map(({ app, steps }) => [app, Object.keys(steps)])).toEqual([
      ['Late', ['registered']],
      [undefined, ['found']],
      ['App', ['found', 'registered']],
    ]);
  });

  test('a token that is renewed is no sign-in, and many of them are bounded', () => {
    const trails = new SignInTrails();
    trails.take([step('renewed', 1, APP)]);
    expect(trails.all).toEqual([]);
    for (let n = 0; n < 1_000; n++) trails.take([step('found', n, { visitor: `v${n}` })]);
    expect(trails.all).toHaveLength(50);
  });
});
