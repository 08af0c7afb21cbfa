// The console of an edge with a runner and real processes, in a real browser, for tests of both.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { beforeAll, beforeEach, onTestFinished, vi } from 'vitest';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import {
  launchChromium,
  noChromium,
  type Chromium,
  type Context,
  type Page,
} from '../fixtures/chromium.ts';
import { startBridge, type Bridge } from './harness.ts';
import { fixture } from './raw-session.ts';

/** Whatever a page did. */
export interface OpenedConsole {
  readonly page: Page;
  /** Whatever the browser complained of, among it each breach of the policy. */
  readonly complaints: string[];
  /** Origins that it asked. */
  readonly origins: Set<string>;
  /** The bytes of the page's objects, once what is left over was collected. */
  heapBytes(): Promise<number>;
}

export class WatchedBridge {
  readonly key: string;
  readonly clientKey: string;
  readonly bridge: Bridge;
  readonly chromium: Chromium;

  private constructor(
    bridge: Bridge,
    chromium: Chromium,
    { key, clientKey }: { readonly key: string; readonly clientKey: string },
  ) {
    this.bridge = bridge;
    this.chromium = chromium;
    this.key = key;
    this.clientKey = clientKey;
  }

  /** An edge whose owner has a key, and one client, `ann`; its server is `echo`. */
  static async start(): Promise<WatchedBridge> {
    const [key, clientKey] = [mintOwnerKey(), mintClientKey()];
    const bridge = await startBridge({
      servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
      settings: {
        BRIDGE_CLIENT_AUTH: 'keys',
        BRIDGE_CLIENTS: JSON.stringify({ ann: { key: hashCredential(clientKey), servers: ['*'] } }),
      },
      settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(key) }),
    });
    return new WatchedBridge(bridge, await launchChromium(), { key, clientKey });
  }

  async stop(): Promise<void> {
    await this.chromium.close();
    await this.bridge.stop();
  }

  /** A browser of its own, signed in, at a page of the console. */
  async open(path = '', options: object = {}): Promise<OpenedConsole> {
    const context = await this.chromium.newContext(options);
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
    await page.goto(`${this.bridge.url}/-/`);
    await page.getByLabel('Owner key').fill(this.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForSelector('#live');
    if (path !== '') await page.goto(`${this.bridge.url}/-/${path}`);
    return { page, complaints, origins, heapBytes: () => heapOf(context, page) };
  }

  /** An official client with a session of `echo`. */
  async connect(name = 'e2e-client', shown = this.clientKey): Promise<Client> {
    const client = new Client({ name, version: '1' });
    const requestInit = { headers: { Authorization: `Bearer ${shown}` } };
    const transport = new StreamableHTTPClientTransport(this.bridge.mcpUrl('echo'), {
      requestInit,
    });
    await client.connect(transport);
    onTestFinished(() => client.close());
    return client;
  }
}

async function heapOf(context: Context, page: Page): Promise<number> {
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  await session.send('HeapProfiler.collectGarbage');
  const { metrics = [] } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN;
}

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** What axe finds on a page, as one line for each. */
export async function axeFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(`axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => id + ' ' + target.join(' ') + ' ' + failureSummary)))`) as Promise<
    string[]
  >;
}

/** Waits until an expression is true on a page. The page's policy forbids what Playwright itself would do. */
export async function until(page: Page, expression: string): Promise<void> {
  // A page that is being left has no answer.
  const isTrue = () => page.evaluate(`Boolean(${expression})`).catch(() => false);
  await vi.waitUntil(isTrue, { timeout: 30_000, interval: 25 }).catch(async () => {
    throw new Error(`${expression} did not become true: ${await page.locator('main').innerText()}`);
  });
}

/** Has one for all tests of a file, which are skipped with the reason where there is no browser. `use` gets it. */
export function watchedByAll(use: (watched: WatchedBridge) => void): void {
  beforeAll(async () => {
    if (noChromium !== undefined) return;
    const watched = await WatchedBridge.start();
    use(watched);
    return () => watched.stop();
  });
  beforeEach(({ skip }) => {
    if (noChromium !== undefined) skip(noChromium);
  });
}

/** Whether a page shows a text, as an expression. */
export const hasText = (text: string): string =>
  `document.querySelector('main').innerText.includes(${JSON.stringify(text)})`;
