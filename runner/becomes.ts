// Waits for something far away to become so, by asking again and again.
import { setTimeout as sleep } from 'node:timers/promises';

const ASK_EVERY_MS = 1_000;

/** False if it is not so within `ms`. What cannot be asked meanwhile is asked again. */
export async function becomes(ms: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    if (await isSo().catch(() => false)) return true;
    await sleep(ASK_EVERY_MS);
  }
  return false;
}
