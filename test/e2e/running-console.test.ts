// What runs on a runner's machine, as the owner of the edge sees it in the console, in a real browser and in a terminal.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, onTestFinished, test, vi } from 'vitest';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { launchChromium, noChromium } from '../fixtures/chromium.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { fixture } from './raw-session.ts';
import { hasText, until } from './watched-bridge.ts';

const [key, clientKey] = [mintOwnerKey(), mintClientKey()];
const asOwner = { headers: { Authorization: `Bearer ${key}` } };

const HIDDEN = 'hidden-4711-of-the-config';

async function bridgeOf(bridge: object = {}): Promise<Bridge> {
  const echo = { command: process.execPath, args: [fixture('echo')] };
  const script = `console.error('no access with ' + process.env.API_TOKEN); process.exitCode = 3`;
  const started = await startBridge({
    servers: {
      echo: { ...echo, env: { API_TOKEN: HIDDEN }, bridge: { warm: 1 } },
      broken: {
        command: process.execPath,
        args: ['-e', script],
        env: { API_TOKEN: HIDDEN },
        bridge: { served: false },
      },
    },
    bridge: { virtual: { work: { members: { echo: {}, broken: {} } } }, ...bridge },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ ann: { key: hashCredential(clientKey), servers: ['*'] } }),
    },
    settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(key) }),
  });
  onTestFinished(() => started.stop());
  return started;
}

async function connect(bridge: Bridge, server: string): Promise<Client> {
  const client = new Client({ name: 'e2e', version: '1' });
  const requestInit = { headers: { Authorization: `Bearer ${clientKey}` } };
  await client.connect(new StreamableHTTPClientTransport(bridge.mcpUrl(server), { requestInit }));
  onTestFinished(() => client.close());
  return client;
}

test('[LP34] [F-930] processes are shown with what they are for, as they come and go, and nothing of how they were started', async ({
  skip,
}) => {
  if (noChromium !== undefined) skip(noChromium);
  const bridge = await bridgeOf();
  const page = async (path: string): Promise<string> =>
    (await fetch(`${bridge.url}/-/${path}`, asOwner)).text();
  // At the first look of all, in a terminal.
  await vi.waitFor(
    async () => expect(await page('runners')).toMatch(/1 process: 1 warm\./u),
    PATIENCE,
  );
  const client = await connect(bridge, 'echo');
  await client.callTool({ name: 'echo', arguments: { text: 'said-by-a-client' } });

  const chromium = await launchChromium();
  onTestFinished(() => chromium.close());
  const browser = await (await chromium.newContext()).newPage();
  await browser.goto(`${bridge.url}/-/`);
  await browser.getByLabel('Owner key').fill(key);
  await browser.getByRole('button', { name: 'Sign in' }).click();
  await browser.waitForSelector('#live');
  await browser.goto(`${bridge.url}/-/runners`);
  await until(browser, hasText('2 processes: 1 running, 1 warm.'));
  const row = `[...document.querySelectorAll('[aria-label="Processes on e2e"] tbody tr')].map((row) => row.innerText.replace(/\\s+/gu, ' '))`;
  const rows = (await browser.evaluate(row)) as string[];
  expect(rows).toEqual([
    expect.stringMatching(/^echo \d+ running [0-9a-f]{12} \d+ s ago$/u),
    expect.stringMatching(/^echo \d+ warm waits for one \d+ s ago$/u),
  ]);
  const pid = Number(/\d+/u.exec(rows[0] ?? '')?.[0]);
  expect(() => process.kill(pid, 0)).not.toThrow();
  const told = /[0-9a-f]{12}/u.exec(rows[0] ?? '')?.[0] ?? '';
  expect(await page('sessions')).toContain(told);

  // A page that is open follows them.
  await client.close();
  process.kill(pid, 'SIGKILL');
  await until(browser, hasText('1 process: 1 warm.'));
  const html = await browser.content();
  for (const secret of [HIDDEN, fixture('echo'), process.execPath, 'said-by-a-client'])
    expect(html).not.toContain(secret);
});

test('[LP32] [F-931] a server that is only a member is named under its virtual server, whose members are shown', async () => {
  const bridge = await bridgeOf();
  const page = async (path: string): Promise<string> =>
    (await fetch(`${bridge.url}/-/${path}`, asOwner)).text();
  const client = await connect(bridge, 'work');
  await client.listTools();
  await vi.waitFor(async () => {
    expect(await page('')).toContain('member broken of work failed on e2e');
    expect(await page('runners')).toMatch(/member broken of work exited with code 3/u);
  }, PATIENCE);
  const servers = await page('servers');
  expect(servers).toContain('work of echo, broken');
  expect(servers).not.toMatch(/^\s*broken/mu);
  expect(await page('runners')).not.toContain(HIDDEN);
});
