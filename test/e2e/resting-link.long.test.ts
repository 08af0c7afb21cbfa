// A session link that dies without a word while nothing passes on it: the next call finds that out and is answered, once (R-7, LP4).
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, onTestFinished, test } from 'vitest';

import { IN_USE_MS, PING_MS, PONG_MS } from '../../shared/link/timing.ts';
import { startFaultyBridge } from './faulty-link.ts';
import { openSession, textOf } from './raw-session.ts';

test('[F-360] [R-7] [LP4] a call on a link that died while it rested is answered once, soon after it is made', async () => {
  const faulty = await startFaultyBridge(onTestFinished);
  const session = await openSession(faulty.bridge, 'echo');
  expect(textOf(await session.call('echo', { text: 'a' }))).toBe('a');
  // The control link pings on, so its end of the same break is found out first or last: both ways lead back.
  await sleep(IN_USE_MS + PING_MS + PONG_MS);
  faulty.link.swallow();
  const calledAt = performance.now();
  expect(textOf(await session.call('echo', { text: 'b' }))).toBe('b');
  expect(performance.now() - calledAt).toBeLessThan(25_000);
  expect(faulty.taken('echo').map((fact) => fact.arguments?.['text'])).toEqual(['a', 'b']);
});
