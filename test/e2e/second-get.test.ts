// A second GET stream of a session replaces a first one that does not show that it is alive, and no other.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { freePort } from '../../runner/dev/free-port.ts';
import { startBridge, type Bridge } from './harness.ts';
import { RawClient } from './raw-client.ts';
import { fixture } from './raw-session.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** As the official clients: the first attempt after a second, the next after one and a half. */
const RETRIES_MS = [1_000, 1_500];

let bridge: Bridge;
let proxyPort: number;

beforeAll(async () => {
  proxyPort = await freePort();
  bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
    moreHosts: [`127.0.0.1:${proxyPort}`],
  });
});

afterAll(() => bridge.stop());

test('[F-169] a client behind a path that swallows bytes has its stream back within its retries', async () => {
  const proxy = await TcpProxy.open(bridge.url, proxyPort);
  const session = await RawClient.open(bridge.mcpUrl('echo'));
  const through = session.at(new URL('/echo/mcp', proxy.url));
  const lost = await through.get();
  expect(lost.status).toBe(200);
  proxy.swallow();
  let status = 0;
  for (const afterMs of RETRIES_MS) {
    await sleep(afterMs);
    const again = await session.get();
    ({ status } = again);
    await again.body?.cancel();
    if (status === 200) break;
  }
  expect(status).toBe(200);
  expect((await session.delete()).status).toBe(204);
  await proxy.close();
});

test('[F-169] an official client that has its stream keeps it, however often another asks for one', async () => {
  const client = new Client({ name: 'second-get', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(bridge.mcpUrl('echo'));
  await client.connect(transport);
  const other = new RawClient(bridge.mcpUrl('echo'), transport.sessionId ?? '');
  // Its stream is opened behind `connect`.
  await sleep(300);
  for (let attempt = 0; attempt < 4; attempt++) {
    expect((await other.get()).status).toBe(409);
    await sleep(1_000);
  }
  expect((await client.listTools()).tools.length).toBeGreaterThan(0);
  await transport.terminateSession();
  await client.close();
});
