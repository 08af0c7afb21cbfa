// A principal that wants all there is: it has its quota and waits for its turn, and another principal notices nothing. A
// hundred processes are started for each test.
import { expect, onTestFinished, test, vi } from 'vitest';

import { SESSIONS_PER_PRINCIPAL } from '../../edge/core/placement.ts';
import { hashCredential } from '../../runner/credential.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { askForSession, messageOf, openSession, toolCall, type RawSession } from './raw-session.ts';

const key = (name: string) => `key-of-${name}-`.padEnd(32, 'x');
const grant = (name: string) => ({ key: hashCredential(key(name)), servers: ['*'] });

/** Nothing lighter answers an initialize: a hundred of them are a hundred processes. */
const LIGHT =
  'read line; echo \'{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"light","version":"1"}}}\'; cat >/dev/null';

/** A bridge with keys of two principals. */
const startLight = (): Promise<Bridge> =>
  startBridge({
    servers: { light: { command: '/bin/sh', args: ['-c', LIGHT] } },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ ann: grant('ann'), bob: grant('bob') }),
    },
  });

test('[F-254] [R-10] a principal that opens sessions without end waits its turn, then gets 429; another is served meanwhile', async () => {
  const bridge = await startLight();
  onTestFinished(() => bridge.stop());
  const ask = (name: string) => askForSession(bridge, 'light', { key: key(name) });
  const asked = Array.from({ length: 160 }, () => ask('ann'));
  const first = await Promise.race(asked.map(async (answer) => (await answer).status));
  expect([200, 429]).toContain(first);
  const { status } = await ask('bob');
  expect(status).toBe(200);
  const answers = await Promise.all(asked);
  const refused = answers.filter((answer) => answer.status === 429);
  expect(refused.length).toBeGreaterThan(0);
  // Those that had their turn fill the principal's places, and more, where idle ones gave way.
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(SESSIONS_PER_PRINCIPAL);
  for (const answer of refused) {
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(messageOf(answer).error).toMatchObject({ code: 42005, data: { phase: 'not_sent' } });
  }
});

test('[F-82] [R-9] [R-10] a principal that is busy in all the sessions it may have gets 429, another is served; an idle one gives way', async () => {
  const bridge = await startLight();
  onTestFinished(() => bridge.stop());
  const ask = (name: string) => askForSession(bridge, 'light', { key: key(name) });
  // Ten at a time: the processes' starts are not what is tried.
  const sessions: RawSession[] = [];
  for (let round = 0; round < 10; round += 1) {
    const opening = Array.from({ length: 10 }, () =>
      openSession(bridge, 'light', { key: key('ann') }),
    );
    sessions.push(...(await Promise.all(opening)));
  }
  const calls = await Promise.all(
    sessions.map((session) => session.postStream(toolCall(2, 'hang'))),
  );
  const refused = await Promise.all(Array.from({ length: 10 }, () => ask('ann')));
  expect(refused.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 429));
  for (const answer of refused) {
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(messageOf(answer).error).toMatchObject({ code: 42005, data: { phase: 'not_sent' } });
  }
  expect((await ask('bob')).status).toBe(200);
  const [idle] = sessions;
  await idle?.post('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}');
  await vi.waitFor(async () => expect((await ask('ann')).status).toBe(200), PATIENCE);
  expect((await idle?.post(toolCall(3, 'hang')))?.status).toBe(404);
  for (const call of calls) call.destroy();
});
