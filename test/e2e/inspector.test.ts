// The inspector's command line against a real edge: with a key, by each transport and era, and as an app that signs a person in.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { Browser } from '../fixtures/browser.ts';
import { startBridge, type Bridge } from './harness.ts';
import { temporaryFolder } from './journal.ts';
import { fixture } from './raw-session.ts';

const program = fileURLToPath(
  new URL(
    '../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
    import.meta.url,
  ),
);

const ownerKey = mintOwnerKey();
const key = mintClientKey();
let bridge: Bridge;

beforeAll(async () => {
  const clients = { ann: { key: hashCredential(key), servers: ['*'] } };
  bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
    settings: { BRIDGE_CLIENT_AUTH: 'keys', BRIDGE_CLIENTS: JSON.stringify(clients) },
    settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(ownerKey) }),
  });
});
afterAll(() => bridge.stop());

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs it once, in a home of its own; `signIn` is given the URL that it prints for a person. */
async function inspect(
  args: readonly string[],
  home: string,
  signIn?: (url: string) => Promise<void>,
): Promise<Ended> {
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    // It asks nobody to sign in where it has no terminal, and its keychain is a file.
    MCP_AUTO_OPEN_ENABLED: 'true',
    MCP_INSPECTOR_SECRET_STORE: 'file',
    MCP_INSPECTOR_SECRET_KEY: 'a key for the file of secrets',
  };
  const child = spawnBound(process.execPath, [program, '--cli', ...args, '--format', 'json'], {
    cwd: home,
    env,
  });
  child.control.resume();
  const exited = once(child.process, 'exit');
  const said: string[] = [];
  const asked = Promise.withResolvers<string>();
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    const [url] = /http:\/\/\S+\/authorize\?\S+/u.exec(line) ?? [];
    if (url !== undefined) asked.resolve(url);
  });
  const output = text(child.stdout);
  if (signIn) await Promise.race([asked.promise.then(signIn), exited]);
  const [code] = (await exited) as [number | null];
  return { code, output: `${await output}\n${said.join('\n')}` };
}

function home(): string {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  return folder;
}

const CALL = ['--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'text=near'];

test.for([
  ['mcp', 'legacy'],
  ['mcp', 'modern'],
  ['sse', 'legacy'],
] as const)('[F-581] it calls with a key, at /%s, as a %s client', async ([path, era]) => {
  const url = `${bridge.url}/echo/${path}`;
  const header = ['--header', `Authorization: Bearer ${key}`];
  const args = [url, '--protocol-era', era, ...header, ...CALL];
  expect(await inspect(args, home())).toEqual({
    code: 0,
    output: expect.stringContaining('near') as string,
  });
});

test('[F-581] with a wrong key it is told so, and opens nothing', async () => {
  const header = ['--header', `Authorization: Bearer ${mintClientKey()}`];
  const args = [`${bridge.url}/echo/mcp`, '--stored-auth-only', ...header, ...CALL];
  const { code, output } = await inspect(args, home());
  expect([code === 0, output.includes('near')]).toEqual([false, false]);
});

test('[F-581] it signs in by its own callback, and calls again with what it keeps', async () => {
  const folder = home();
  const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`;
  const url = `${bridge.url}/echo/mcp`;
  const first = await inspect([url, '--callback-url', callback, ...CALL], folder, async (page) => {
    const back = await new Browser().allow(page, ownerKey);
    await (await fetch(back)).text();
  });
  expect(first).toEqual({ code: 0, output: expect.stringContaining('near') as string });
  const again = await inspect([url, '--stored-auth-only', ...CALL], folder);
  expect(again).toEqual({ code: 0, output: expect.stringContaining('near') as string });
});
