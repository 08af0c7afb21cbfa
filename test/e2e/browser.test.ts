// A real browser at a real edge: the page on which the owner lets an app in, and MCP clients that are web pages.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { launchChromium, noChromium, type Chromium, type Page } from '../fixtures/chromium.ts';
import { startBridge, type Bridge } from './harness.ts';
import { fixture } from './raw-session.ts';

const key = mintOwnerKey();
const clientKey = mintClientKey();

/** A web site of its own origin. */
interface Site {
  readonly origin: string;
  readonly visits: readonly IncomingMessage[];
}

let bridge: Bridge;
let chromium: Chromium;
let listed: Site;
let unlisted: Site;
/** Where the app sends its people in the end, as one that is a program on their machine does. */
let elsewhere: Site;

async function serve(
  answer: (request: IncomingMessage) => { readonly location: string } | { readonly html: string },
): Promise<Site & { readonly server: Server }> {
  const visits: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/favicon.ico') return void response.writeHead(404).end();
    visits.push(request);
    const told = answer(request);
    if ('location' in told) return void response.writeHead(302, { Location: told.location }).end();
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(told.html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, visits, server };
}

beforeAll(async () => {
  if (noChromium !== undefined) return;
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../fixtures/browser-client.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  });
  const script = (outputFiles[0]?.text ?? '').replaceAll('</script', String.raw`<\/script`);
  const html = `<!doctype html><title>client</title><script type="module">${script}</script>`;
  const arrival = await serve(() => ({ html: '<!doctype html><title>arrived</title>' }));
  const sites = [
    await serve(({ url = '' }) =>
      url.startsWith('/callback') ? { location: `${arrival.origin}/done` } : { html },
    ),
    await serve(() => ({ html })),
    arrival,
  ] as const;
  [listed, unlisted, elsewhere] = sites;
  const echo = { command: process.execPath, args: [fixture('echo')] };
  bridge = await startBridge({
    servers: { echo },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ page: { key: hashCredential(clientKey), servers: ['*'] } }),
      BRIDGE_ORIGINS: listed.origin,
    },
    settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(key) }),
  });
  chromium = await launchChromium();
  return async () => {
    await chromium.close();
    await bridge.stop();
    for (const { server } of sites) {
      server.close();
      server.closeAllConnections();
    }
  };
});

beforeEach(({ skip }) => {
  if (noChromium !== undefined) skip(noChromium);
});

/** A new browser with one page, and what it complained of. */
async function newPage(): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const context = await chromium.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', ({ message }) => complaints.push(message));
  return { page, complaints };
}

describe('[F-541] the page on which the owner lets an app in', () => {
  /** Where an app that is answered at the listed site sends its people. */
  async function signInUrl(name = 'App'): Promise<string> {
    const redirect = `${listed.origin}/callback`;
    const registered = await fetch(`${bridge.url}/register`, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: [redirect], client_name: name }),
    });
    const { client_id: id } = (await registered.json()) as { client_id: string };
    const asked = new URLSearchParams({
      response_type: 'code',
      client_id: id,
      redirect_uri: redirect,
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
      state: 's1',
      resource: `${bridge.url}/echo/mcp`,
    });
    return `${bridge.url}/authorize?${asked.toString()}`;
  }

  test('shows itself whole, takes the key, and sends the browser on to where the app leads', async () => {
    const { page, complaints } = await newPage();
    const statuses: number[] = [];
    page.on('response', (response) => {
      if (response.url() === `${bridge.url}/authorize`) statuses.push(response.status());
    });
    await page.goto(await signInUrl());
    expect(complaints).toEqual([]);
    expect(await page.locator('h1').innerText()).toBe('Let App use echo?');
    // The style sheet counts under the policy.
    const [card, button] = ['.card', 'button'].map((what) => `document.querySelector('${what}')`);
    expect(await page.evaluate(`getComputedStyle(${card}).maxWidth`)).toBe('432px');
    expect(await page.evaluate(`getComputedStyle(${button}).cursor`)).toBe('pointer');
    // What password managers look for: a name, and the field of a password that is known.
    const field = page.getByLabel('Owner key');
    expect(await field.getAttribute('type')).toBe('password');
    expect(await field.getAttribute('autocomplete')).toBe('current-password');
    const name = page.locator('form input[autocomplete=username]');
    expect(await name.getAttribute('value')).toBe('owner');
    expect(await page.evaluate('document.activeElement.id')).toBe('key');
    expect(await page.evaluate('document.cookie')).toBe('');

    await field.fill(mintOwnerKey());
    await page.getByRole('button', { name: 'Allow' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('This is not the owner key.');
    const before = listed.visits.length;
    await page.getByLabel('Owner key').fill(key);
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(/\/done$/u);
    expect(statuses).toEqual([403, 303]);
    expect(page.url()).toBe(`${elsewhere.origin}/done`);
    const back = listed.visits[before];
    const { searchParams } = new URL(back?.url ?? '', listed.origin);
    expect([back?.method, back?.headers.referer]).toEqual(['GET', undefined]);
    expect([...searchParams.keys()].toSorted()).toEqual(['code', 'iss', 'state']);
    expect([back?.url, elsewhere.visits.at(-1)?.url].join(' ')).not.toContain(key);
  });

  test('keeps a cookie of its own alone', async () => {
    const context = await chromium.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(await signInUrl());
    expect(await context.cookies()).toEqual([
      expect.objectContaining({
        name: '__Host-bridge-consent',
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'Lax',
      }),
    ]);
  });

  test('runs nothing that an app calls itself, and can be denied', async () => {
    const { page, complaints } = await newPage();
    const name = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await page.goto(await signInUrl(name));
    expect(await page.locator('h1').innerText()).toContain('<img src=x');
    expect(await page.evaluate('document.title')).toBe('Sign in: echo');
    expect(complaints).toEqual([]);
    const before = listed.visits.length;
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.waitForURL(/\/done$/u);
    const { searchParams } = new URL(listed.visits[before]?.url ?? '', listed.origin);
    expect(searchParams.get('error')).toBe('access_denied');
  });

  test('is shown in no frame', async () => {
    const { page, complaints } = await newPage();
    await page.goto(`${elsewhere.origin}/framing`);
    const url = JSON.stringify(await signInUrl());
    await page.evaluate(`new Promise((done) => {
      const frame = document.createElement('iframe');
      frame.src = ${url};
      frame.onload = done;
      document.body.append(frame);
    })`);
    expect(complaints.join('\n')).toMatch(/frame-ancestors|X-Frame-Options/u);
  });
});

describe('[F-542] an MCP client that is a web page', () => {
  const clientAt = ({ origin }: Site, mode: string, more = {}): string =>
    `${origin}/?${new URLSearchParams({ url: bridge.mcpUrl('echo').href, mode, ...more }).toString()}`;

  async function outcomeOf(page: Page): Promise<string> {
    await page.waitForFunction('globalThis.outcome !== undefined');
    return String(await page.evaluate('globalThis.outcome'));
  }

  test.each(['legacy', '2026-07-28'])(
    'of a listed origin, %s: signs in and calls',
    async (mode) => {
      const { page } = await newPage();
      await page.goto(clientAt(listed, mode));
      await page.waitForURL(/\/authorize\?/u);
      await page.getByLabel('Owner key').fill(key);
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.waitForURL(/\/\?code=/u);
      expect(await outcomeOf(page)).toContain('near');
    },
  );

  test.each(['legacy', '2026-07-28'])('of a listed origin, %s: calls with a key', async (mode) => {
    const { page } = await newPage();
    await page.goto(clientAt(listed, mode, { key: clientKey }));
    expect(await outcomeOf(page)).toContain('near');
  });

  test('of another origin gets nowhere, even with a key', async () => {
    for (const more of [{}, { key: clientKey }]) {
      const { page } = await newPage();
      await page.goto(clientAt(unlisted, 'legacy', more));
      expect(await outcomeOf(page)).toMatch(/^failed: .*Failed to fetch/u);
      expect(page.url()).toContain(unlisted.origin);
    }
  });
});
