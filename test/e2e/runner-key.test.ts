// A runner with a key of its own: every link of it, before and after the edge restarts, and a statement that somebody repeats.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';

import { assertRunner } from '../../runner/runner-key.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { LINK_SUBPROTOCOLS } from '../../shared/link/version.ts';
import { startBridge, type Bridge } from './harness.ts';
import { fixture, openSession } from './raw-session.ts';

let bridge: Bridge;

beforeAll(async () => {
  bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
    hasRunnerKey: true,
  });
});
afterAll(() => bridge.stop());

const key = (): string => readFileSync(bridge.files.token, 'utf8').trim();

/** Dials the control link and says nothing on it. */
function dial(token: string): WebSocket {
  const url = `${bridge.url.replace('http', 'ws')}/runner/link`;
  const options: ClientOptions & { closeTimeout: number } = {
    headers: { authorization: `Bearer ${token}` },
    // After a close of its own workerd keeps the connection for longer than a link may wait with its hello.
    closeTimeout: 500,
  };
  return new WebSocket(url, [...LINK_SUBPROTOCOLS], options);
}

/** The status with which a dial was refused, and the words. */
async function refusalOf(token: string): Promise<[number, string]> {
  const socket = dial(token);
  socket.on('error', () => undefined);
  const [, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const piece of response) body += String(piece);
  return [response.statusCode, body];
}

test('[F-61] serves sessions, and goes on after the edge has restarted', async () => {
  const before = await openSession(bridge, 'echo');
  expect(await before.whoami()).toMatchObject({ pid: expect.any(Number) });
  await bridge.restartEdge();
  expect(await before.whoami()).toMatchObject({ pid: expect.any(Number) });
  // The link of a session may be back before the control link, without which none is opened.
  await bridge.untilReady();
  const after = await openSession(bridge, 'echo');
  expect(await after.whoami()).toMatchObject({ pid: expect.any(Number) });
});

test('[F-61] a statement that was seen on its way opens no second link', async () => {
  const statement = await assertRunner(key(), bridge.url);
  const first = dial(statement);
  await once(first, 'open');
  const second = dial(statement);
  const [code] = await once(second, 'close');
  expect(code).toBe(CLOSE.notGranted);
  expect(first.readyState).toBe(WebSocket.OPEN);
  first.terminate();
});

test('[F-61] refused: one for another edge, one of yesterday, and the key itself', async () => {
  expect(await refusalOf(await assertRunner(key(), 'https://other.example'))).toEqual([
    401,
    expect.stringContaining('is for another edge'),
  ]);
  const yesterday = Date.now() - 24 * 3_600_000;
  expect(await refusalOf(await assertRunner(key(), bridge.url, yesterday))).toEqual([
    401,
    expect.stringMatching(/This runner's clock is 864\d\d seconds behind the edge's\./u),
  ]);
  expect(await refusalOf(key())).toEqual([401, expect.not.stringContaining(key())]);
});
