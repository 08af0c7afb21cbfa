// A grant ends while much of it is open: the streams, the call in flight and the processes end within seconds, and those of another
// app of the same person go on.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { hashCredential, mintOwnerKey } from '../../runner/credential.ts';
import { startBridge, type Bridge } from './harness.ts';
import { fixture, openSession, SseSession, toolCall, textOf } from './raw-session.ts';
import { untilGone } from './runner-facts.ts';
import { KeptSignIn, SIGNING_CLIENTS, type SigningClient } from './signed-in-clients.ts';

/** What is open when a grant ends is over this soon. */
const SOON_MS = 5_000;

const key = mintOwnerKey();

let bridge: Bridge;

beforeAll(async () => {
  bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
    settings: { BRIDGE_CLIENT_AUTH: 'keys' },
    settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(key) }),
  });
});
afterAll(() => bridge.stop());

/** An app that the owner let in. */
async function signedIn(): Promise<KeptSignIn> {
  const [kind] = SIGNING_CLIENTS as [SigningClient];
  const client = await kind.connect(new URL('/echo', bridge.url), new KeptSignIn(), key);
  await client.close();
  return client.signIn;
}

test('[F-36] [F-507] what an app has open ends with its grant, and nothing of another app', async () => {
  const [app, other] = [await signedIn(), await signedIn()];
  const open = ({ kept }: KeptSignIn) =>
    openSession(bridge, 'echo', { key: kept?.access_token ?? '', revision: '2025-11-25' });
  const [session, neighbour] = [await open(app), await open(other)];
  const { pid } = await session.whoami();
  const stream = await session.get();
  const sse = await SseSession.open(bridge, 'echo', { key: app.kept?.access_token ?? '' });
  const ssePid = (JSON.parse(textOf(await sse.call('whoami'))) as { pid: number }).pid;
  const inFlight = await session.postStream(toolCall('waits', 'hang', { text: 'x' }));

  const token = app.kept?.refresh_token ?? '';
  const body = new URLSearchParams({ token });
  const endedAt = performance.now();
  expect((await fetch(`${bridge.url}/revoke`, { method: 'POST', body })).status).toBe(200);

  const last = await inFlight.nextMessage();
  expect(JSON.parse(last?.data ?? '')).toMatchObject({
    id: 'waits',
    error: { code: 42020, message: expect.stringContaining('was withdrawn') },
  });
  const rest = async (events: { next(): Promise<unknown> }): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- to the end
    while ((await events.next()) !== undefined);
  };
  await Promise.all([rest(stream), rest(sse.stream), untilGone(pid), untilGone(ssePid)]);
  expect(performance.now() - endedAt).toBeLessThan(SOON_MS);

  expect(await neighbour.whoami()).toMatchObject({ pid: expect.any(Number) });
});
