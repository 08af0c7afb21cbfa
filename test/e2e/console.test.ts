// The console in a real browser, at a real edge with a runner, real processes and an official client.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { launchChromium, noChromium, type Chromium, type Page } from '../fixtures/chromium.ts';
import { startBridge, type Bridge } from './harness.ts';
import { fixture } from './raw-session.ts';

const key = mintOwnerKey();
const clientKey = mintClientKey();
const PAGES = ['', 'calls', 'servers', 'runners', 'sessions', 'connect'];

/** What a call needs to be seen: the words of the promise. */
const SEEN_MS = 1_000;

/** A loaded machine draws later. */
const DRAWN_MS = 1_000;

let bridge: Bridge;
let chromium: Chromium;

beforeAll(async () => {
  if (noChromium !== undefined) return;
  const echo = { command: process.execPath, args: [fixture('echo')] };
  bridge = await startBridge({
    servers: { echo },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ ann: { key: hashCredential(clientKey), servers: ['*'] } }),
    },
    settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(key) }),
  });
  chromium = await launchChromium();
  return async () => {
    await chromium.close();
    await bridge.stop();
  };
});

beforeEach(({ skip }) => {
  if (noChromium !== undefined) skip(noChromium);
});

interface Opened {
  readonly page: Page;
  /** Whatever the browser complained of, among it each breach of the policy. */
  readonly complaints: string[];
  /** Origins that it asked. */
  readonly origins: Set<string>;
}

/** A browser of its own, signed in. */
async function openConsole(path = ''): Promise<Opened> {
  const context = await chromium.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith('data:')) origins.add(new URL(url).origin);
  });
  await page.goto(`${bridge.url}/-/`);
  await page.getByLabel('Owner key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForSelector('#live');
  if (path !== '') await page.goto(`${bridge.url}/-/${path}`);
  return { page, complaints, origins };
}

async function connect(name = 'e2e-client'): Promise<Client> {
  const client = new Client({ name, version: '1' });
  const requestInit = { headers: { Authorization: `Bearer ${clientKey}` } };
  const transport = new StreamableHTTPClientTransport(bridge.mcpUrl('echo'), { requestInit });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return client;
}

/** Waits until an expression is true on a page. The page's policy forbids what Playwright itself would do. */
async function until(page: Page, expression: string): Promise<void> {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    // A page that is being left has no answer.
    if (await page.evaluate(`Boolean(${expression})`).catch(() => false)) return;
    await sleep(25);
  }
  throw new Error(`${expression} did not become true: ${await page.locator('main').innerText()}`);
}

const hasText = (text: string): string =>
  `document.querySelector('main').innerText.includes(${JSON.stringify(text)})`;

describe('[F-640] the console', () => {
  test("shows a client's call within a second, with where its time went", async () => {
    const { page, complaints, origins } = await openConsole('calls');
    const client = await connect();
    await client.callTool({ name: 'echo', arguments: { text: 'near' } });
    const answeredAt = performance.now();
    await until(page, hasText('ann · e2e-client'));
    await until(page, `document.querySelector('.call .what').innerText === 'echo'`);
    expect(performance.now() - answeredAt).toBeLessThan(SEEN_MS + DRAWN_MS);
    await page.locator('.call summary').first().click();
    expect(await page.locator('.call[open]').innerText()).toMatch(
      /Edge \d+ ms, .*together \d+ ms/su,
    );
    // What is open stays open while more comes.
    await client.callTool({ name: 'echo', arguments: { text: 'again' } });
    await until(page, `document.querySelectorAll('.call').length >= 3`);
    expect(await page.locator('.call[open]').count()).toBe(1);
    expect(complaints).toEqual([]);
    expect([...origins]).toEqual([bridge.url]);
  });

  test('pauses, and goes on with what came meanwhile', async () => {
    const client = await connect();
    const { page } = await openConsole('calls?outcome=answered');
    await page.getByRole('button', { name: 'Pause' }).click();
    const before = await page.locator('.call').count();
    await client.callTool({ name: 'echo', arguments: { text: 'unseen' } });
    const other = await openConsole('calls?outcome=answered');
    await until(other.page, `document.querySelectorAll('.call').length > ${before}`);
    expect(await page.locator('.call').count()).toBe(before);
    await page.getByRole('button', { name: 'Go on' }).click();
    await until(page, `document.querySelectorAll('.call').length > ${before}`);
  });

  test('ends a session, whose client begins anew', async () => {
    await connect('ended-client');
    const { page } = await openConsole('sessions');
    const open = await page.locator('tbody tr').count();
    expect(open).toBeGreaterThan(0);
    await page.locator('tbody button').first().click();
    await until(
      page,
      `document.querySelectorAll('tbody tr').length === ${open - 1} && document.querySelector('#live')`,
    );
  });

  test('says within its grace that a runner was killed, and what waits', async () => {
    await connect();
    const { page } = await openConsole();
    const { page: sessions } = await openConsole('sessions');
    await until(page, hasText('1 runner linked'));
    await bridge.killRunner('SIGKILL');
    await until(
      page,
      `/e2e has been away for \\d+ s; its .*session/.test(document.querySelector('.sentence').innerText)`,
    );
    await until(sessions, hasText('waits for its runner'));
    const text = await fetch(`${bridge.url}/-/`, { headers: { Authorization: `Bearer ${key}` } });
    expect(await text.text()).toMatch(/^e2e has been away for \d+ s; its /u);
    await bridge.startRunner();
    await until(page, hasText('1 runner linked'));
  });
});

describe('[F-642] names of others in a browser', () => {
  test('run nothing, break no policy and ask no other origin', async () => {
    const { page, complaints, origins } = await openConsole('calls');
    const name =
      '<img src="https://evil.example/x" onerror="document.title=1"><script>document.title=2</script>';
    const client = await connect(name);
    await client.callTool({ name: `${name}"'>`, arguments: {} }).catch(() => undefined);
    await until(page, hasText('<img src='));
    for (const path of PAGES) {
      await page.goto(`${bridge.url}/-/${path}`);
      await page.waitForSelector('main h1');
      expect(await page.evaluate('document.title')).toContain('mcp-edge-bridge');
    }
    expect(complaints).toEqual([]);
    expect([...origins]).toEqual([bridge.url]);
  });
});

describe('[F-643] whoever reads it', () => {
  const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

  /** What axe finds, as one line for each. */
  async function faultsOf(page: Page): Promise<string[]> {
    await page.evaluate(axe);
    return page.evaluate(`axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + ' ' + target.join(' ') + ' ' + failureSummary)))`) as Promise<
      string[]
    >;
  }

  test.each(['light', 'dark'] as const)(
    'finds every page accessible in the %s theme, on a wide screen and on a narrow one',
    async (colorScheme) => {
      const client = await connect();
      await client.callTool({ name: 'echo', arguments: { text: 'seen' } });
      const { page } = await openConsole();
      await page.emulateMedia({ colorScheme });
      const faults: unknown[] = [];
      for (const width of [1280, 390])
        for (const path of PAGES) {
          await page.setViewportSize({ width, height: 800 });
          await page.goto(`${bridge.url}/-/${path}`);
          await page.waitForSelector('main h1');
          const found = await faultsOf(page);
          faults.push(...found.map((fault) => `/-/${path} at ${width}: ${fault}`));
          expect(
            await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
            `${path} at ${width}`,
          ).toBeLessThanOrEqual(0);
        }
      expect(faults).toEqual([]);
    },
  );

  test('reaches everything by keyboard, first of all the content', async () => {
    const { page } = await openConsole();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.innerText')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('location.hash')).toBe('#main');
  });

  test('needs no script', async () => {
    const context = await chromium.newContext({ javaScriptEnabled: false });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(`${bridge.url}/-/`);
    await page.getByLabel('Owner key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.locator('h1').innerText()).toContain('1 runner linked');
    await page.goto(`${bridge.url}/-/calls?server=echo`);
    expect(await page.locator('.call').count()).toBeGreaterThan(0);
  });
});
