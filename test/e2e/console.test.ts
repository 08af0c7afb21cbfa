// The console in a real browser, at a real edge with a runner, real processes and an official client.
import { readFileSync, writeFileSync } from 'node:fs';

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { FIRST_CALL, FIRST_CALL_HEADERS } from '../../runner/dev/first-call.ts';

import { hasText, until, watchedByAll, type WatchedBridge } from './watched-bridge.ts';

let watched: WatchedBridge;
watchedByAll((started) => {
  watched = started;
});

describe('[F-640] the console', () => {
  test("shows a client's call as it is made, with where its time went", async () => {
    const { page, complaints, origins } = await watched.open('calls');
    const client = await watched.connect();
    await client.callTool({ name: 'echo', arguments: { text: 'near' } });
    await until(page, hasText('ann · e2e-client'));
    await until(page, `document.querySelector('.call .what').innerText === 'echo'`);
    await page.locator('.call summary').first().click();
    expect(await page.locator('.call[open]').innerText()).toMatch(
      /Edge \d+ ms, link \d+ ms, process \d+ ms, together \d+ ms/u,
    );
    // What is open stays open while more comes.
    await client.callTool({ name: 'echo', arguments: { text: 'again' } });
    await until(page, `document.querySelectorAll('.call').length >= 3`);
    expect(await page.locator('.call[open]').count()).toBe(1);
    expect(complaints).toEqual([]);
    expect([...origins]).toEqual([watched.bridge.url]);
  });

  test('[F-649] shows how the calls of a server went of late, in a terminal too', async () => {
    const client = await watched.connect();
    await client.callTool({ name: 'echo', arguments: { text: 'counted' } });
    const { page } = await watched.open('servers');
    const cell = (title: string) => `document.querySelector('td[data-title="${title}"]').innerText`;
    await until(page, `/[1-9]/u.test(${cell('Calls per minute')})`);
    await until(page, `/^about \\d/u.test(${cell('p95')}) && ${cell('Errors')} === '0'`);
    const text = await fetch(`${watched.bridge.url}/-/servers`, {
      headers: { Authorization: `Bearer ${watched.key}` },
    });
    expect(await text.text()).toMatch(/ {2}about [\d.]+ m?s {2}about [\d.]+ m?s {2}0 {2}/u);
  });

  test('pauses, and goes on with what came meanwhile', async () => {
    const client = await watched.connect();
    const { page } = await watched.open('calls?outcome=answered');
    await page.getByRole('button', { name: 'Pause' }).click();
    const before = await page.locator('.call').count();
    await client.callTool({ name: 'echo', arguments: { text: 'unseen' } });
    const other = await watched.open('calls?outcome=answered');
    await until(other.page, `document.querySelectorAll('.call').length > ${before}`);
    expect(await page.locator('.call').count()).toBe(before);
    await page.getByRole('button', { name: 'Go on' }).click();
    await until(page, `document.querySelectorAll('.call').length > ${before}`);
  });

  test('[F-650] lets somebody type what calls to show while more of them come', async () => {
    const client = await watched.connect();
    const { page } = await watched.open('calls');
    const drawnAnew = async (): Promise<void> => {
      const before = await page.locator('.call').count();
      await client.callTool({ name: 'echo', arguments: { text: 'meanwhile' } });
      await until(page, `document.querySelectorAll('.call').length > ${before}`);
    };
    await page.getByLabel('Server').pressSequentially('ec');
    await drawnAnew();
    await page.getByLabel('Server').pressSequentially('ho');
    await page.getByLabel('Outcome').fill('answered');
    await drawnAnew();
    expect(await page.getByLabel('Server').inputValue()).toBe('echo');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.waitForURL(/\/calls\?server=echo&person=&outcome=answered$/u);
    await until(page, `document.querySelectorAll('.call').length > 0`);
    await drawnAnew();
    expect(await page.getByLabel('Outcome').inputValue()).toBe('answered');
  });

  test('[F-654] asks nothing while its tab is hidden, and goes on where it was', async () => {
    const client = await watched.connect();
    const { page } = await watched.open('calls');
    await until(page, `document.querySelectorAll('.call').length > 0`);
    const streams: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/-/events')) streams.push(request.url());
    });
    const show = (isHidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    const shown = await page.locator('.call').count();
    await show(true);
    await client.callTool({ name: 'echo', arguments: { text: 'unwatched' } });
    const other = await watched.open('calls');
    await until(other.page, `document.querySelectorAll('.call').length > ${shown}`);
    expect(await page.locator('.call').count()).toBe(shown);
    expect(streams).toEqual([]);
    await show(false);
    await until(page, `document.querySelectorAll('.call').length === ${shown + 1}`);
    expect(streams).toEqual([expect.stringMatching(/after=\d+$/u)]);
  });

  test('ends a session, whose client begins anew', async () => {
    await watched.connect('ended-client');
    const { page } = await watched.open('sessions');
    const open = await page.locator('tbody tr').count();
    expect(open).toBeGreaterThan(0);
    await page.locator('tbody button').first().click();
    await until(
      page,
      `document.querySelectorAll('tbody tr').length === ${open - 1} && document.querySelector('#live')`,
    );
  });

  test('says within its grace that a runner was killed, and what waits', async () => {
    await watched.connect();
    const { page } = await watched.open();
    const { page: sessions } = await watched.open('sessions');
    await until(page, hasText('1 runner linked'));
    await watched.bridge.killRunner('SIGKILL');
    await until(
      page,
      `/e2e has been away for \\d+ s; its .*session/.test(document.querySelector('.sentence').innerText)`,
    );
    await until(sessions, hasText('waits for its runner'));
    const text = await fetch(`${watched.bridge.url}/-/`, {
      headers: { Authorization: `Bearer ${watched.key}` },
    });
    expect(await text.text()).toMatch(/^e2e has been away for \d+ s; its /u);
    await watched.bridge.startRunner();
    await until(page, hasText('1 runner linked'));
  });
});

describe('[F-733] a server that fails', () => {
  test('is named with the last that it wrote, without its secrets, and stands on the page of its runner', async () => {
    const { config } = watched.bridge.files;
    const written = JSON.parse(readFileSync(config, 'utf8')) as { mcpServers: object };
    const script =
      'console.error("<b>no</b> access with " + process.env.API_TOKEN); process.exitCode = 3';
    const broken = {
      command: process.execPath,
      args: ['-e', script],
      env: { API_TOKEN: 'hidden-4711-of-the-config' },
    };
    writeFileSync(
      config,
      JSON.stringify({ ...written, mcpServers: { ...written.mcpServers, broken } }),
    );
    onTestFinished(() => writeFileSync(config, JSON.stringify(written)));
    await vi.waitUntil(
      async () => {
        const answer = await fetch(watched.bridge.mcpUrl('broken'), {
          method: 'POST',
          headers: { ...FIRST_CALL_HEADERS, Authorization: `Bearer ${watched.clientKey}` },
          body: JSON.stringify(FIRST_CALL),
        });
        return /process_(?:exited|start_failed)/u.test(await answer.text());
      },
      { timeout: 30_000, interval: 200 },
    );
    const { page, complaints } = await watched.open();
    await until(
      page,
      hasText('its process exited with code 3: “<b>no</b> access with [redacted]”'),
    );
    await page.goto(`${watched.bridge.url}/-/runners`);
    await until(page, hasText('What failed on e2e'));
    await until(page, hasText('<b>no</b> access with [redacted]'));
    expect(await page.content()).not.toContain('hidden-4711');
    expect(complaints).toEqual([]);
  });
});

describe('[F-645] a sign-in that stops half-way', () => {
  test('is shown with the step that never came', async () => {
    const name = 'Half <script>document.title=3</script> way';
    await fetch(`${watched.bridge.url}/.well-known/oauth-protected-resource/echo/mcp`);
    const registered = await fetch(`${watched.bridge.url}/register`, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: ['https://app.example/back'], client_name: name }),
    });
    const { client_id: id } = (await registered.json()) as { client_id: string };
    const { page } = await watched.open('sign-ins');
    await until(page, hasText('No browser came to the page that asks the person.'));
    const asked = new URLSearchParams({
      response_type: 'code',
      client_id: id,
      redirect_uri: 'https://app.example/back',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
      resource: `${watched.bridge.url}/echo/mcp`,
    });
    await fetch(`${watched.bridge.url}/authorize?${asked.toString()}`);
    await until(page, hasText('The person has not allowed it'));
    expect(await page.evaluate('document.title')).toContain('mcp-edge-bridge');
  });
});

describe('[F-643] whoever has no mouse, or no scripts', () => {
  test('reaches everything by keyboard, first of all the content', async () => {
    const { page } = await watched.open();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.innerText')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('location.hash')).toBe('#main');
  });

  test('needs no script', async () => {
    const context = await watched.chromium.newContext({ javaScriptEnabled: false });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(`${watched.bridge.url}/-/`);
    await page.getByLabel('Owner key').fill(watched.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.locator('h1').innerText()).toContain('1 runner linked');
    await page.goto(`${watched.bridge.url}/-/calls?server=echo`);
    expect(await page.locator('.call').count()).toBeGreaterThan(0);
  });
});
