// What belongs to one person reaches no other, over 200 sessions of all eras side by side.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { PeopleBridge } from './people-bridge.ts';

let people: PeopleBridge;

beforeAll(async () => {
  people = await PeopleBridge.start();
});
afterAll(() => people.stop());

test('[R-9] [F-575] two people, 200 sessions: no process has anything of the other', async () => {
  const { leastProcesses, redacted, ...visits } = await people.visit(200);
  expect(visits).toEqual({ sessions: 200, foreign: [], leaked: [] });
  expect(leastProcesses).toBeGreaterThan(50);
  expect(redacted).toBeGreaterThan(100);
});
