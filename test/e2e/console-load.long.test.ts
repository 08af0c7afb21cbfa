// Ten thousand calls while somebody watches them: the page stays small, and shows the last of them.
import { expect, test } from 'vitest';

import { FIRST_CALL, FIRST_CALL_HEADERS } from '../../runner/dev/first-call.ts';
import { noChromium } from '../fixtures/chromium.ts';
import { WatchedBridge } from './watched-bridge.ts';

const CALLS = 10_000;
const AT_A_TIME = 8;

/** What a tab may grow by. */
const GROWTH_BYTES = 50 * 1024 * 1024;

/** On a machine that does other work. */
const LASTS_MS = 600_000;

test(
  '[F-647] a tab that watches them grows by less than 50 MB, and shows the newest',
  async ({ skip }) => {
    if (noChromium !== undefined) skip(noChromium);
    const watched = await WatchedBridge.start();
    try {
      const { page, heapBytes } = await watched.open('calls');
      const before = await heapBytes();
      const call = async (): Promise<void> => {
        const answer = await fetch(watched.bridge.mcpUrl('echo'), {
          method: 'POST',
          headers: { ...FIRST_CALL_HEADERS, Authorization: `Bearer ${watched.clientKey}` },
          body: JSON.stringify(FIRST_CALL),
        });
        expect(answer.status).toBe(200);
        await answer.text();
      };
      let left = CALLS;
      await Promise.all(
        Array.from({ length: AT_A_TIME }, async () => {
          while (left-- > 0) await call();
        }),
      );
      await expect.poll(() => page.locator('.call').count(), { timeout: 20_000 }).toBe(200);
      expect((await heapBytes()) - before).toBeLessThan(GROWTH_BYTES);
    } finally {
      await watched.stop();
    }
  },
  LASTS_MS,
);
