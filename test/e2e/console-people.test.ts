// People at the console in a real browser, who sign in at a real identity provider that is another site than the edge.
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { hashCredential, mintOwnerKey } from '../../runner/credential.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { launchChromium, noChromium, type Chromium, type Page } from '../fixtures/chromium.ts';
import { startBridge, type Bridge } from './harness.ts';
import { EDGE_CLIENT, LocalProvider } from './identity-provider.ts';
import { fixture } from './raw-session.ts';
import { axeFaults, hasText, until } from './watched-bridge.ts';

const key = mintOwnerKey();
const echo = { command: process.execPath, args: [fixture('echo')] };

let bridge: Bridge;
let provider: LocalProvider;
let chromium: Chromium;

beforeAll(async () => {
  if (noChromium !== undefined) return;
  const port = await freePort();
  const allow = [
    { email: 'ann@corp.example', servers: ['echo', 'annexed'] },
    { email: 'bob@corp.example', servers: ['echo', 'private'] },
  ];
  bridge = await startBridge({
    servers: { echo, annexed: echo, private: echo },
    settings: { BRIDGE_CLIENT_AUTH: 'keys' },
    settingsAt: (url) => ({
      BRIDGE_URL: url,
      BRIDGE_OWNER: hashCredential(key),
      BRIDGE_IDP: JSON.stringify({ issuer: `http://localhost:${port}`, allow, ...EDGE_CLIENT }),
    }),
  });
  provider = await LocalProvider.for(bridge.url, port, 'localhost');
  await provider.start('k1');
  chromium = await launchChromium();
});
afterAll(async () => {
  if (noChromium !== undefined) return;
  await chromium.close();
  await bridge.stop();
  await provider.remove();
});
beforeEach(({ skip }) => {
  if (noChromium !== undefined) skip(noChromium);
});

interface Person {
  readonly page: Page;
  readonly complaints: string[];
}

async function signedIn(name: string): Promise<Person> {
  const context = await chromium.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(`${bridge.url}/-/`);
  expect(await axeFaults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Sign in at localhost' }).click();
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('x');
  await page.locator('button[type=submit]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForSelector('#live');
  expect(page.url()).toBe(`${bridge.url}/-/`);
  // Of our pages; the provider's have complaints of their own.
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', ({ message }) => complaints.push(message));
  return { page, complaints };
}

/** Calls a tool of a server from its page. */
async function tryTool({ page }: Person, server: string): Promise<void> {
  await page.goto(`${bridge.url}/-/try?server=${server}&tool=echo`);
  await page.getByRole('button', { name: 'Call' }).click();
  await until(page, `document.querySelector('.result') !== null`);
}

const asOwner = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };

describe('[F-730] two people at the console', () => {
  test('[F-731] sign in at their provider, use their servers, and see nothing of each other', async () => {
    const ann = await signedIn('ann');
    const bob = await signedIn('bob');
    await until(ann.page, hasText('2 servers for you'));
    await tryTool(bob, 'private');
    await tryTool(ann, 'annexed');
    await ann.page.goto(`${bridge.url}/-/calls`);
    await until(ann.page, `document.querySelectorAll('.call').length >= 2`);
    for (const path of ['', 'calls', 'servers', 'sessions', 'connect', 'access', 'try']) {
      await ann.page.goto(`${bridge.url}/-/${path}`);
      const shown = await ann.page.evaluate(
        `document.body.outerHTML.replace(/<script>.*?<.script>/gsu, '')`,
      );
      expect(shown).not.toMatch(/bob|private|"runner"/u);
      expect(shown).toContain('Signed in as ann@corp.example');
      const rows = await ann.page.evaluate(`document.documentElement.scrollWidth - innerWidth`);
      expect(rows).toBeLessThanOrEqual(0);
    }
    for (const path of ['', 'servers', 'access']) {
      await ann.page.goto(`${bridge.url}/-/${path}`);
      expect(await axeFaults(ann.page)).toEqual([]);
    }
    await ann.page.goto(`${bridge.url}/-/try?server=private`);
    expect(await ann.page.content()).not.toContain('answers its text');
    expect([...ann.complaints, ...bob.complaints]).toEqual([]);
  });

  test('end their own session, and what they let in', async () => {
    const ann = await signedIn('ann');
    await tryTool(ann, 'echo');
    await ann.page.goto(`${bridge.url}/-/sessions`);
    await until(ann.page, `document.querySelectorAll('tbody tr').length > 0`);
    const open = await ann.page.locator('tbody tr').count();
    await ann.page.locator('tbody button').first().click();
    await until(ann.page, `document.querySelectorAll('tbody tr').length < ${open}`);
    await ann.page.goto(`${bridge.url}/-/access`);
    await until(ann.page, hasText('this console'));
    expect(ann.complaints).toEqual([]);
  });

  test('are out of it at once when they are blocked, also on a page that is open', async () => {
    const bob = await signedIn('bob');
    await until(bob.page, hasText('2 servers for you'));
    const grants = await fetch(`${bridge.url}/-/api/grants`, { headers: asOwner });
    const { grants: all } = (await grants.json()) as {
      grants: { person: string; email: string }[];
    };
    const { person } = all.find(({ email }) => email === 'bob@corp.example') ?? {};
    const body = JSON.stringify({ person });
    await fetch(`${bridge.url}/-/api/blocked`, { method: 'POST', headers: asOwner, body });
    await until(bob.page, hasText('Not live.'));
    await bob.page.goto(`${bridge.url}/-/calls`);
    expect(await bob.page.locator('main').first().innerText()).toContain('Sign in at localhost');
  });
});
