// Tools that a pin holds back, as the owner of the edge sees it in the console, who is on no runner's machine.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, onTestFinished, test, vi } from 'vitest';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { temporaryFolder } from './journal.ts';
import { bridgeCommand, rugPull, TOLD } from './pinned-server.ts';

const [ownerKey, clientKey] = [mintOwnerKey(), mintClientKey()];
const asOwner = { headers: { Authorization: `Bearer ${ownerKey}` } };

async function pinnedBridge(): Promise<Bridge> {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const text = join(folder, 'text');
  writeFileSync(text, TOLD.read);
  const bridge = await startBridge({
    servers: { told: rugPull(text, true), warned: rugPull(text, 'warn') },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ ann: { key: hashCredential(clientKey), servers: ['*'] } }),
    },
    settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(ownerKey) }),
  });
  onTestFinished(() => bridge.stop());
  return bridge;
}

/** A client makes the server get a tool that nobody has let in, and calls it. */
async function grow(bridge: Bridge, server: string): Promise<void> {
  const client = new Client({ name: 'e2e', version: '1' });
  const requestInit = { headers: { Authorization: `Bearer ${clientKey}` } };
  await client.connect(new StreamableHTTPClientTransport(bridge.mcpUrl(server), { requestInit }));
  await client.callTool({ name: 'grow', arguments: {} });
  await client.callTool({ name: 'extra', arguments: {} }).catch(() => undefined);
  await client.close();
}

test('[LP33] [F-735] the console names them, also after the runner or the edge was away, until they are accepted', async () => {
  const bridge = await pinnedBridge();
  const overview = async (): Promise<string> => (await fetch(`${bridge.url}/-/`, asOwner)).text();
  const untilTold = (...sentences: string[]) =>
    vi.waitFor(async () => {
      const text = await overview();
      for (const sentence of sentences) expect(text).toContain(sentence);
      expect(text).not.toContain('Sends everything away');
    }, PATIENCE);
  const HELD = 'told: 1 tool is held back: it is not as it was pinned (extra).';
  const FIX =
    'Look at mcp-bridge pins diff told on the machine of its runner, then mcp-bridge pins accept told.';

  await grow(bridge, 'told');
  await untilTold(HELD, FIX);
  await bridge.killRunner('SIGKILL');
  await bridge.startRunner();
  await untilTold(HELD);
  await bridge.restartEdge();
  await bridge.untilReady();
  await untilTold(HELD);

  await grow(bridge, 'warned');
  await untilTold(HELD, 'warned: 1 tool is not as pinned, and is served all the same (extra).');

  // Nobody calls: that it is let in is noticed all the same.
  await bridgeCommand(bridge, ['pins', 'accept', 'told', '--all-current']);
  await vi.waitFor(async () => expect(await overview()).not.toContain('told:'), PATIENCE);
  await untilTold('warned: 1 tool');
});
