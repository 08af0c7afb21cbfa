// The harness itself: what it starts works, what it kills comes back, and it tells when a process is left.
import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, onTestFinished, test } from 'vitest';

import { startBridge, type Bridge } from './harness.ts';

const echo = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));
const servers = { echo: { command: process.execPath, args: [echo] } };

async function connect(bridge: Bridge): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(bridge.mcpUrl('echo')));
  return client;
}

test('a bridge serves, survives the death of its edge and of its runner, and ends without a trace', async () => {
  const bridge = await startBridge({ servers });
  onTestFinished(() => bridge.stop());
  await (await connect(bridge)).listTools();
  expect(await bridge.processesLeft()).not.toEqual([]);

  await bridge.restartEdge();
  await bridge.untilReady();
  await (await connect(bridge)).listTools();

  expect(await bridge.killRunner('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  await bridge.startRunner();
  await (await connect(bridge)).listTools();

  expect(await bridge.killRunner('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await bridge.processesLeft()).toEqual([]);
});
