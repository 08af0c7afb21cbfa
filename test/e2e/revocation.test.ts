// A grant ends, or a key is taken out of the settings, while much of it is open: the streams, the call in flight and the processes end
// within seconds, and those of another app of the same person, or of another key, go on.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { startBridge, type Bridge } from './harness.ts';
import { fixture, messageOf, openSession, SseSession, toolCall, textOf } from './raw-session.ts';
import { askModern } from './raw-modern.ts';
import { untilGone } from './runner-facts.ts';
import { KeptSignIn, SIGNING_CLIENTS, type SigningClient } from './signed-in-clients.ts';

/** What is open when a grant ends is over this soon. */
const SOON_MS = 5_000;

const key = mintOwnerKey();

/** BRIDGE_CLIENTS, read at each start of the edge. */
let clients = {};

let bridge: Bridge;

beforeAll(async () => {
  bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
    settings: { BRIDGE_CLIENT_AUTH: 'keys' },
    settingsAt: (url) => ({
      BRIDGE_URL: url,
      BRIDGE_OWNER: hashCredential(key),
      BRIDGE_CLIENTS: JSON.stringify(clients),
    }),
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

/** The edge is there again with other clients; how long ago. */
async function deploy(now: object): Promise<() => number> {
  clients = now;
  await bridge.restartEdge();
  await bridge.untilReady();
  const since = performance.now();
  return () => performance.now() - since;
}

/** A process for each kind of client. */
async function openAll(of: string): Promise<number[]> {
  const headers = { Authorization: `Bearer ${of}` };
  const asked = { params: { name: 'whoami', arguments: {} }, headers };
  const [{ pid }, sse, modern] = await Promise.all([
    openSession(bridge, 'echo', { key: of }).then((session) => session.whoami()),
    SseSession.open(bridge, 'echo', { key: of }).then((session) => session.call('whoami')),
    askModern(bridge.url, 'echo', 'tools/call', asked).then(messageOf),
  ]);
  return [pid, ...[sse, modern].map((said) => (JSON.parse(textOf(said)) as { pid: number }).pid)];
}

test('[F-700] what a key has open ends with a deploy that takes it out of the settings, or its server, and nothing of another', async () => {
  const [gone, narrowed, replaced, stays] = Array.from({ length: 4 }, () => mintClientKey());
  const client = (keys: readonly (string | undefined)[], ...servers: readonly string[]) => ({
    key: keys.map((each) => hashCredential(each ?? '')),
    servers,
  });
  const [all, other] = [client([stays], '*'), mintClientKey()];
  await deploy({
    gone: client([gone], 'echo'),
    narrowed: client([narrowed], 'echo', 'mail'),
    replaced: client([replaced, other], '*'),
    stays: all,
  });
  const shutOut = [];
  for (const each of [gone, narrowed, replaced]) shutOut.push(...(await openAll(each ?? '')));
  const neighbour = await openSession(bridge, 'echo', { key: stays ?? '' });
  const sameName = await openSession(bridge, 'echo', { key: other });
  const left = [(await neighbour.whoami()).pid, (await sameName.whoami()).pid];

  const passed = await deploy({
    narrowed: client([narrowed], 'mail'),
    replaced: client([other], '*'),
    stays: all,
  });
  await Promise.all(shutOut.map((pid) => untilGone(pid)));
  expect(passed()).toBeLessThan(SOON_MS);
  expect([(await neighbour.whoami()).pid, (await sameName.whoami()).pid]).toEqual(left);
});
