// The edge keeps nothing on disk for sessions that were refused or have ended. And sessions whose client left before it
// learned of them, or whose secret was changed.
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { keptOfSessions } from './edges.ts';
import { edgeSessions, METRICS_SETTINGS, runnerSessions } from './gauges.ts';
import { startBridge, type Bridge } from './harness.ts';
import { RawClient } from './raw-client.ts';
import { askModern } from './raw-modern.ts';
import { fixture } from './raw-session.ts';

const ROUNDS = 10;

/** A session that nobody was told of ends within seconds. */
const SOON = { timeout: 60_000, interval: 200 };

let bridge: Bridge;

beforeAll(async () => {
  bridge = await startBridge({
    servers: {
      echo: { command: process.execPath, args: [fixture('echo')] },
      slow: { command: '/bin/sleep', args: ['600'] },
    },
    settings: METRICS_SETTINGS,
  });
});

afterAll(() => bridge.stop());

const kept = (): Promise<string[]> => keptOfSessions(join(dirname(bridge.files.config), 'edge'));

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

const initialize = (server: string, init: RequestInit = {}): Promise<Response> => {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'raw', version: '1' },
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  return fetch(bridge.mcpUrl(server), { method: 'POST', headers: HEADERS, body, ...init });
};

test('[F-164] a refused opening leaves nothing on disk, whatever it asked for', async () => {
  const before = await kept();
  for (let n = 0; n < ROUNDS; n++) {
    const refused = await initialize(`nobody${n}`);
    expect(refused.status).toBe(503);
    await refused.text();
    const sse = await fetch(bridge.sseUrl(`nobody${n}`), {
      headers: { accept: 'text/event-stream' },
    });
    expect(sse.status).toBe(503);
    await sse.text();
    expect((await askModern(bridge.url, `nobody${n}`, 'tools/list')).status).toBe(503);
  }
  expect(await kept()).toEqual(before);
});

test('[F-164] an ended session leaves nothing on disk', async () => {
  const before = await kept();
  for (let n = 0; n < ROUNDS; n++) {
    const client = await RawClient.open(bridge.mcpUrl('echo'));
    expect((await client.delete()).status).toBe(204);
    expect((await client.call(1, 'echo', {})).status).toBe(404);
  }
  // workerd makes an empty file for each actor that it wakes; it is removed soon after, and at each start.
  await bridge.restartEdge();
  await bridge.untilReady();
  expect((await kept()).length).toBeLessThanOrEqual(before.length);
});

async function untilRunner(sessions: number): Promise<void> {
  expect(await runnerSessions(bridge)).toBe(sessions);
}

async function untilEdge(sessions: number): Promise<void> {
  expect(await edgeSessions(bridge)).toBe(sessions);
}

test('[F-165] [F-343] a client that leaves during `initialize` leaves no session', async () => {
  await vi.waitFor(() => untilRunner(0), SOON);
  // One leaves before there are headers, one reads them and leaves before the answer.
  for (const isAnswered of [false, true]) {
    const leaving = new AbortController();
    const opening = initialize('slow', { signal: leaving.signal });
    await (isAnswered ? opening : vi.waitFor(() => untilRunner(1), SOON));
    leaving.abort();
    await opening.catch(() => undefined);
    await vi.waitFor(() => untilRunner(0), SOON);
    await vi.waitFor(() => untilEdge(0), SOON);
  }
  expect(await runnerSessions(bridge)).toBe(0);
});

test('[F-165] nor does one that leaves while its HTTP+SSE stream is opened', async () => {
  for (let n = 0; n < 5; n++) {
    const leaving = new AbortController();
    const headers = { accept: 'text/event-stream' };
    const opening = fetch(bridge.sseUrl('slow'), { headers, signal: leaving.signal });
    setTimeout(() => leaving.abort(), n * 5);
    await opening.catch(() => undefined);
  }
  // Behind one that is served, all of them have reached the edge.
  const barrier = await RawClient.open(bridge.mcpUrl('echo'));
  expect((await barrier.delete()).status).toBe(204);
  await vi.waitFor(() => untilEdge(0), SOON);
  await vi.waitFor(() => untilRunner(0), SOON);
});
